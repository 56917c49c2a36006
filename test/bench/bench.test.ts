import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { measureRow } from './measure.ts'
import { resultsPage } from './report.ts'
import { rows } from './rows.ts'

const plan = { rounds: 1, sliceMs: 200, warmUpMs: 200, warmUpRequests: 20 }

/** One of each kind; the others differ in numbers only. */
const tried = rows.filter((row, index) => index === 0 || row.model === 'bench-claude')

// A row throws by itself where an answer is wrong, or where ledger and log disagree with what was sent.
it.each(tried.map((row) => [row.name, row] as const))(
  '%s: every server answers it, and the gateway bills and logs every request',
  async (_, row) => {
    const measured = await measureRow({ ...row, concurrency: 4 }, plan)
    expect(measured.servers.map(({ server }) => server)).toEqual(row.servers)
    for (const one of measured.servers) {
      expect(one.requests, one.server).toBeGreaterThan(0)
      expect(one.cpu, one.server).toBeGreaterThan(0)
    }
    expect(measured.billed.requests).toBeGreaterThan(0)
    const page = resultsPage([measured], plan, 0)
    for (const line of page.split('\n').filter((line) => line.startsWith('| ')))
      expect(line.split('|')).toHaveLength(11)
    expect(page).toContain(row.name)
  },
  60_000,
)

it.each(['h3-undici', 'node-http'])('the bare relay %s is at most 40 lines', async (name) => {
  const text = await readFile(new URL(`servers/${name}.ts`, import.meta.url), 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
})
