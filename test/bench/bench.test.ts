import { readFile } from 'node:fs/promises'
import { beforeAll, expect, it } from 'vitest'
import { measureRow } from './measure.ts'
import { findOthers, installOthers, type Others } from './others.ts'
import type { Plan } from './plan.ts'
import { resultsPage } from './report.ts'
import { type Row, rows } from './rows.ts'
import { servers } from './servers.ts'

const plan: Plan = {
  name: 'test',
  rounds: 1,
  sliceMs: 200,
  warmUpMs: 200,
  warmUpRequests: 20,
  pieces: 20,
  streamRounds: 1,
  openMs: 400,
  openRounds: 1,
  idleRounds: 1,
}

/** One of each kind and each conversion; the others differ in numbers only. */
const tried: readonly Row[] = [
  { ...named('closed', 'small request, relayed'), concurrency: 4 },
  { ...named('closed', 'paced stream, per event, converted from messages'), concurrency: 4 },
  { ...named('closed', 'small request of a messages client, converted to chat'), concurrency: 4 },
  {
    ...named('closed', 'small request, relayed, in a large configuration'),
    concurrency: 4,
    servers: ['gateway', 'gateway-plugins'],
  },
  { ...named('open', 'open load, 250 requests/s'), rate: 100 },
  { ...named('idle', '2,000 idle streams'), streams: 20 },
]

// Tests install nothing by themselves; `pnpm bench` does, and who requires the other gateways here does, too.
const required = (process.env['GANTRY_TEST_REQUIRE'] ?? '').split(/[,\s]+/).includes('bench-others')
let others: Others
beforeAll(async () => {
  others = required ? await installOthers() : await findOthers()
  if (!('missing' in others)) return
  if (required) throw new Error(`the other gateways are required and ${others.missing}`)
  console.info(`left out: Portkey and llms (${others.missing}; pnpm bench installs them)`)
}, 180_000)

// A row throws by itself where an answer is wrong, where it took the wrong wire, or where ledger and log disagree.
it.each(tried.map((row) => [row.name, row] as const))(
  '%s: every server serves it or is left out with a reason, and gateways bill and log every request',
  async (_, row) => {
    const result = await measureRow(row, plan, others)
    const out = new Map(result.leftOut.map(({ server, why }) => [server, why]))
    expect([...result.servers.map(({ server }) => server), ...out.keys()].toSorted()).toEqual(
      row.servers.toSorted(),
    )
    for (const [server, why] of out) {
      expect(servers[server].package, server).toBeDefined()
      expect(others).toEqual({ missing: why })
    }
    for (const one of result.servers) {
      if ('requests' in one) expect(one.requests, one.server).toBeGreaterThan(0)
      if ('cpu' in one) expect(one.cpu, one.server).toBeGreaterThan(0)
    }
    expect(result.billed > 0).toBe(result.servers.some(({ server }) => servers[server].size !== undefined))
    const page = resultsPage({ results: [result], plan, others, loadBefore: 0, seconds: 1 })
    const lines = page.split('\n').filter((line) => line.startsWith(`| ${row.name} `))
    expect(lines.map((line) => line.split('|')[2]?.trim())).toEqual(
      result.servers.map(({ server }) => servers[server].title),
    )
    for (const [server] of out) expect(page).toContain(`- ${row.name}: ${servers[server].title}, `)
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  },
  60_000,
)

it.each(['h3-undici', 'node-http'])('the bare relay %s is at most 40 lines', async (name) => {
  const text = await readFile(new URL(`servers/${name}.ts`, import.meta.url), 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
})

function named<K extends Row['kind']>(kind: K, name: string): Extract<Row, { readonly kind: K }> {
  const found = rows.find(
    (row): row is Extract<Row, { readonly kind: K }> => row.kind === kind && row.name === name,
  )
  if (found === undefined) throw new Error(`there is no row "${name}"`)
  return found
}
