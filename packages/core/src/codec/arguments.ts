import type { JsonObject } from '../model/index.ts'
import { ownValue, parseJsonLossless, stringifyLossless } from './json.ts'

const rawKey = '__raw'

/**
 * Tool arguments for a protocol that carries them as an object. Numbers keep their spelling; `''` is `{}`.
 * Text that is not a JSON object becomes `{"__raw": text}`, and `invalid` is called so that the codec can report it.
 */
export function argumentsToObject(text: string, invalid?: () => void): JsonObject {
  if (text.trim() === '') return {}
  const parsed = parseObject(text)
  if (parsed) return parsed
  invalid?.()
  return { [rawKey]: text }
}

/**
 * Tool arguments of a protocol that carries them as an object, as text. The inverse of `argumentsToObject`:
 * `{"__raw": text}` is unwrapped when the text could not have been sent as an object itself.
 */
export function objectToArguments(value: JsonObject): string {
  const text = ownValue(value, rawKey)
  if (
    typeof text === 'string' &&
    Object.keys(value).length === 1 &&
    text.trim() !== '' &&
    !parseObject(text)
  ) {
    return text
  }
  return stringifyLossless(value)
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = parseJsonLossless(text, { spelling: true })
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined
  } catch {
    // Not JSON, or nested deeper than the engine walks: either way it can only travel as text.
    return undefined
  }
}
