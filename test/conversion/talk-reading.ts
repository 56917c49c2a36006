import type { Json, JsonObject } from '@gantry/core'
import { stringifyLossless } from '@gantry/core/codec'
import type { Wire } from './reading.ts'

/** What a body of a conversation says, in order and without the shapes of its wire. */
export type Atom =
  | { readonly is: 'system' | 'user' | 'assistant'; readonly text: string }
  | { readonly is: 'image'; readonly data: string }
  /** `arguments` as text; an object is written as JSON. */
  | { readonly is: 'call'; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly is: 'result'; readonly id: string; readonly text: string; readonly isError: boolean }

/** A conversation as it is read from the body of a request. */
export interface TalkReading {
  readonly atoms: readonly Atom[]
  /** Names of the tools that are declared. */
  readonly tools: readonly string[]
}

/** Reads the body of a request. Thinking is not looked at: it goes to its issuer only. */
export function readTalk(wire: Wire, body: JsonObject): TalkReading {
  if (wire === 'openai-chat') return readChat(body)
  return wire === 'openai-responses' ? readResponses(body) : readMessages(body)
}

function readChat(body: JsonObject): TalkReading {
  const atoms = objects(body['messages']).flatMap((message): readonly Atom[] => {
    const { role } = message
    if (role === 'tool') {
      const text = textOf(message['content'])
      return [{ is: 'result', id: String(message['tool_call_id']), text, isError: false }]
    }
    const calls = objects(message['tool_calls']).map((call): Atom => {
      const { name, arguments: written } = call['function'] as JsonObject
      return { is: 'call', id: String(call['id']), name: String(name), arguments: String(written) }
    })
    return [...saidIn(role, message['content']), ...calls]
  })
  return {
    atoms,
    tools: objects(body['tools']).map((tool) => String((tool['function'] as JsonObject)['name'])),
  }
}

function readResponses(body: JsonObject): TalkReading {
  const atoms = objects(body['input']).flatMap((item): readonly Atom[] => {
    if (item['type'] === 'function_call') {
      const { call_id: id, name, arguments: written } = item
      return [{ is: 'call', id: String(id), name: String(name), arguments: String(written) }]
    }
    if (item['type'] === 'function_call_output') {
      return [{ is: 'result', id: String(item['call_id']), text: textOf(item['output']), isError: false }]
    }
    return item['type'] === 'reasoning' ? [] : saidIn(item['role'], item['content'])
  })
  const { instructions } = body
  return {
    atoms: typeof instructions === 'string' ? [{ is: 'system', text: instructions }, ...atoms] : atoms,
    tools: objects(body['tools']).map(({ name }) => String(name)),
  }
}

function readMessages(body: JsonObject): TalkReading {
  const atoms = objects(body['messages']).flatMap(({ role, content }) =>
    (typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content)).flatMap(
      (block): readonly Atom[] => {
        if (block.type === 'tool_use') {
          const { id, name, input } = block as JsonObject
          return [
            { is: 'call', id: String(id), name: String(name), arguments: stringifyLossless(input ?? null) },
          ]
        }
        if (block.type === 'tool_result') {
          const { tool_use_id: id, content: told, is_error } = block as JsonObject
          return [{ is: 'result', id: String(id), text: textOf(told), isError: is_error === true }]
        }
        return saidIn(role, [block as JsonObject])
      },
    ),
  )
  return {
    atoms: [...saidIn('system', body['system']), ...atoms],
    tools: objects(body['tools']).map(({ name }) => String(name)),
  }
}

/** Text and pictures of a message; each text part by itself. */
function saidIn(role: Json | undefined, content: Json | undefined): readonly Atom[] {
  const is = role === 'assistant' || role === 'user' ? role : 'system'
  if (typeof content === 'string') return content === '' ? [] : [{ is, text: content }]
  return objects(content).flatMap((part): readonly Atom[] => {
    if (typeof part['text'] === 'string') return [{ is, text: part['text'] }]
    if (part['type'] === 'thinking') return []
    return [{ is: 'image', data: pictureIn(part) }]
  })
}

function pictureIn(part: JsonObject): string {
  const { image_url: url, source } = part
  const address = typeof url === 'object' ? (url as JsonObject | null)?.['url'] : url
  if (typeof address === 'string') return address.replace('data:image/png;base64,', '')
  return String((source as JsonObject | undefined)?.['data'])
}

function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content
  return objects(content)
    .map(({ text }) => String(text))
    .join('')
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : []
}
