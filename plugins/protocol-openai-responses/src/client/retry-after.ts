import type { JsonObject } from '@gantry/core'
import { numberOf } from '../own.ts'

/** Longest wait taken over: a week, the longest window of a subscription. Anything beyond is a mistake. */
const longest = 7 * 86_400_000

/**
 * When the upstream says to come back, in milliseconds: `retry-after-ms`, `retry-after` in seconds or as a date, the
 * "try again in 1.5s" of OpenAI's messages, `resets_in_seconds` of a subscription's allowance.
 */
export function retryAfter(
  headers: Headers | undefined,
  message: string,
  envelope: JsonObject | undefined,
): number | undefined {
  const resets = numberOf(envelope?.['resets_in_seconds'])
  const found =
    amount(headers?.get('retry-after-ms')) ??
    secondsOrDate(headers?.get('retry-after')) ??
    spoken(message) ??
    (resets === undefined ? undefined : resets * 1000)
  return found === undefined ? undefined : Math.min(Math.max(0, Math.round(found)), longest)
}

function amount(value: string | null | undefined): number | undefined {
  const number = Number(value?.trim() || Number.NaN)
  return Number.isFinite(number) ? number : undefined
}

function secondsOrDate(value: string | null | undefined): number | undefined {
  const seconds = amount(value)
  if (seconds !== undefined) return seconds * 1000
  const date = Date.parse(value ?? '')
  return Number.isNaN(date) ? undefined : date - Date.now()
}

const inMilliseconds: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `20s`, `1.5s`, `120ms`, `1m30s`, `2h5m`. */
function spoken(message: string): number | undefined {
  const match = /try again in ((?:\d{1,6}(?:\.\d{1,9})?(?:ms|s|m|h)\b ?|\d{1,6}(?:m|h)(?=\d)){1,3})/i.exec(
    message,
  )
  if (!match) return undefined
  let total = 0
  for (const [, count = '', unit = ''] of (match[1] ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gi)) {
    total += Number(count) * (inMilliseconds[unit.toLowerCase()] ?? 0)
  }
  return total
}
