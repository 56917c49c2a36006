import type { Json, JsonObject } from '@gantry/core'
import {
  asArray,
  asObject,
  ownValue,
  pointerTo,
  readArray,
  readBoolean,
  readObject,
  readString,
  requireArray,
  requireObject,
  requireString,
  wrongType,
} from '@gantry/core/codec'
import { unknownTag } from './own-words.ts'

/**
 * Refuses a content block that cannot mean anything: a type nobody knows, a field of the wrong type. Fields nobody knows
 * pass. Throws `invalid_request` that points at the field.
 */
export function checkBlock(value: Json, at: string, allowed?: ReadonlySet<string>): JsonObject {
  const block = asObject(value, at)
  const type = requireString(block, 'type', at)
  const check = checks.get(type)
  const isKnown = check !== undefined || isServerResult(type)
  if (!isKnown || (allowed && !allowed.has(type))) {
    throw unknownTag(at, type, allowed ?? [...checks.keys(), ...serverResults])
  }
  readObject(block, 'cache_control', at)
  if (check) check(block, at)
  else requireString(block, 'tool_use_id', at)
  return block
}

/** Blocks inside the result of a tool. */
export const resultBlocks: ReadonlySet<string> = new Set([
  'text',
  'image',
  'document',
  'search_result',
  'tool_reference',
])

/** Blocks inside a document that is made of blocks. */
export const documentBlocks: ReadonlySet<string> = new Set(['text', 'image'])

/** Blocks of the top-level `system`. */
export const systemBlocks: ReadonlySet<string> = new Set(['text'])

type Check = (block: JsonObject, at: string) => void

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  [
    'text',
    (block, at) => {
      requireString(block, 'text', at)
      readArray(block, 'citations', at)
    },
  ],
  ['image', (block, at) => checkSource(block, at, ['base64', 'url', 'file'])],
  [
    'document',
    (block, at) => {
      checkSource(block, at, ['base64', 'text', 'url', 'file', 'content'])
      readString(block, 'title', at)
    },
  ],
  [
    'search_result',
    (block, at) => {
      requireString(block, 'source', at)
      requireString(block, 'title', at)
      const here = pointerTo(at, 'content')
      requireArray(block, 'content', at).forEach((one, index) =>
        checkBlock(one, pointerTo(here, index), systemBlocks),
      )
    },
  ],
  [
    'thinking',
    (block, at) => {
      requireString(block, 'thinking', at)
      readString(block, 'signature', at)
    },
  ],
  ['redacted_thinking', (block, at) => void requireString(block, 'data', at)],
  [
    'tool_use',
    (block, at) => {
      checkCall(block, at)
      readObject(block, 'caller', at)
    },
  ],
  [
    'tool_result',
    (block, at) => {
      requireString(block, 'tool_use_id', at)
      readBoolean(block, 'is_error', at)
      const content = ownValue(block, 'content')
      if (content === undefined || content === null || typeof content === 'string') return
      if (!Array.isArray(content))
        throw wrongType('a string or an array of blocks', content, pointerTo(at, 'content'))
    },
  ],
  ['server_tool_use', (block, at) => checkCall(block, at)],
  ['mcp_tool_use', (block, at) => checkCall(block, at)],
  ['container_upload', (block, at) => void requireString(block, 'file_id', at)],
  [
    'compaction',
    (block, at) => {
      readString(block, 'content', at)
      readString(block, 'encrypted_content', at)
    },
  ],
  ['tool_reference', (block, at) => void requireString(block, 'tool_name', at)],
  ['tool_addition', (block, at) => void requireObject(block, 'tool', at)],
  ['tool_removal', (block, at) => void requireObject(block, 'tool', at)],
])

/** Results of tools that Anthropic runs; new ones appear with new tools. */
const serverResults: readonly string[] = [
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'mcp_tool_result',
  'advisor_tool_result',
]

function isServerResult(type: string): boolean {
  return /^[a-z][a-z0-9_]{0,60}_tool_result$/.test(type)
}

function checkCall(block: JsonObject, at: string): void {
  requireString(block, 'id', at)
  requireString(block, 'name', at)
  readObject(block, 'input', at)
}

/** Where the data of each source stands. */
const sourceFields: { readonly [type: string]: string } = {
  base64: 'data',
  text: 'data',
  url: 'url',
  file: 'file_id',
}

function checkSource(block: JsonObject, at: string, types: readonly string[]): void {
  const source = requireObject(block, 'source', at)
  const here = pointerTo(at, 'source')
  const type = requireString(source, 'type', here)
  if (!types.includes(type)) throw unknownTag(here, type, types)
  readString(source, 'media_type', here)
  const field = sourceFields[type]
  if (field !== undefined) {
    requireString(source, field, here)
    return
  }
  const content = ownValue(source, 'content')
  if (typeof content === 'string') return
  const inner = pointerTo(here, 'content')
  asArray(content, inner).forEach((one, index) => checkBlock(one, pointerTo(inner, index), documentBlocks))
}
