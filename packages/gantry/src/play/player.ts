import { type AnyPlugin, type ErrorClass, GatewayError, type Logger, type ResolvedConfig } from '@gantry/core'
import type { RunCommand } from '../control/commands.ts'
import { requestLine } from './request-line.ts'
import { snippets } from './snippets.ts'

/** Who plays; the same account each time, so that its balance can be watched. */
export const player = 'playground'

const startBalance = '10'

/** A log plugin that prints each request on one line. It takes the place of the JSON log. */
export function requestLog(write: (line: string) => void, logger: Logger): AnyPlugin {
  return {
    name: 'log-pino',
    logger,
    hooks: { log: (context) => write(requestLine(context)) },
  }
}

/** What `play` prints before the first request. */
export interface Welcome {
  readonly lines: readonly string[]
}

/**
 * Gives the player an account with a balance (where balances are kept) and a key in every group, and says how to
 * use them.
 */
export async function welcome(config: ResolvedConfig, url: string, run: RunCommand): Promise<Welcome> {
  const balance = config.store === undefined ? undefined : await fund(config, run)
  const groups = Object.keys(config.groups)
  const first = config.defaultGroup ?? groups[0]
  const keys: [group: string, key: string][] = []
  for (const group of [...groups].toSorted((one) => (one === first ? -1 : 1))) {
    const { secret } = await run('keys.create', { account: player, group, name: `play-${group}` })
    keys.push([group, secret])
  }
  const baseUrl = `${url.replace(/\/$/, '')}/v1`
  const key = keys[0]?.[1] ?? ''
  const model = config.defaultModel ?? Object.keys(config.models)[0] ?? ''
  return {
    lines: [
      `Base URL  ${baseUrl}`,
      ...keys.map(
        ([group, secret], index) => `${index === 0 ? 'Key' : '   '}       ${secret}  (group ${group})`,
      ),
      `Models    ${Object.keys(config.models).join(', ')}`,
      ...(balance === undefined ? [] : [`Balance   ${balance}  (account ${player})`]),
      '',
      ...snippets({ baseUrl, key, model }),
      '',
    ],
  }
}

/** An account with a balance in every asset that prices name; `usd` where none does. */
async function fund(config: ResolvedConfig, run: RunCommand): Promise<string | undefined> {
  const assets = new Set<string>()
  for (const { price } of Object.values(config.models)) {
    assets.add(typeof price === 'object' ? (price.asset ?? 'usd') : 'usd')
  }
  try {
    await run('accounts.create', { account: player, assets: [...assets] })
  } catch (error) {
    // A store without a ledger keeps no balances: sharing without selling.
    if (isClass(error, 'unsupported')) return undefined
    if (!isClass(error, 'conflict')) throw error
  }
  const shown: string[] = []
  for (const asset of assets) {
    const reference = `play-start-${asset}`
    const after = await run('accounts.transfer', { account: player, asset, amount: startBalance, reference })
    const wallet = after.balances.find((one) => one.asset === asset)
    shown.push(`${wallet?.posted ?? '0'} ${asset}`)
  }
  return shown.join(', ')
}

function isClass(error: unknown, name: ErrorClass): boolean {
  return GatewayError.is(error) && error.data.class === name
}
