import type { CacheOptions, Json, JsonObject, OutputShape, ReasoningOptions } from '@gantry/core'
import { ownValue, readInteger, readObject, readString, readStrings, requireString } from '@gantry/core/codec'
import type { Block } from '../json.ts'
import { olderFormatNote, protocolName, thinkingNote } from '../name.ts'
import { cacheOf, extraOf } from '../parts.ts'
import { fault, unknownTag } from './own-words.ts'

const thinkingKeys: ReadonlySet<string> = new Set(['type', 'budget_tokens', 'display'])
const thinkingTypes: readonly string[] = ['enabled', 'disabled', 'adaptive', 'between_tools']
const configKeys: ReadonlySet<string> = new Set(['effort', 'format'])
const formatKeys: ReadonlySet<string> = new Set(['type', 'schema'])

/** `output_config` and its older form: how much effort, in what form, and what of it has no place in the model. */
export interface OutputConfig {
  readonly effort?: string
  readonly output?: OutputShape
  /** Further fields, for `output_config` of this wire. */
  readonly rest?: JsonObject
}

/** Reads `output_config` and the older `output_format`. Throws `invalid_request` at the field. */
export function decodeOutputConfig(body: JsonObject): OutputConfig {
  const config = readObject(body, 'output_config', '')
  const effort = config && readString(config, 'effort', '/output_config')
  const format = config && readObject(config, 'format', '/output_config')
  const older = format ? undefined : readObject(body, 'output_format', '')
  const output = format
    ? shapeOf(format, '/output_config/format')
    : older && shapeOf(older, '/output_format', olderFormatNote)
  const rest = config && extraOf(config, configKeys).extra?.[protocolName]
  return { ...(effort !== undefined && { effort }), ...(output && { output }), ...(rest && { rest }) }
}

/** Reads `thinking`; the effort stands elsewhere on this wire and belongs to the same wish. */
export function decodeReasoning(body: JsonObject, effort: string | undefined): ReasoningOptions | undefined {
  const at = '/thinking'
  const thinking = readObject(body, 'thinking', '')
  const wish = effort === undefined ? {} : { effort }
  if (!thinking) return effort === undefined ? undefined : wish
  const type = requireString(thinking, 'type', at)
  if (!thinkingTypes.includes(type)) throw unknownTag(at, type, thinkingTypes)
  const budgetTokens = readInteger(thinking, 'budget_tokens', at)
  if (type === 'enabled' && budgetTokens === undefined) {
    throw fault('/thinking/budget_tokens', 'Field required')
  }
  const display = readString(thinking, 'display', at)
  const { extra } = extraOf(thinking, thinkingKeys)
  const between = type === 'between_tools' ? { [thinkingNote]: type } : undefined
  const notes = between ? { ...extra?.[protocolName], ...between } : extra?.[protocolName]
  return {
    ...wish,
    mode: type === 'enabled' || type === 'disabled' ? type : 'adaptive',
    ...(budgetTokens !== undefined && { budgetTokens }),
    ...(display !== undefined && { display }),
    ...(notes && { extra: { [protocolName]: notes } }),
  }
}

/** Reads the top-level breakpoint. */
export function decodeCache(body: JsonObject): CacheOptions | undefined {
  readObject(body, 'cache_control', '')
  const { cache } = cacheOf(body)
  return cache && { breakpoint: cache }
}

/** Reads `metadata`: who asks, and what else stands there. */
export function decodeMetadata(body: JsonObject): { readonly endUser?: string; readonly rest: Block } {
  const metadata = readObject(body, 'metadata', '')
  if (!metadata) return { rest: {} }
  const endUser = readString(metadata, 'user_id', '/metadata')
  const rest = extraOf(metadata, new Set(['user_id'])).extra?.[protocolName]
  return { ...(endUser !== undefined && { endUser }), rest: rest ? { metadata: rest } : {} }
}

/** Reads `stop_sequences`; undefined when there are none. */
export function decodeStop(body: JsonObject): readonly string[] | undefined {
  const stop = readStrings(body, 'stop_sequences', '')
  return stop && stop.length > 0 ? stop : undefined
}

/** Reads `max_tokens`, which this wire requires. */
export function decodeLimit(body: JsonObject): number {
  const value: Json | undefined = ownValue(body, 'max_tokens')
  if (value === undefined || value === null) throw fault('/max_tokens', 'Field required')
  const limit = readInteger(body, 'max_tokens', '') ?? 0
  if (limit < 0) throw fault('/max_tokens', 'Input should be greater than or equal to 0')
  return limit
}

function shapeOf(format: JsonObject, at: string, note?: string): OutputShape {
  const type = requireString(format, 'type', at)
  if (type !== 'json_schema') throw unknownTag(at, type, ['json_schema'])
  const schema = readObject(format, 'schema', at)
  if (!schema) throw fault(`${at}/schema`, 'Field required')
  const rest = extraOf(format, formatKeys).extra?.[protocolName]
  const notes = { ...(note && { [note]: true }), ...(rest && { $format: rest }) }
  return { type, schema, ...(Object.keys(notes).length > 0 && { extra: { [protocolName]: notes } }) }
}
