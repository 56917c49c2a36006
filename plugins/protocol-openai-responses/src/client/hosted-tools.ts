import type { JsonObject, ServerToolDefinition } from '@gantry/core'
import { isEmpty, objectOf, type Draft } from '../own.ts'

/** A hosted tool of another vendor as this wire's. */
export interface HostedTool {
  readonly value: JsonObject
  /** Settings that found no place. */
  readonly lost: readonly string[]
}

/** Settings that name the tool and say nothing about it. */
const naming: ReadonlySet<string> = new Set([
  'type',
  'name',
  'cache_control',
  'google_search',
  'googleSearch',
])

/**
 * The tool that does the same here; undefined when there is none. Web search of Anthropic (`allowed_domains`,
 * `user_location`), of chat (`search_context_size`, `user_location.approximate`) and of Gemini, and code execution.
 */
export function hostedTool({ tool, native }: ServerToolDefinition): HostedTool | undefined {
  if (tool === 'code_execution') {
    return {
      value: { type: 'code_interpreter', container: { type: 'auto' } },
      lost: settings(native.value, []),
    }
  }
  if (tool !== 'web_search') return undefined
  const given = native.value
  const value: Draft = { type: 'web_search' }
  if (typeof given['search_context_size'] === 'string')
    value['search_context_size'] = given['search_context_size']
  const domains = given['allowed_domains']
  if (!isEmpty(domains)) value['filters'] = { allowed_domains: domains }
  const location = objectOf(given['user_location'])
  if (location) {
    // Chat nests the place one level deeper.
    value['user_location'] = {
      type: 'approximate',
      ...objectOf(location['approximate']),
      ...without(location, ['type', 'approximate']),
    }
  }
  return { value, lost: settings(given, ['search_context_size', 'allowed_domains', 'user_location']) }
}

function settings(given: JsonObject, kept: readonly string[]): readonly string[] {
  return Object.entries(given)
    .filter(([key, value]) => !naming.has(key) && !kept.includes(key) && !isEmpty(value))
    .map(([key]) => key)
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}
