import type { Json, JsonObject, Part, Turn } from '@gantry/core'
import { asArray, asObject, ownValue, pointerTo, requireOneOf, wrongType } from '@gantry/core/codec'
import { asString, objectsIn } from '../json.ts'
import { protocolName } from '../name.ts'
import { blockToPart, cacheOf, callerNote, extraOf } from '../parts.ts'
import { checkBlock, resultBlocks, systemBlocks } from './check-blocks.ts'
import { fault } from './own-words.ts'

const turnKeys: ReadonlySet<string> = new Set(['role', 'content'])
const resultKeys: ReadonlySet<string> = new Set([
  'type',
  'tool_use_id',
  'content',
  'is_error',
  'cache_control',
])
const roles = ['user', 'assistant', 'system'] as const

/** Reads `messages`: one turn each, bounded as the client bounded them. Throws `invalid_request` at the field. */
export function decodeMessages(body: JsonObject): readonly Turn[] {
  const messages = asArray(ownValue(body, 'messages'), '/messages')
  if (messages.length === 0) throw fault('/messages', 'at least one message is required')
  return messages.map((value, index) => decodeMessage(value, pointerTo('/messages', index)))
}

/** Reads the top-level `system`: a string or text blocks. */
export function decodeSystem(body: JsonObject): readonly Part[] | undefined {
  const value = ownValue(body, 'system')
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') {
    return value === '' ? undefined : [{ type: 'text', text: value, at: '/system' }]
  }
  if (!Array.isArray(value)) throw wrongType('a string or an array of text blocks', value, '/system')
  const blocks = asArray(value, '/system')
  return blocks.map((one, index) => readBlock(one, pointerTo('/system', index), systemBlocks))
}

function decodeMessage(value: Json, at: string): Turn {
  const message = asObject(value, at)
  const role = requireOneOf(message, 'role', at, roles)
  return { role, parts: contentOf(message, role, at), ...extraOf(message, turnKeys), at }
}

function contentOf(message: JsonObject, role: Turn['role'], at: string): readonly Part[] {
  const content = ownValue(message, 'content')
  const here = pointerTo(at, 'content')
  if (typeof content === 'string') {
    return content === '' && role === 'assistant' ? [] : [{ type: 'text', text: content, at: here }]
  }
  if (!Array.isArray(content)) throw wrongType('a string or an array of blocks', content, here)
  return asArray(content, here).map((one, index) => readBlock(one, pointerTo(here, index)))
}

/** One block as a part, with the place it stands at. */
function readBlock(value: Json, at: string, allowed?: ReadonlySet<string>): Part {
  const block = checkBlock(value, at, allowed)
  switch (block['type']) {
    case 'tool_result':
      return toolResult(block, at)
    case 'search_result':
      return native(block, at, [block['title'], block['source'], ...textsIn(block['content'])])
    case 'tool_reference':
      return native(block, at, [`Tool loaded: ${String(block['tool_name'])}`])
    case 'tool_addition':
      return toolAddition(block, at)
    case 'tool_use':
      return { ...withoutDirectCaller(blockToPart(block), block), at }
    default:
      return { ...blockToPart(block), at }
  }
}

function toolResult(block: JsonObject, at: string): Part {
  const content = block['content']
  const here = pointerTo(at, 'content')
  const isError = block['is_error']
  const text = typeof content === 'string' ? content : undefined
  const parts: readonly Part[] =
    text === undefined
      ? (Array.isArray(content) ? (content as readonly Json[]) : []).map((one, index) =>
          readBlock(one, pointerTo(here, index), resultBlocks),
        )
      : text === ''
        ? []
        : [{ type: 'text', text, at: here }]
  return {
    type: 'tool_result',
    callId: String(block['tool_use_id']),
    parts,
    ...(typeof isError === 'boolean' && { isError }),
    ...cacheOf(block),
    ...extraOf(block, resultKeys),
    at,
  }
}

/** The model itself made the call: the wire says so, other wires only say who else did. */
function withoutDirectCaller(part: Part, block: JsonObject): Part {
  if (part.type !== 'tool_call' || part.caller?.type !== 'direct') return part
  const { caller: _caller, ...call } = part
  const fields = call.extra?.[protocolName]
  return { ...call, extra: { [protocolName]: { ...fields, [callerNote]: block['caller'] } } }
}

/** Tools that were deferred and are announced in the conversation. */
function toolAddition(block: JsonObject, at: string): Part {
  const name =
    asString(asObject(block['tool'], at)['tool_name']) ?? asString(asObject(block['tool'], at)['name'])
  return {
    type: 'tools_added',
    names: name === undefined ? [] : [name],
    native: { protocol: protocolName, value: block },
    ...cacheOf(block),
    at,
  }
}

function native(block: JsonObject, at: string, texts: readonly (Json | undefined)[]): Part {
  return {
    type: 'native',
    native: { protocol: protocolName, value: block },
    text: texts.filter((text) => typeof text === 'string' && text !== '').join('\n'),
    ...cacheOf(block),
    at,
  }
}

function textsIn(content: Json | undefined): readonly (Json | undefined)[] {
  return objectsIn(content).map((block) => block['text'])
}
