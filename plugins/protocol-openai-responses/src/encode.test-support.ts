import type {
  ClientContext,
  GenerateRequest,
  Json,
  JsonObject,
  LoweredTools,
  Loss,
  Part,
  Turn,
} from '@gantry/core'
import { expect } from 'vitest'
import { encodeRequest } from './client/encode-request.ts'
import { isOwnRequest, ownRequestNote } from './own.ts'
import { attempt } from './recorded.test-support.ts'
import { violations } from './server/schema.test-support.ts'

/** What an encoder made of a request. */
export interface Encoded {
  readonly body: JsonObject
  readonly losses: readonly Loss[]
  /** `what how pointer` of each loss, in order. */
  readonly report: readonly string[]
  readonly lowered: LoweredTools | undefined
  /** `input` as a list. */
  readonly input: readonly JsonObject[]
}

/** Encodes a request of another wire, which has to fit the vendor's schema; what is not given is what most have. */
export function encode(
  request: Partial<GenerateRequest>,
  target: Partial<ClientContext['target']> = {},
): Encoded {
  const context = attempt(target.model, target)
  const { body, lowered, path } = encodeRequest(
    { model: 'asked', stream: false, turns: [user('Hi.')], ...request },
    context,
  )
  expect(path).toBe('/responses')
  // A client of this wire is believed; hosts that take more than the vendor have no schema.
  if (!isOwnRequest(request) && !target.quirks?.['accepts'])
    expect(violations('CreateResponse', withIds(body))).toEqual([])
  return {
    body,
    losses: context.losses,
    report: context.losses.map(({ what, how, pointer }) => `${what} ${how} ${pointer}`),
    lowered,
    input: Array.isArray(body['input']) ? (body['input'] as readonly JsonObject[]) : [],
  }
}

/**
 * The schema knows assistants' lists and thinking only as complete items with ids. Clients send them without, and the
 * vendor takes them: recorded, and what Codex and the AI SDK do.
 */
function withIds(body: JsonObject): JsonObject {
  if (!Array.isArray(body['input'])) return body
  const input = (body['input'] as readonly JsonObject[]).map((item): JsonObject => {
    if (item['type'] === 'reasoning') return { id: 'rs_1', ...item }
    if (item['role'] !== 'assistant' || !Array.isArray(item['content'])) return item
    const content = (item['content'] as readonly JsonObject[]).map((part) =>
      part['type'] === 'output_text' ? { annotations: [], logprobs: [], ...part } : part,
    )
    return { type: 'message', id: 'msg_1', status: 'completed', ...item, content }
  })
  return { ...body, input }
}

/** The same for a request that a client of this wire wrote. */
export function encodeOwn(
  request: Partial<GenerateRequest>,
  target: Partial<ClientContext['target']> = {},
): Encoded {
  const own = { ...request.extra?.['openai-responses'], [ownRequestNote]: true }
  return encode({ ...request, extra: { ...request.extra, 'openai-responses': own } }, target)
}

/** A text of the user's. */
export function user(...parts: readonly (string | Part)[]): Turn {
  return turn('user', ...parts)
}

/** A turn; strings are texts. */
export function turn(role: Turn['role'], ...parts: readonly (string | Part)[]): Turn {
  return {
    role,
    parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  }
}

/** A call of a function. */
export function call(callId: string, name = 'look', args = '{}', more: object = {}): Part {
  return { type: 'tool_call', kind: 'function', callId, name, arguments: args, ...more } as Part
}

/** The result of a call. */
export function result(callId: string, ...parts: readonly (string | Part)[]): Part {
  return {
    type: 'tool_result',
    callId,
    parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  }
}

/** JSON, or the text itself. */
export function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
