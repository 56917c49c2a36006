import type { Json, JsonObject, Target } from '@gantry/core'
import { isObject } from '@gantry/core/codec'

/**
 * What a host of this protocol wants differently, as data of its provider (`target.quirks`).
 * Unknown keys and wrong types are ignored. `families: [{ models: ['gpt-4*'], …quirks }]` replaces fields for the
 * first entry that has a pattern (`*` is any text) for the target's model.
 */
export interface ChatQuirks {
  /** Name of the limit; what the client used by default, else `max_completion_tokens`. */
  readonly maxTokens?: 'max_tokens' | 'max_completion_tokens'
  /** Role of system texts; as they came by default. */
  readonly systemRole?: 'system' | 'developer'
  /** `false`: the host refuses `stream_options` and reports usage unasked. */
  readonly includeUsage?: boolean
  /** How reasoning is asked for; what the client used by default, else `reasoning_effort`. */
  readonly reasoning?: 'reasoning_effort' | 'reasoning' | 'thinking' | 'none'
  /** Field in which earlier thinking is sent back; by default only to where the client is a chat client too. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning' | 'none'
  /** Field for cache breakpoints of other protocols; by default they are left out and reported. */
  readonly cacheHints?: 'cache_control' | 'prompt_cache_breakpoint'
  /** `false`: freeform tools are wrapped as functions. */
  readonly customTools?: boolean
  /** `true`: `top_k` is known. */
  readonly topK?: boolean
  /** `true`: pictures may stand in tool messages. */
  readonly toolImages?: boolean
  /** Longest tool-call id; 40 by default, OpenAI's limit on this wire. */
  readonly callIdMax?: number
  /** Pattern of tool-call ids; printable ASCII by default. */
  readonly callIdPattern?: string
}

/** The quirks of a target, its model family's over the host's. */
export function quirksOf(target: Target): ChatQuirks {
  const all = target.quirks ?? {}
  const families = Array.isArray(all['families']) ? (all['families'] as readonly Json[]) : []
  const family = families.filter(isObject).find((entry) => matches(entry['models'], target.model))
  const merged: JsonObject = family ? { ...all, ...family } : all
  return {
    ...oneOf(merged, 'maxTokens', ['max_tokens', 'max_completion_tokens']),
    ...oneOf(merged, 'systemRole', ['system', 'developer']),
    ...oneOf(merged, 'reasoning', ['reasoning_effort', 'reasoning', 'thinking', 'none']),
    ...oneOf(merged, 'reasoningField', ['reasoning_content', 'reasoning', 'none']),
    ...oneOf(merged, 'cacheHints', ['cache_control', 'prompt_cache_breakpoint']),
    ...flag(merged, 'includeUsage'),
    ...flag(merged, 'customTools'),
    ...flag(merged, 'topK'),
    ...flag(merged, 'toolImages'),
    ...(typeof merged['callIdMax'] === 'number' && { callIdMax: merged['callIdMax'] }),
    ...(typeof merged['callIdPattern'] === 'string' && { callIdPattern: merged['callIdPattern'] }),
  }
}

function oneOf<K extends string, const V extends string>(
  object: JsonObject,
  key: K,
  words: readonly V[],
): { readonly [key in K]?: V } {
  const word = words.find((candidate) => candidate === object[key])
  return word === undefined ? {} : ({ [key]: word } as { readonly [key in K]: V })
}

function flag<K extends string>(object: JsonObject, key: K): { readonly [key in K]?: boolean } {
  const value = object[key]
  return typeof value === 'boolean' ? ({ [key]: value } as { readonly [key in K]: boolean }) : {}
}

/** `*` matches any text; compared piece by piece, because a pattern from a config must not be a slow expression. */
function matches(patterns: Json | undefined, model: string): boolean {
  if (!Array.isArray(patterns)) return false
  return (patterns as readonly Json[]).some(
    (pattern) => typeof pattern === 'string' && globMatches(pattern, model),
  )
}

function globMatches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (!text.startsWith(first)) return false
  const last = rest.pop()
  if (last === undefined) return text === pattern
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
