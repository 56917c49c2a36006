import type { ErrorClass } from '@gantry/core'

/** What a host says about its error. */
export interface ErrorWords {
  readonly message: string
  readonly type?: string
  readonly code?: string
}

/**
 * Codes and types that settle it, whatever the status. Sources: recorded traffic, the SDK's `ResponseError` (openai
 * 7.55), what hosts behind this wire answer.
 */
const byCode: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['context_length_exceeded', 'context_length'],
  ['model_context_window_exceeded', 'context_length'],
  ['insufficient_quota', 'insufficient_funds'],
  ['insufficient_user_quota', 'insufficient_funds'],
  ['pre_consume_token_quota_failed', 'insufficient_funds'],
  ['insufficient_balance', 'insufficient_funds'],
  ['billing_hard_limit_reached', 'insufficient_funds'],
  ['billing_not_active', 'insufficient_funds'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['rate_limit_error', 'rate_limited'],
  ['tokens_exceeded', 'rate_limited'],
  // A subscription's allowance: it comes back at a known time.
  ['usage_limit_reached', 'rate_limited'],
  ['usage_not_included', 'permission'],
  ['server_is_overloaded', 'overloaded'],
  ['slow_down', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['engine_overloaded_error', 'overloaded'],
  ['vector_store_timeout', 'timeout'],
  ['request_timeout', 'timeout'],
  ['content_policy_violation', 'content_policy'],
  ['content_filter', 'content_policy'],
  ['moderation_blocked', 'content_policy'],
  ['image_content_policy_violation', 'content_policy'],
  ['bio_policy', 'content_policy'],
  ['misalignment_policy_violation', 'content_policy'],
  ['invalid_api_key', 'authentication'],
  ['authentication_error', 'authentication'],
  ['permission_error', 'permission'],
  ['model_not_found', 'not_found'],
  ['not_found_error', 'not_found'],
  ['response_not_found', 'not_found'],
  ['request_too_large', 'too_large'],
  ['image_too_large', 'invalid_request'],
  ['invalid_prompt', 'invalid_request'],
  ['invalid_image', 'invalid_request'],
  ['invalid_encrypted_content', 'invalid_request'],
  ['previous_response_not_found', 'invalid_request'],
])

const contextLength =
  /maximum context length|context[_ ]length[_ ]exceeded|context window|prompt is too long|input (?:is|was) too long|too many (?:input )?tokens|exceeds? (?:the )?(?:model'?s )?(?:maximum )?(?:input )?(?:token|context) (?:limit|count|length|size)|reduce the length of the (?:messages|input|prompt)/i
const funds =
  /insufficient[ _](?:balance|credits?|quota|funds)|exceeded your current quota|credit balance is too low|billing hard limit|not enough (?:balance|credits?)|out of credits|account is (?:not active|overdue)/i
const policy =
  /content management policy|content policy|safety system|flagged (?:by|as|for)|usage policy|responsibleai/i
const busy = /overloaded|at capacity|server is busy|no available (?:channel|capacity)/i
const badKey = /(?:incorrect|invalid|expired|missing|no) api[ _-]?key|api key not valid/i

/** Statuses of the upstream's own: their messages are about the account and quote nobody. */
const aboutAccount: ReadonlySet<number> = new Set([401, 402, 403, 429])
/** Elsewhere hosts quote what they refuse: only what opens a message is the host's own word. */
const opensWithFunds = new RegExp(`^(?:error: ?)?(?:your |you |the |this request )?(?:${funds.source})`, 'i')
const opensWithBadKey = new RegExp(`^(?:error: ?)?(?:${badKey.source})`, 'i')
const opensWithBusy = new RegExp(
  `^(?:error: ?)?(?:(?:(?:the|our|your|this|selected) ){0,2}(?:engine|model|server|service|upstream)s?\\b[^.]{0,40})?(?:${busy.source})`,
  'i',
)

/** The class of an error answer: its code or type, its words where a status is ambiguous, its status. */
export function classOf(status: number, words: ErrorWords): ErrorClass {
  const { message } = words
  const said = classOfWord(words)
  if (said) return said
  if (status < 500 && contextLength.test(message)) return 'context_length'
  if (status < 500 && (aboutAccount.has(status) ? funds : opensWithFunds).test(message))
    return 'insufficient_funds'
  switch (status) {
    case 401:
      return 'authentication'
    case 402:
      return 'insufficient_funds'
    case 403:
      return policy.test(message) ? 'content_policy' : 'permission'
    case 404:
      return 'not_found'
    case 408:
    case 504:
    case 522:
    case 524:
      return 'timeout'
    case 409:
      return 'conflict'
    case 413:
      return 'too_large'
    case 429:
      return 'rate_limited'
    case 503:
    case 529:
      return 'overloaded'
  }
  if (status >= 500) return busy.test(message) ? 'overloaded' : 'upstream_failed'
  if (opensWithBadKey.test(message)) return 'authentication'
  return policy.test(message) ? 'content_policy' : 'invalid_request'
}

/** The class of an error inside a 200: there is no status, and the words may be the client's own, quoted. */
export function classInside(words: ErrorWords): ErrorClass {
  const { message, type, code } = words
  const said = classOfWord(words)
  if (said) return said
  if (type === 'invalid_request_error')
    return contextLength.test(message) ? 'context_length' : 'invalid_request'
  if (opensWithFunds.test(message)) return 'insufficient_funds'
  if (opensWithBusy.test(message)) return 'overloaded'
  if (/^(?:error: ?)?rate limit/i.test(message)) return 'rate_limited'
  if (code !== 'server_error' && type !== 'server_error' && contextLength.test(message))
    return 'context_length'
  return 'upstream_failed'
}

function classOfWord({ code, type }: ErrorWords): ErrorClass | undefined {
  return byCode.get(code?.toLowerCase() ?? '') ?? byCode.get(type?.toLowerCase() ?? '')
}
