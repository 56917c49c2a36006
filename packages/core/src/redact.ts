/** Removes secrets from text, or from anything that is about to be logged. */
export interface Redactor {
  /** The text without secrets; itself when there are none. */
  (text: string): string

  /** A copy of a value with every text in it redacted: for log fields. Bounded in depth and size. */
  fields(value: unknown): unknown
}

const mask = '[redacted]'

/** Shorter values are ordinary words; masking them would shred every line without hiding anything. */
const shortestSecret = 6
const deepestField = 8
const mostFields = 1000
const longestField = 8192

/**
 * Shapes of secrets that nobody told us about: other people's keys in an upstream's error, a key in a URL.
 * Each has one run of a plain character class, so that a search is linear, and the run is bounded: an unbounded one
 * overflows the engine's stack on a few megabytes, and a redactor must not throw.
 */
const shapes: readonly { readonly pattern: RegExp; readonly keep: string }[] = [
  { pattern: /\b(sk|pk|rk|gsk|xai|pplx|hf|ghp|glpat)([-_])[A-Za-z0-9_-]{16,4096}/g, keep: '$1$2' },
  // Keys of a gateway: any prefix, an underscore, 32 random characters and 6 of checksum. Ids of vendors differ in length.
  { pattern: /(?<=[A-Za-z0-9]_)[A-Za-z0-9]{38}(?![A-Za-z0-9])/g, keep: '' },
  { pattern: /\bAIza[A-Za-z0-9_-]{16,4096}/g, keep: 'AIza' },
  { pattern: /\bAKIA[A-Z0-9]{12,4096}/g, keep: 'AKIA' },
  { pattern: /\beyJ[A-Za-z0-9_-]{16,4096}(?:\.[A-Za-z0-9_-]{1,4096}){0,2}/g, keep: 'eyJ' },
  {
    pattern: /([?&](?:key|api[-_]?key|access_token|token|signature|sig)=)[^&\s"'<>\\#]{4,4096}/gi,
    keep: '$1',
  },
  { pattern: /\b(Bearer) {1,4}(?!\[redacted\])[A-Za-z0-9._~+/=-]{8,4096}/gi, keep: '$1 ' },
]

/** Field names whose value is never shown, whatever it is. */
const hidden =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-goog-api-key|api[-_]?key|password|secret|pepper)$/i

/**
 * Makes a redactor for the exact values of all loaded secrets, also as they look inside JSON and inside a URL, plus
 * the usual shapes of keys. Values are found in one pass over the text however many there are.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const exact = compileExact(secrets)
  const redact = (text: string): string => {
    let clean = exact ? text.replace(exact, mask) : text
    for (const { pattern, keep } of shapes) clean = clean.replace(pattern, `${keep}${mask}`)
    return clean
  }
  return Object.assign(redact, {
    fields: (value: unknown) => redactFields(value, redact),
  })
}

// ---

function compileExact(secrets: readonly string[]): RegExp | undefined {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret.toWellFormed()),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ]) {
      forms.add(form)
    }
  }
  if (forms.size === 0) return undefined
  // Longest first: a secret that begins another must not leave the other's tail behind.
  const sorted = [...forms].toSorted((left, right) => right.length - left.length)
  return new RegExp(sorted.map((form) => RegExp.escape(form)).join('|'), 'g')
}

function redactFields(value: unknown, redact: (text: string) => string): unknown {
  const open = new Set<object>()
  let left = mostFields
  const walk = (node: unknown, depth: number): unknown => {
    if (typeof node === 'string') return shorten(node, redact)
    if (typeof node === 'bigint') return String(node)
    if (typeof node === 'function' || typeof node === 'symbol') return undefined
    if (typeof node !== 'object' || node === null) return node
    if (open.has(node)) return '[circular]'
    if (depth === deepestField) return '[too deep]'
    if (node instanceof Date) return node.toJSON()
    if (ArrayBuffer.isView(node) || node instanceof ArrayBuffer) return `[${node.byteLength} bytes]`
    open.add(node)
    const copy = Array.isArray(node) ? walkList(node, depth) : walkObject(entriesOf(node), depth)
    open.delete(node)
    return copy
  }
  const walkList = (list: readonly unknown[], depth: number): unknown[] => {
    const copy: unknown[] = []
    for (const item of list) {
      if (left-- <= 0) break
      copy.push(walk(item, depth + 1))
    }
    return copy
  }
  const walkObject = (entries: Iterable<readonly [string, unknown]>, depth: number): object => {
    const copy: { [name: string]: unknown } = {}
    for (const [name, item] of entries) {
      if (left-- <= 0) break
      const clean = hidden.test(name) && item !== undefined && item !== null ? mask : walk(item, depth + 1)
      // A name can be data too, and `__proto__` among it.
      Object.defineProperty(copy, redact(name), {
        value: clean,
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    return copy
  }
  return walk(value, 0)
}

/** Redacts before the final cut, and with as much again in view, so that no cut leaves half a secret. */
function shorten(text: string, redact: (text: string) => string): string {
  const clean = redact(text.length > 2 * longestField ? text.slice(0, 2 * longestField) : text)
  return clean.length > longestField ? `${clean.slice(0, longestField)}… (${text.length} characters)` : clean
}

/** What to show of an object: an error's own text and causes, a collection's entries, else its fields. */
function entriesOf(node: object): Iterable<readonly [string, unknown]> {
  if (Error.isError(node)) {
    const { name, message, stack, cause } = node
    const rest = Object.entries(node)
    return [
      ['name', name],
      ['message', message],
      ...(stack ? [['stack', stack] as const] : []),
      ...(cause === undefined ? [] : [['cause', cause] as const]),
      ...rest,
    ]
  }
  if (node instanceof Headers) return node.entries()
  if (node instanceof Map) return [...node].map(([name, item]) => [String(name), item] as const)
  if (node instanceof Set) return [...node].map((item, index) => [String(index), item] as const)
  return Object.entries(node)
}
