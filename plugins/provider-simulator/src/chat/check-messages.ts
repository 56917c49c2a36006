import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import { missing, toolName, wrongType } from '../words.ts'

const roles = ['system', 'assistant', 'user', 'function', 'tool', 'developer']

/** Roles, contents, and that each call is answered directly and each answer has its call. */
export function checkChatMessages(messages: readonly unknown[]): void {
  // Calls of the last assistant message that still wait for their result.
  let open = new Set<string>()
  let answered = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`
    if (!isObject(message)) wrongType(at, 'an object', message)
    if (message.role === undefined) missing(`${at}.role`)
    if (typeof message.role !== 'string' || !roles.includes(message.role)) {
      refuse(
        `Invalid value: '${String(message.role)}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
        `${at}.role`,
        'invalid_value',
      )
    }
    if (message.role === 'tool') {
      const id = message.tool_call_id
      if (id === undefined) missing(`${at}.tool_call_id`)
      if (typeof id !== 'string' || (!open.has(id) && !answered.has(id))) {
        refuse(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${index}].role`,
        )
      }
      open.delete(id)
      answered.add(id)
    } else {
      unanswered(open, index)
      open = new Set(message.role === 'assistant' ? callsOf(message, at) : [])
      answered = new Set()
    }
    checkContent(message, message.role, at)
  }
  unanswered(open, messages.length)
}

function unanswered(open: ReadonlySet<string>, index: number): void {
  if (open.size === 0) return
  refuse(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`,
    `messages.[${index}].role`,
  )
}

function callsOf(message: JsonObject, at: string): readonly string[] {
  const calls = message.tool_calls
  if (absent(calls)) return []
  if (!Array.isArray(calls)) wrongType(`${at}.tool_calls`, 'an array of objects', calls)
  if (calls.length === 0) {
    refuse(
      `Invalid '${at}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      `${at}.tool_calls`,
      'empty_array',
    )
  }
  return calls.map((call: unknown, index) => {
    const where = `${at}.tool_calls[${index}]`
    if (!isObject(call)) wrongType(where, 'an object', call)
    if (typeof call.id !== 'string') missing(`${where}.id`)
    const kind = call.type === 'custom' ? 'custom' : 'function'
    if (call.type === undefined) missing(`${where}.type`)
    const made = call[kind]
    if (!isObject(made)) missing(`${where}.${kind}`)
    toolName(made.name, `${where}.${kind}.name`)
    const input = kind === 'custom' ? 'input' : 'arguments'
    if (typeof made[input] !== 'string') wrongType(`${where}.${kind}.${input}`, 'a string', made[input])
    return call.id
  })
}

/** Part types by role. OpenAI has text alone for everyone but users. */
const partTypes: { readonly [role: string]: readonly string[] } = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
}

function checkContent(message: JsonObject, role: string, at: string): void {
  const { content } = message
  if (absent(content)) {
    const may =
      role === 'assistant' &&
      (message.tool_calls ?? message.refusal ?? message.audio ?? message.function_call)
    if (may || role === 'function') return
    if (content === null && role !== 'assistant')
      wrongType(`${at}.content`, 'one of a string or array of objects', null)
    refuse(
      `Invalid value for 'content': expected a string, got null.`,
      `messages.[${at.slice(9, -1)}].content`,
    )
  }
  if (typeof content === 'string') return
  if (!Array.isArray(content)) wrongType(`${at}.content`, 'one of a string or array of objects', content)
  const allowed = partTypes[role] ?? ['text']
  for (const [index, part] of objects(content).entries()) {
    const where = `${at}.content[${index}]`
    const type = String(part.type)
    if (allowed.includes(type)) {
      if (type === 'text' && typeof part.text !== 'string') missing(`${where}.text`)
      if (type === 'image_url') checkImage(part, where)
      continue
    }
    if (type === 'image_url') {
      refuse(
        `Invalid '${at}'. Image URLs are only allowed for messages with role 'user', but this message with role '${role}' contains an image URL.`,
        at,
        'invalid_value',
      )
    }
    const names = allowed.map((name) => `'${name}'`)
    refuse(
      `Invalid value: '${type}'. Supported values are: ${names.join(', ')}.`,
      `${where}.type`,
      'invalid_value',
    )
  }
  if (objects(content).length !== content.length) wrongType(`${at}.content`, 'an array of objects', content)
}

function checkImage(part: JsonObject, at: string): void {
  const url = isObject(part.image_url) ? part.image_url.url : undefined
  if (typeof url !== 'string') missing(`${at}.image_url.url`)
  if (/^(?:https?:\/\/|data:image\/(?:png|jpe?g|gif|webp);base64,)/i.test(url)) return
  refuse(
    `Invalid '${at}.image_url.url'. Expected a valid URL, but got a value with an invalid format.`,
    `${at}.image_url.url`,
    'invalid_value',
  )
}
