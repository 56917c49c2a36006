import type { JsonObject } from '@gantry/core'
import { objectsOf, stringOf } from '../own.ts'

/** Longest wait taken over: a day. Anything beyond is a mistake or a date far away. */
const longest = 86_400_000

/**
 * When the upstream says to come back, in milliseconds: `retry-after-ms`, `retry-after` in seconds or as a date, the
 * "try again in 1.5s" of OpenAI's messages, Google's `retryDelay`.
 */
export function retryAfter(
  headers: Headers | undefined,
  message: string,
  envelope: JsonObject | undefined,
): number | undefined {
  const found =
    milliseconds(headers?.get('retry-after-ms')) ??
    secondsOrDate(headers?.get('retry-after')) ??
    spoken(message) ??
    delayIn(envelope)
  return found === undefined ? undefined : Math.min(Math.max(0, Math.round(found)), longest)
}

function milliseconds(value: string | null | undefined): number | undefined {
  const number = Number(value || Number.NaN)
  return Number.isFinite(number) ? number : undefined
}

function secondsOrDate(value: string | null | undefined): number | undefined {
  const seconds = milliseconds(value)
  if (seconds !== undefined) return seconds * 1000
  const date = Date.parse(value ?? '')
  return Number.isNaN(date) ? undefined : date - Date.now()
}

function spoken(message: string): number | undefined {
  const match = /try again in (?:(\d{1,4})m)?(\d{1,6}(?:\.\d{1,9})?)(ms|s)\b/i.exec(message)
  if (!match) return undefined
  const [, minutes = '0', amount = '0', unit] = match
  return Number(minutes) * 60_000 + Number(amount) * (unit?.toLowerCase() === 'ms' ? 1 : 1000)
}

function delayIn(envelope: JsonObject | undefined): number | undefined {
  for (const detail of objectsOf(envelope?.['details'])) {
    const match = /^(\d{1,6}(?:\.\d{1,9})?)s$/.exec(stringOf(detail['retryDelay']) ?? '')
    if (match) return Number(match[1]) * 1000
  }
  return undefined
}
