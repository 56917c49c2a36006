import { GatewayError } from '@gantry/core'
import type { ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'

/**
 * Corrects what the chat protocol made of an upstream error where a vendor uses its own status, code or words.
 * Credential trouble comes out as `authentication`, `permission` or `insufficient_funds`; core then marks the
 * credential and tells the client nothing of it. Everything not listed here stays as the protocol read it.
 *
 * Texts are looked for only under statuses at which vendors do not quote the client's own words; at 400 and 422
 * credential texts have to open the message. Otherwise a prompt could talk a healthy credential out of service.
 */
export function classifyCompatible(error: GatewayErrorData): GatewayErrorData {
  const envelope = read(error)
  const rule = rules.find((one) => applies(one, envelope))
  const found = rule ? reclass(error, rule.class) : error
  if (found.class !== 'rate_limited' || found.retryAfterMs !== undefined) return found
  const retryAfterMs = waitIn(envelope.text)
  return retryAfterMs === undefined ? found : { ...found, retryAfterMs }
}

interface Envelope {
  readonly status: number
  readonly codes: readonly string[]
  readonly text: string
}

interface Rule {
  readonly class: ErrorClass
  readonly status?: readonly number[]
  /** `code` or `type` of the envelope, exactly. */
  readonly codes?: readonly string[]
  readonly text?: RegExp
}

// First match wins. A rule needs all that it names.
const rules: readonly Rule[] = [
  // OpenAI and Moonshot say "no money" with 429, which a retry does not cure.
  {
    class: 'insufficient_funds',
    codes: [
      'insufficient_quota',
      'billing_hard_limit_reached',
      'billing_not_active',
      'exceeded_current_quota_error',
      'insufficient_balance',
      'payment_required',
    ],
  },
  // OpenRouter's 402 with a wait is a spending limit in flight, not an empty wallet, but it is ours either way.
  { class: 'insufficient_funds', status: [402] },
  {
    class: 'insufficient_funds',
    status: [403, 429],
    text: /exceeded your current quota|insufficient (?:balance|credits?|funds|quota)|credit balance|out of credits|(?:no|all available) credits|monthly spending limit|key limit exceeded|usage limit for this billing cycle/,
  },
  {
    class: 'authentication',
    codes: ['invalid_api_key', 'invalid_authentication_error', 'account_deactivated', 'api_key_invalid'],
  },
  { class: 'authentication', status: [401] },
  // xAI and Google's compatible endpoint answer a bad key with 400.
  { class: 'authentication', status: [400, 422], text: /^(?:incorrect api key provided|api key not valid)/ },
  {
    class: 'permission',
    codes: ['unsupported_country_region_territory', 'organization_restricted'],
  },
  {
    class: 'context_length',
    codes: ['context_length_exceeded', 'max_tokens_exceeded', 'token_limit_exceeded'],
  },
  // Together has 403 for it; the rest 400, 413 or 422.
  {
    class: 'context_length',
    status: [400, 403, 413, 422],
    text: /maximum context length|maximum prompt length|exceeded model token limit|context (?:length|window|size) (?:is )?exceed|exceeds? the (?:available |model'?s? )?(?:maximum )?context|must be less than the context length|`?inputs`? tokens \+ `?max_new_tokens`? must be/,
  },
  // Groq sends "larger than your tokens per minute" as 413: another target can still take it.
  { class: 'rate_limited', status: [413], codes: ['rate_limit_exceeded', 'tokens'] },
  // OpenRouter: 403 with the flagged reasons in its metadata.
  { class: 'content_policy', status: [403], text: /requires moderation|was flagged|content[_ ]polic/ },
  {
    class: 'content_policy',
    codes: ['content_filter', 'content_policy_violation', 'moderation_blocked', 'data_inspection_failed'],
  },
  {
    class: 'overloaded',
    codes: ['engine_overloaded_error', 'server_is_overloaded', 'capacity_exceeded', 'overloaded_error'],
  },
  { class: 'overloaded', status: [498, 529] },
  {
    class: 'overloaded',
    status: [429, 500, 502],
    text: /engine is (?:currently )?overloaded|service tier capacity exceeded|currently overloaded|at capacity/,
  },
  { class: 'permission', status: [403] },
]

function applies(rule: Rule, { status, codes, text }: Envelope): boolean {
  if (rule.status && !rule.status.includes(status)) return false
  if (rule.codes && !rule.codes.some((code) => codes.includes(code))) return false
  return !rule.text || rule.text.test(text)
}

/** Code, type and text of the usual envelopes: `{error: {…}}`, `{error: "…", code}` (xAI), `{message, type, code}` (Mistral). */
function read(error: GatewayErrorData): Envelope {
  const body = error.native?.value
  const inner = isObject(body?.error) ? body.error : body
  const codes: string[] = []
  for (const value of [error.code, inner?.code, inner?.type, inner?.status]) {
    if (typeof value === 'string') codes.push(value.toLowerCase())
  }
  const said = [error.message, typeof body?.error === 'string' ? body.error : '', inner?.message]
  const words = said.find((one): one is string => typeof one === 'string' && one.trim() !== '') ?? ''
  // A vendor's own sentence comes first; the bound keeps the patterns cheap on a 10 MB error page.
  return { status: statusIn(inner) ?? error.status, codes, text: words.slice(0, 2000).trim().toLowerCase() }
}

// OpenRouter reports errors inside a 200 with the real status as a number.
function statusIn(inner: JsonObject | undefined): number | undefined {
  const code = inner?.code
  return typeof code === 'number' && code >= 400 && code < 600 ? code : undefined
}

function reclass(error: GatewayErrorData, to: ErrorClass): GatewayErrorData {
  if (error.class === to) return error
  const { class: _class, status: _status, retryable: _retryable, ...rest } = error
  return new GatewayError({ ...rest, class: to }).data
}

/** "try again in 1m2.5s", "retry after 3 seconds": milliseconds, at most an hour. */
function waitIn(text: string): number | undefined {
  const found = /(?:again|retry) (?:in|after) ((?:\d{1,5}(?:\.\d{1,6})? ?[a-z]{1,12} ?){1,3})/.exec(text)?.[1]
  if (!found) return undefined
  let total = 0
  for (const [, amount, unit] of found.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+)/g)) {
    const factor = unitMs(unit ?? '')
    if (factor === undefined) break
    total += Number(amount) * factor
  }
  return total > 0 ? Math.min(Math.ceil(total), 3_600_000) : undefined
}

function unitMs(unit: string): number | undefined {
  if (unit === 'ms' || unit.startsWith('milli')) return 1
  if (unit === 's' || unit.startsWith('sec')) return 1000
  if (unit === 'm' || unit.startsWith('min')) return 60_000
  if (unit === 'h' || unit.startsWith('hour')) return 3_600_000
  return undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
