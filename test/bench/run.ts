import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measureRow, type RowResult } from './measure.ts'
import { installOthers, type Others } from './others.ts'
import { fullPlan, type Plan, quickPlan } from './plan.ts'
import { machineShape, resultsPage, tablesOf } from './report.ts'
import { rows } from './rows.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    /** Only rows whose name holds this text; nothing is written then. */
    row: { type: 'string' },
    /** Folder for CPU profiles of the gateway. */
    profile: { type: 'string' },
    /** `--no-others`: without the gateways of other projects. */
    others: { type: 'boolean', default: true },
    write: { type: 'boolean', default: true },
  },
})

const base = values.quick ? quickPlan : fullPlan
const plan: Plan = { ...base, ...(values.profile === undefined ? {} : { profiles: values.profile }) }
if (plan.profiles !== undefined) await mkdir(plan.profiles, { recursive: true })
const chosen = rows.filter(({ name }) => name.includes(values.row ?? ''))
if (chosen.length === 0) throw new Error(`No row has "${values.row}" in its name.`)

console.log(machineShape())
const others: Others = values.others ? await installOthers() : { missing: 'not asked for' }
if ('missing' in others) console.log(`Other gateways are left out: ${others.missing}`)

const loadBefore = loadavg()[0]!
const results: RowResult[] = []
const seconds = (): number => performance.now() / 1000
const start = seconds()
for (const row of chosen) {
  const from = seconds()
  results.push(await measureRow(row, plan, others))
  console.log(`${row.name}: ${(seconds() - from).toFixed(1)} s`)
}
const took = seconds() - start
console.log(`\n${tablesOf(results)}\n\n${took.toFixed(0)} s`)
if (values.write && values.row === undefined) {
  const page = resultsPage({ results, plan, others, loadBefore, seconds: took })
  await writeFile(new URL('results.md', import.meta.url), page)
}
