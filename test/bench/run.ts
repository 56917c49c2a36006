import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measureRow, type MeasuredRow, type Plan } from './measure.ts'
import { machineShape, resultsPage, tableOf } from './report.ts'
import { rows } from './rows.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    /** Only rows whose name holds this text; nothing is written then. */
    row: { type: 'string' },
    /** Folder for CPU profiles of the gateway. */
    profile: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
})

const times = values.quick
  ? { rounds: 4, sliceMs: 800, warmUpMs: 3000, warmUpRequests: 10_000 }
  : { rounds: 9, sliceMs: 3000, warmUpMs: 20_000, warmUpRequests: 50_000 }
const plan: Plan = { ...times, ...(values.profile === undefined ? {} : { profiles: values.profile }) }
if (plan.profiles !== undefined) await mkdir(plan.profiles, { recursive: true })
const chosen = rows.filter(({ name }) => name.includes(values.row ?? ''))
if (chosen.length === 0) throw new Error(`No row has "${values.row}" in its name.`)

const loadBefore = loadavg()[0]!
console.log(machineShape())
const measured: MeasuredRow[] = []
for (const row of chosen) {
  measured.push(await measureRow(row, plan))
  console.log(`${row.name}: done`)
}
console.log(`\n${tableOf(measured)}`)
if (values.write && values.row === undefined) {
  await writeFile(new URL('results.md', import.meta.url), resultsPage(measured, plan, loadBefore))
}
