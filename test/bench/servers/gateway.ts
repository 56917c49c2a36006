import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { anthropic } from '@gantry/provider-anthropic'
import { openaiCompatible } from '@gantry/provider-openai-compatible'
import sqlite from '@gantry/store-sqlite'
import { keyringOf } from '@gantry/auth-keys'
import { createGateway, defineGateway, serve } from 'gantry'
import { standard } from 'gantry/presets'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'

/** What a gateway child is started with. */
export interface GatewayArgument {
  readonly upstream: string
  /** Its own folder, for the database and the log. */
  readonly directory: string
}

/** What its books say, to be compared with what was sent. */
export interface Books {
  readonly charged: string
  readonly held: string
  readonly broken: number
  readonly lines: number
}

const { upstream, directory } = argumentOf<GatewayArgument>()
const log = join(directory, 'gateway.log')
const plugins = standard({ log: { destination: log } })
const gateway = await createGateway(
  defineGateway({
    plugins,
    store: sqlite(join(directory, 'gateway.db')),
    providers: {
      chat: openaiCompatible({ baseUrl: `${upstream}/v1`, apiKey: 'upstream-key-of-the-bench' }),
      claude: anthropic({ baseUrl: `${upstream}/v1`, apiKey: 'upstream-key-of-the-bench' }),
    },
    models: {
      'bench-chat': { to: 'chat/bench-chat', price: { input: '1', output: '1' } },
      'bench-claude': {
        to: 'claude/bench-claude',
        price: { input: '1', output: '1' },
        maxOutputTokens: 4096,
      },
    },
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
const issued = await gateway.plugins
  .map(keyringOf)
  .find(Boolean)
  ?.issue({ account: 'bench', group: 'standard' })
const server = await serve(gateway, { port: 0 })

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

serveParent({ url: server.url, key: issued?.secret }, { ...probe(), books }, async () => {
  await server.close({ drainTimeoutMs: 0 })
  await gateway.close()
})
