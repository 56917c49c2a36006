import { authKeys, type AuthKeysOptions } from '@gantry/auth-keys'
import { billLedger } from '@gantry/bill-ledger'
import { env, type AnyPlugin } from '@gantry/core'
import { logPino } from '@gantry/log-pino'
import { pricingRatio } from '@gantry/pricing-ratio'
import { pricingTokens } from '@gantry/pricing-tokens'
import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { openaiResponses, type OpenaiResponsesOptions } from '@gantry/protocol-openai-responses'
import { routeFailover } from '@gantry/route-failover'
import { tokensLocal, type TokensLocalOptions } from '@gantry/tokens-local'

/** Options of a part, or `false` to leave it out. */
export type Part<Options> = Options | false

/** Options of `standard`: each part takes its plugin's own options. */
export interface StandardOptions {
  /** The Responses wire; it keeps no answers unless `store` says so. */
  readonly responses?: Part<OpenaiResponsesOptions>
  /** Keys. Hashed with the environment's `GANTRY_PEPPER`, where it is set and no `pepper` is given. */
  readonly auth?: Part<AuthKeysOptions>
  /** Ordered targets, retried before the first byte. */
  readonly route?: Part<Parameters<typeof routeFailover>[0]>
  /** Token counts estimated in a worker, for those who ask where no upstream counts. */
  readonly tokens?: Part<TokensLocalOptions>
  /** Token prices, and the ratio of the group. Without them every request is unpriced. */
  readonly pricing?: false
  /** Balances. `false`: shared without selling, nothing is held or charged. */
  readonly bill?: Part<Parameters<typeof billLedger>[0]>
  /** One JSON line a request. */
  readonly log?: Part<Parameters<typeof logPino>[0]>
}

/**
 * What most gateways start from: the chat, messages and responses protocols, keys, failover, token counts and prices with
 * group ratios, the ledger and JSON logs. A plugin of the same name placed after it replaces its part.
 */
export function standard(options: StandardOptions = {}): readonly AnyPlugin[] {
  const { responses, auth, route, tokens, pricing, bill, log } = options
  return [
    openaiChat(),
    anthropicMessages(),
    ...(responses === false ? [] : [openaiResponses(responses)]),
    ...(auth === false ? [] : [authKeys(withPepper(auth))]),
    ...(route === false ? [] : [routeFailover(route)]),
    ...(tokens === false ? [] : [tokensLocal(tokens)]),
    ...(pricing === false ? [] : [pricingTokens(), pricingRatio()]),
    ...(bill === false ? [] : [billLedger(bill)]),
    ...(log === false ? [] : [logPino(log)]),
  ]
}

function withPepper(auth: AuthKeysOptions = {}): AuthKeysOptions {
  if (auth.pepper !== undefined || !process.env['GANTRY_PEPPER']) return auth
  return { ...auth, pepper: env('GANTRY_PEPPER') }
}
