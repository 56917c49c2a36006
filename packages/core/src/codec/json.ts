import type { Json, JsonObject } from '../model/index.ts'

/**
 * The part of ES2026 `JSON` that the compiler's library does not describe yet.
 * Source: the "JSON.parse source text access" proposal, shipped in every Node that the gateway accepts.
 */
interface RawJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}

const raw: RawJson = JSON as typeof JSON & RawJson

/**
 * A number that a double cannot hold has sixteen digits or more, or an exponent of three digits.
 * Texts without either take the plain, much faster parse.
 */
const mayHoldBigNumber: RegExp = /[\d.]{16}|\d[eE][+-]?\d{3}/

/**
 * Parses JSON without losing digits. Numbers that a double cannot hold (integers beyond 2^53, more digits than fit)
 * become opaque values that `stringifyLossless` and `JSON.stringify` write as they stood; every other number is a number.
 * With `spelling`, numbers that would only be written differently (`1.0`, `1e3`) are kept as written too.
 * Throws `SyntaxError` for text that is not JSON, `RangeError` for nesting that the engine cannot walk.
 */
export function parseJsonLossless(text: string, options: { readonly spelling?: boolean } = {}): Json {
  const { spelling = false } = options
  if (!spelling && !mayHoldBigNumber.test(text)) return JSON.parse(text) as Json
  return raw.parse(text, (_key, value, context) => {
    if (typeof value !== 'number' || context.source === undefined) return value
    const { source } = context
    if (source === String(value)) return value
    return spelling || decimal(source) !== decimal(String(value)) ? raw.rawJSON(source) : value
  }) as Json
}

/** Writes JSON, numbers kept by `parseJsonLossless` as they stood. Throws `RangeError` for nesting that the engine cannot walk. */
export function stringifyLossless(value: Json): string {
  return JSON.stringify(value)
}

/** Whether a parsed value is a number that was too large or too long for a double. */
export function isRawNumber(value: unknown): value is JsonObject & { readonly rawJSON: string } {
  return raw.isRawJSON(value)
}

/** Value of an own key. Names that come from outside (`constructor`, `__proto__`) never reach the prototype. */
export function ownValue<T>(object: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** One spelling for equal decimals: sign, significant digits, exponent of the last digit. */
function decimal(source: string): string {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e')
  const negative = mantissa.startsWith('-')
  const [whole = '', fraction = ''] = (negative ? mantissa.slice(1) : mantissa).split('.')
  const digits = whole + fraction
  let start = 0
  while (start < digits.length && digits[start] === '0') start++
  let stop = digits.length
  while (stop > start && digits[stop - 1] === '0') stop--
  if (start === stop) return '0'
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - stop)
  return `${negative ? '-' : ''}${digits.slice(start, stop)}e${scale}`
}
