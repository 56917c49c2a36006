import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { anthropic } from '@gantry/provider-anthropic'
import { openaiCompatible } from '@gantry/provider-openai-compatible'
import sqlite from '@gantry/store-sqlite'
import { keyringOf } from '@gantry/auth-keys'
import { createGateway, defineGateway, serve } from 'gantry'
import { standard } from 'gantry/presets'
import { bystanders } from '../bystanders.ts'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'
import type { Listening, ServerArgument } from '../servers.ts'

/** What its books say, to be compared with what was sent. */
export interface Books {
  readonly charged: string
  readonly held: string
  readonly broken: number
  readonly lines: number
}

const { upstream, directory, wires, size = { plugins: 0, models: 1, keys: 1 } } = argumentOf<ServerArgument>()
const log = join(directory, 'gateway.log')
const price = { input: '1', output: '1' }
const names = Array.from({ length: size.models }, (_, index) => (index === 0 ? 'bench' : `bench-${index}`))
const target = wires.upstream === 'chat' ? 'chat/bench' : 'claude/bench'
const gateway = await createGateway(
  defineGateway({
    plugins: [...standard({ log: { destination: log } }), ...bystanders(size.plugins)],
    store: sqlite(join(directory, 'gateway.db')),
    providers: {
      chat: openaiCompatible({ baseUrl: `${upstream}/v1`, apiKey: 'upstream-key-of-the-bench' }),
      claude: anthropic({ baseUrl: `${upstream}/v1`, apiKey: 'upstream-key-of-the-bench' }),
    },
    models: Object.fromEntries(names.map((name) => [name, { to: target, price, maxOutputTokens: 4096 }])),
    groups: { standard: { models: ['*'], ratio: '0.8' } },
    defaultGroup: 'standard',
  }),
)
const ledger = gateway.host.use('ledger')
const credit = 1_000_000_000_000_000n
await ledger.createAccount({ id: 'bench', wallets: [{ asset: 'usd', overdraft: 0n }] })
await ledger.transfer({
  account: 'bench',
  asset: 'usd',
  amount: credit,
  counterAccount: 'manual:usd',
  reference: 'bench',
})
const keys = await issueKeys(size.keys)
const server = await serve(gateway, { port: 0 })

/** Many at a time: the store commits together what comes together. */
async function issueKeys(count: number): Promise<readonly string[]> {
  const keyring = gateway.plugins.map(keyringOf).find(Boolean)
  if (keyring === undefined) throw new Error('the preset has no keyring')
  const secrets: string[] = []
  while (secrets.length < count) {
    const batch = Array.from({ length: Math.min(5000, count - secrets.length) }, () =>
      keyring.issue({ account: 'bench', group: 'standard' }),
    )
    secrets.push(...(await Promise.all(batch)).map(({ secret }) => secret))
  }
  return secrets
}

async function books(): Promise<Books> {
  const [wallet] = await ledger.balance('bench')
  let lines = 0
  for await (const chunk of createReadStream(log))
    for (const byte of chunk as Buffer) if (byte === 10) lines++
  return {
    charged: String(credit - (wallet?.posted ?? 0n)),
    held: String(wallet?.held),
    broken: (await ledger.audit()).length,
    lines,
  }
}

const ready: Listening = { url: server.url, models: names, keys }
serveParent(ready, { ...probe(), books }, async () => {
  await server.close({ drainTimeoutMs: 0 })
  await gateway.close()
})
