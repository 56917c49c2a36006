import type { JsonObject } from '@gantry/core'
import { isObject } from '../json.ts'
import { refuse } from '../refusal.ts'
import { verify } from './signature.ts'

/** Fields of the blocks that both ends write; blocks not listed here are the vendor's own and are let through. */
const fields: { readonly [type: string]: readonly string[] } = {
  text: ['type', 'text', 'cache_control', 'citations'],
  image: ['type', 'source', 'cache_control'],
  document: ['type', 'source', 'cache_control', 'citations', 'context', 'title'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
}

const foreign = [
  'image_url',
  'input_text',
  'input_image',
  'output_text',
  'refusal',
  'tool_call',
  'function',
  'function_call',
  'input_audio',
]

/** Refuses a content block that Anthropic would not take. */
export function checkBlock(block: unknown, at: string, role: string): void {
  if (!isObject(block)) refuse(`${at}: Input should be a valid dictionary`)
  if (typeof block.type !== 'string') refuse(`${at}.type: Field required`)
  const { type } = block
  if (foreign.includes(type)) {
    refuse(`${at}: Input tag '${type}' found using 'type' does not match any of the expected tags`)
  }
  const known = fields[type]
  const extra = known && Object.keys(block).find((name) => !known.includes(name))
  if (extra) refuse(`${at}.${type}.${extra}: Extra inputs are not permitted`)
  if (type === 'text') checkText(block, at)
  if (type === 'image') checkImage(block.source, `${at}.image.source`)
  if (type === 'tool_use') checkCall(block, at, role)
  if (type === 'tool_result') checkResult(block, at, role)
  if (type === 'thinking') checkThinking(block, at, role)
}

function checkText(block: JsonObject, at: string): void {
  if (typeof block.text !== 'string') refuse(`${at}.text.text: Field required`)
  if (block.text !== '') return
  if (block.cache_control) refuse(`${at}.text: cache_control cannot be set for empty text blocks`)
  refuse('messages: text content blocks must be non-empty')
}

function checkImage(source: unknown, at: string): void {
  if (!isObject(source)) refuse(`${at}: Field required`)
  if (source.type !== 'base64') return
  if (!['image/jpeg', 'image/png', 'image/gif', 'image/webp'].includes(String(source.media_type))) {
    refuse(`${at}.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`)
  }
  if (typeof source.data !== 'string' || source.data === '') refuse(`${at}.base64.data: Field required`)
  if (!isBase64(source.data)) refuse(`${at}.base64: invalid base64 data`)
}

function isBase64(data: string): boolean {
  return data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data)
}

function checkCall(block: JsonObject, at: string, role: string): void {
  if (role !== 'assistant') refuse(`${at}: \`tool_use\` blocks can only be in \`assistant\` messages`)
  if (typeof block.id !== 'string') refuse(`${at}.tool_use.id: Field required`)
  if (!/^[a-zA-Z0-9_-]+$/.test(block.id)) {
    refuse(`${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`)
  }
  if (typeof block.name !== 'string' || block.name === '') refuse(`${at}.tool_use.name: Field required`)
  if (block.name.length > 200) refuse(`${at}.tool_use.name: String should have at most 200 characters`)
  if (!isObject(block.input)) refuse(`${at}.tool_use.input: Input should be a valid dictionary`)
}

function checkResult(block: JsonObject, at: string, role: string): void {
  if (role !== 'user') refuse(`${at}: \`tool_result\` blocks can only be in \`user\` messages`)
  if (typeof block.tool_use_id !== 'string') refuse(`${at}.tool_result.tool_use_id: Field required`)
  const { content } = block
  if (content === undefined || typeof content === 'string') return
  if (!Array.isArray(content)) refuse(`${at}.tool_result.content: Input should be a valid list`)
  for (const [index, inner] of content.entries())
    checkBlock(inner, `${at}.tool_result.content.${index}`, 'result')
}

function checkThinking(block: JsonObject, at: string, role: string): void {
  if (role !== 'assistant') refuse(`${at}: \`thinking\` blocks can only be in \`assistant\` messages`)
  if (typeof block.thinking !== 'string') refuse(`${at}.thinking.thinking: Field required`)
  if (typeof block.signature !== 'string') refuse(`${at}.thinking.signature: Field required`)
  if (!verify(block.thinking, block.signature)) refuse(`${at}: Invalid \`signature\` in \`thinking\` block`)
}
