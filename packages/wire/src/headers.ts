/** Client headers that may go to any upstream; a protocol adds its own (reliability T08). */
export const upstreamHeaders: readonly string[] = ['content-type', 'accept']

/** Further client headers that may pass where both sides speak OpenAI's wires; affinity keys among them. */
export const openaiUpstreamHeaders: readonly string[] = [
  ...upstreamHeaders,
  'openai-beta',
  'x-codex-*',
  'session-id',
  'thread-id',
  'x-client-request-id',
  'x-session-affinity',
]

/** Further client headers that may pass where both sides speak Anthropic's wire. `anthropic-beta` stays byte-exact. */
export const anthropicUpstreamHeaders: readonly string[] = [
  ...upstreamHeaders,
  'anthropic-version',
  'anthropic-beta',
  'x-client-request-id',
  'x-session-affinity',
]

/**
 * Upstream headers that may reach the client. Request ids are not among them: the client sees ours.
 * The upstream's `request-id` is for the log.
 */
export const clientHeaders: readonly string[] = [
  'content-type',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'anthropic-ratelimit-*',
  'x-ratelimit-*',
]

/** Copies the headers whose lower-case name is allowed; `name-*` allows a prefix. Values that break a line are left out. */
export function pickHeaders(from: Headers, allowed: readonly string[]): { [name: string]: string } {
  const picked: { [name: string]: string } = {}
  for (const rule of allowed) {
    if (rule.endsWith('*')) {
      const prefix = rule.slice(0, -1)
      for (const [name, value] of from) {
        if (name.startsWith(prefix) && isSafeHeaderValue(value)) picked[name] = value
      }
      continue
    }
    const value = from.get(rule)
    if (value !== null && isSafeHeaderValue(value)) picked[rule] = value
  }
  return picked
}

const unsafeBytes = /[\0\r\n]/

/** Whether a value can stand in a header without ending it. */
export function isSafeHeaderValue(value: string): boolean {
  return !unsafeBytes.test(value)
}

const plainText = /^[\x20-\x24\x26-\x7e]*$/
const notPlain = /[^\x20-\x24\x26-\x7e]/gu

/**
 * Makes any text fit a header: what is not printable ASCII, and `%` itself, is percent-encoded, and the result is cut
 * at `maxLength` characters (1,024 by default). For values that come from data: model names, reports.
 */
export function safeHeaderValue(value: string, maxLength = 1024): string {
  // Cut first: the encoding of a long value is work for nothing.
  const short = value.length > maxLength ? value.slice(0, maxLength) : value
  if (plainText.test(short)) return short
  const encoded = short.toWellFormed().replace(notPlain, (character) => encodeURIComponent(character))
  return encoded.length > maxLength ? encoded.slice(0, maxLength).replace(/%[0-9A-F]?$/, '') : encoded
}
