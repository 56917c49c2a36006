import { GatewayError, type Json, type JsonObject, type Part, type Turn } from '@gantry/core'
import {
  asArray,
  asObject,
  asString,
  isObject,
  ownValue,
  readArray,
  readString,
  requireObject,
  requireOneOf,
  requireString,
  wrongType,
} from '@gantry/core/codec'
import { decodeAssistant, decodeContent, extraOf, restOfMessage } from '../message.ts'
import { type Draft } from '../own.ts'

/** Reads `messages`; each message is one turn. Throws `invalid_request` naming the field. */
export function decodeMessages(body: JsonObject): readonly Turn[] {
  const value = ownValue(body, 'messages')
  if (value === undefined || value === null) throw missing('messages')
  const messages = asArray(value, '/messages')
  if (messages.length === 0) {
    throw new GatewayError({
      class: 'invalid_request',
      code: 'empty_array',
      param: 'messages',
      message:
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    })
  }
  /** Ids given to calls of the old `function_call`, by function name. */
  const legacy = new Map<string, string>()
  return messages.map((message, index) =>
    decodeMessage(asObject(message, `/messages/${index}`), index, legacy),
  )
}

function decodeMessage(message: JsonObject, index: number, legacy: Map<string, string>): Turn {
  const at = `/messages/${index}`
  const role = requireOneOf(message, 'role', at, roles)
  const name = readString(message, 'name', at)
  checkContent(message['content'], `${at}/content`)
  const head = { ...(name !== undefined && { name }), at }
  if (role === 'assistant') return { role, ...head, ...assistant(message, at, index, legacy) }
  const rest = restOfMessage(message)
  if (role === 'tool' || role === 'function') {
    const callId =
      role === 'tool'
        ? requireString(message, 'tool_call_id', at)
        : (legacy.get(name ?? '') ?? `call_${name ?? index}`)
    if (role === 'function') rest['$role'] = role
    return {
      role: 'tool',
      ...head,
      parts: [
        {
          type: 'tool_result',
          callId,
          ...(name !== undefined && { name }),
          parts: decodeContent(message['content'], `${at}/content`),
          at,
        },
      ],
      ...extraOf(rest),
    }
  }
  const content = message['content']
  const parts: Part[] =
    content === ''
      ? [{ type: 'text', text: '', at: `${at}/content` }]
      : decodeContent(content, `${at}/content`)
  if (content === undefined || content === null)
    throw wrongType('a string or an array of parts', content, `${at}/content`)
  return { role, ...head, parts, ...extraOf(noteList(rest, content)) }
}

function assistant(
  message: JsonObject,
  at: string,
  index: number,
  legacy: Map<string, string>,
): Pick<Turn, 'parts' | 'extra'> {
  readString(message, 'refusal', at)
  readString(message, 'reasoning_content', at)
  readArray(message, 'tool_calls', at)?.forEach((call, position) =>
    checkCall(call, `${at}/tool_calls/${position}`),
  )
  const { parts, rest } = decodeAssistant(message, (position) => `call_${index}_${position}`, at)
  const old = message['function_call']
  if (isObject(old)) legacy.set(requireString(old, 'name', `${at}/function_call`), lastCallId(parts))
  return { parts, ...extraOf(noteList(rest, message['content'])) }
}

/** A list of several texts stays a list for the same protocol; one plain text may be written as a string. */
function noteList(rest: Draft, content: Json | undefined): Draft {
  return Array.isArray(content) && content.length > 1 ? { ...rest, $list: true } : rest
}

function lastCallId(parts: readonly Part[]): string {
  const last = parts.findLast((part) => part.type === 'tool_call')
  return last?.type === 'tool_call' ? last.callId : ''
}

function checkContent(content: Json | undefined, at: string): void {
  if (content === undefined || content === null || typeof content === 'string') return
  if (!Array.isArray(content)) throw wrongType('a string or an array of parts', content, at)
  asArray(content, at).forEach((value, index) => {
    const here = `${at}/${index}`
    const part = asObject(value, here)
    switch (requireString(part, 'type', here)) {
      case 'text':
        requireString(part, 'text', here)
        break
      case 'refusal':
        requireString(part, 'refusal', here)
        break
      case 'image_url':
        if (typeof part['image_url'] !== 'string') {
          requireString(requireObject(part, 'image_url', here), 'url', `${here}/image_url`)
        }
        break
      case 'input_audio':
        requireString(requireObject(part, 'input_audio', here), 'data', `${here}/input_audio`)
        break
      case 'file':
        checkFile(requireObject(part, 'file', here), `${here}/file`)
        break
      default:
    }
  })
}

function checkFile(file: JsonObject, at: string): void {
  readString(file, 'file_id', at)
  readString(file, 'filename', at)
  if (typeof file['file_id'] !== 'string') requireString(file, 'file_data', at)
}

function checkCall(value: Json, at: string): void {
  const call = asObject(value, at)
  readString(call, 'id', at)
  const field = call['type'] === 'custom' ? 'custom' : 'function'
  const made = requireObject(call, field, at)
  requireString(made, 'name', `${at}/${field}`)
  const text = made[field === 'custom' ? 'input' : 'arguments']
  if (text !== undefined && text !== null && !isObject(text)) {
    asString(text, `${at}/${field}/${field === 'custom' ? 'input' : 'arguments'}`)
  }
}

function missing(param: string): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    code: 'missing_required_parameter',
    param,
    message: `Missing required parameter: '${param}'.`,
  })
}

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const
