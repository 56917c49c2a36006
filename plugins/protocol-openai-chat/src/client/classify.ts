import type { ErrorClass } from '@gantry/core'

/** What a host says about its error. */
export interface ErrorWords {
  readonly message: string
  readonly type?: string
  readonly code?: string
}

/** Codes and types that settle it, whatever the status. */
const byCode: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['context_length_exceeded', 'context_length'],
  ['model_context_window_exceeded', 'context_length'],
  ['insufficient_quota', 'insufficient_funds'],
  ['insufficient_user_quota', 'insufficient_funds'],
  ['pre_consume_token_quota_failed', 'insufficient_funds'],
  ['insufficient_balance', 'insufficient_funds'],
  ['arrearage', 'insufficient_funds'],
  ['billing_hard_limit_reached', 'insufficient_funds'],
  ['billing_not_active', 'insufficient_funds'],
  ['content_policy_violation', 'content_policy'],
  ['content_filter', 'content_policy'],
  ['moderation_blocked', 'content_policy'],
  ['invalid_api_key', 'authentication'],
  ['authentication_error', 'authentication'],
  ['permission_error', 'permission'],
  ['model_not_found', 'not_found'],
  ['not_found_error', 'not_found'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['rate_limit_error', 'rate_limited'],
  ['tokens_exceeded', 'rate_limited'],
  ['server_is_overloaded', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['engine_overloaded_error', 'overloaded'],
  ['request_too_large', 'too_large'],
])

const contextLength: RegExp =
  /maximum context length|context[_ ]length[_ ]exceeded|context window|prompt is too long|input (?:is|was) too long|too many (?:input )?tokens|maximum prompt length|exceeds? (?:the )?(?:model'?s )?(?:maximum )?(?:input )?(?:token|context) (?:limit|count|length|size)|reduce the length of the (?:messages|input|prompt)/i
const funds: RegExp =
  /insufficient[ _](?:balance|credits?|quota|funds|user quota)|exceeded your current quota|credit balance is too low|billing hard limit|not enough (?:balance|credits?)|requires more credits|out of credits|account is (?:not active|overdue)|\bin arrears\b|spending limit/i
const policy: RegExp =
  /content management policy|content policy|safety system|flagged (?:by|as|for)|usage policy|responsibleai/i
const busy: RegExp = /overloaded|at capacity|server is busy|no available (?:channel|capacity)/i
const badKey: RegExp =
  /(?:incorrect|invalid|expired|missing|no) api[ _-]?key|api key not valid|API_KEY_INVALID/i

/** Statuses of the upstream's own: their messages are about the account, and quote nobody. */
const aboutAccount: ReadonlySet<number> = new Set([401, 402, 403, 429])
/** Elsewhere hosts quote what they refuse: only what opens a message is the host's own word. */
const opensWithFunds: RegExp = new RegExp(
  `^(?:error: ?)?(?:your |you |the |this request )?(?:${funds.source})`,
  'i',
)
const opensWithBadKey: RegExp = new RegExp(`^(?:error: ?)?(?:${badKey.source})`, 'i')

/** The class of an error, from its code, then its words where a status is ambiguous, then its status. */
export function classOf(status: number, words: ErrorWords): ErrorClass {
  const { message, code = '', type = '' } = words
  const said = byCode.get(code.toLowerCase()) ?? byCode.get(type.toLowerCase())
  if (said) return said
  if (status < 500 && contextLength.test(message)) return 'context_length'
  // A limit per minute speaks of quota too; only these words mean that money or credit is gone.
  const noFunds = aboutAccount.has(status) ? funds : opensWithFunds
  if (status < 500 && noFunds.test(message)) return 'insufficient_funds'
  if (status >= 500) return byServerStatus(status, message)
  if (status === 429) return 'rate_limited'
  if (status === 401) return 'authentication'
  if (status === 402) return 'insufficient_funds'
  if (status === 403) return policy.test(message) ? 'content_policy' : 'permission'
  if (status === 404) return 'not_found'
  if (status === 408) return 'timeout'
  if (status === 409) return 'conflict'
  if (status === 413) return 'too_large'
  if (status >= 400) {
    if (opensWithBadKey.test(message)) return 'authentication'
    return policy.test(message) ? 'content_policy' : 'invalid_request'
  }
  if (busy.test(message)) return 'overloaded'
  return type === 'invalid_request_error' ? 'invalid_request' : 'upstream_failed'
}

function byServerStatus(status: number, message: string): ErrorClass {
  if (status === 504 || status === 522 || status === 524) return 'timeout'
  if (status === 503 || status === 529 || busy.test(message)) return 'overloaded'
  return 'upstream_failed'
}
