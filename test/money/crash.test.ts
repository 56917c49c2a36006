import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import sqlite from '@gantry/store-sqlite'
import { afterAll, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'

const config: string = new URL('../mission/gateway.config.ts', import.meta.url).pathname
const folders: string[] = []
const running = new Set<ChildGateway>()
afterAll(async () => {
  for (const gateway of running) await gateway.kill()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function start(folder?: string): Promise<ChildGateway> {
  const gateway = await startGateway(config, {}, folder)
  running.add(gateway)
  return gateway
}

/** What the database says while nothing writes to it. */
async function look(
  directory: string,
): Promise<{ held: bigint; broken: readonly unknown[]; posted: bigint }> {
  const store = sqlite(join(directory, 'gateway.db'), { readonly: true })
  const ledger = store.provides.ledger[0]!
  try {
    const wallets = await ledger.balance('customer')
    return {
      broken: await ledger.audit(),
      held: wallets.reduce((sum, wallet) => sum + wallet.held, 0n),
      posted: wallets.reduce((sum, wallet) => sum + wallet.posted, 0n),
    }
  } finally {
    await store.close?.()
  }
}

it('kill -9 under load: after a restart nothing is held, nothing is charged twice, and the next request works', async () => {
  let gateway = await start()
  folders.push(gateway.directory)
  const key = await gateway.key('standard')
  const ask = (url: string): Promise<string> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'sim-chat',
        stream: true,
        messages: [{ role: 'user', content: 'count 400' }],
      }),
    })
      .then((response) => response.text())
      .catch(() => 'cut')
  for (const delay of [40, 120, 260]) {
    const { url } = gateway
    let stop = false
    const load = Array.from({ length: 16 }, async () => {
      while (!stop) await ask(url)
    })
    await new Promise((resolve) => setTimeout(resolve, delay))
    stop = true
    await gateway.kill()
    running.delete(gateway)
    await Promise.all(load)
    gateway = await start(gateway.directory)
    expect(await ask(gateway.url)).toContain('[DONE]')
    await expect.poll(async () => (await look(gateway.directory)).held, { timeout: 10_000 }).toBe(0n)
    const { broken, posted } = await look(gateway.directory)
    expect(broken).toEqual([])
    expect(posted).toBeGreaterThan(0n)
    expect(posted).toBeLessThan(100_000_000_000n)
  }
}, 120_000)
