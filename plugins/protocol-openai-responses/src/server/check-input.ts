import { GatewayError, type Json, type JsonObject } from '@gantry/core'
import {
  asArray,
  asObject,
  invalidField,
  ownValue,
  pointerTo,
  readArray,
  readString,
  requireArray,
  requireOneOf,
  requireString,
  wrongType,
} from '@gantry/core/codec'

/**
 * Refuses an item of `input` that cannot mean anything: a field of the wrong type, a call without an id, a content part
 * of a type nobody knows. Items of a type nobody knows pass: new ones appear every month, and the vendor knows its own.
 * Throws `invalid_request` that points at the field.
 */
export function checkItem(value: Json, at: string): JsonObject {
  const item = asObject(value, at)
  readString(item, 'id', at)
  readString(item, 'status', at)
  switch (typeOf(item, at)) {
    case 'message':
      requireOneOf(item, 'role', at, roles)
      readString(item, 'phase', at)
      checkContent(ownValue(item, 'content'), `${at}/content`)
      break
    case 'reasoning':
      checkTexts(item, 'summary', at)
      checkTexts(item, 'content', at)
      readString(item, 'encrypted_content', at)
      break
    case 'function_call':
      requireString(item, 'call_id', at)
      requireString(item, 'name', at)
      requireString(item, 'arguments', at)
      readString(item, 'namespace', at)
      break
    case 'custom_tool_call':
      requireString(item, 'call_id', at)
      requireString(item, 'name', at)
      requireString(item, 'input', at)
      readString(item, 'namespace', at)
      break
    case 'function_call_output':
    case 'custom_tool_call_output':
      requireString(item, 'call_id', at)
      checkContent(ownValue(item, 'output'), `${at}/output`)
      break
    case 'compaction':
    case 'compaction_summary':
      requireString(item, 'encrypted_content', at)
      break
    case 'tool_search_output':
    case 'additional_tools':
      requireArray(item, 'tools', at)
      break
    case 'item_reference':
      requireString(item, 'id', at)
      break
    default:
      readString(item, 'call_id', at)
  }
  return item
}

/** Type of an item; a message and a reference may leave it out. */
export function typeOf(item: JsonObject, at: string): string {
  const type = readString(item, 'type', at)
  if (type !== undefined) return type
  if (item['role'] !== undefined) return 'message'
  if (Object.keys(item).every((key) => key === 'id' || key === 'type')) return 'item_reference'
  throw wrongType('a string', undefined, `${at}/type`)
}

function checkContent(content: Json | undefined, at: string): void {
  if (typeof content === 'string') return
  if (!Array.isArray(content)) throw wrongType('a string or an array of parts', content, at)
  asArray(content, at).forEach((part, index) => checkPart(part, pointerTo(at, index)))
}

function checkPart(value: Json, at: string): void {
  const part = asObject(value, at)
  const type = requireString(part, 'type', at)
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
    case 'reasoning_text':
      requireString(part, 'text', at)
      readArray(part, 'annotations', at)
      readArray(part, 'logprobs', at)
      return
    case 'refusal':
      requireString(part, 'refusal', at)
      return
    case 'input_image':
    case 'computer_screenshot':
      readString(part, 'detail', at)
      return requireSource(part, at, ['image_url', 'file_id'])
    case 'input_file':
      readString(part, 'filename', at)
      return requireSource(part, at, ['file_data', 'file_url', 'file_id'])
    case 'input_audio': {
      const audio = asObject(ownValue(part, 'input_audio'), `${at}/input_audio`)
      requireString(audio, 'data', `${at}/input_audio`)
      readString(audio, 'format', `${at}/input_audio`)
      return
    }
    case 'output_audio':
      requireString(part, 'data', at)
      readString(part, 'transcript', at)
      return
    default:
      throw new GatewayError({
        class: 'invalid_request',
        code: 'invalid_value',
        param: `${at}/type`,
        message: `Invalid value: '${type.slice(0, 64)}'. Supported values are: ${partTypes.map((word) => `'${word}'`).join(', ')}.`,
      })
  }
}

/** Media has to be somewhere; where it can be is a string each time. */
function requireSource(part: JsonObject, at: string, keys: readonly [string, ...string[]]): void {
  const found = keys.filter((key) => readString(part, key, at) !== undefined)
  if (found.length > 0) return
  throw invalidField(`has to have one of ${keys.map((key) => `"${key}"`).join(', ')}`, at)
}

/** `summary` and `content` of reasoning: lists of texts, or nothing. */
function checkTexts(item: JsonObject, key: string, at: string): void {
  readArray(item, key, at)?.forEach((value, index) => {
    const here = pointerTo(at, key, index)
    const part = asObject(value, here)
    requireString(part, 'text', here)
  })
}

const roles = ['user', 'assistant', 'system', 'developer'] as const
const partTypes: readonly string[] = [
  'input_text',
  'input_image',
  'input_file',
  'input_audio',
  'output_text',
  'output_audio',
  'refusal',
  'computer_screenshot',
]
