import { randomUUID } from 'node:crypto'
import {
  GatewayError,
  type ConversationMemory,
  type Json,
  type JsonObject,
  type SocketCodec,
  type SocketSession,
} from '@gantry/core'
import { echoOf, now, responseObject } from '../server/response-shell.ts'

/** Largest conversation that a connection remembers, in bytes of JSON. */
const mostBytes = 16 * 1024 * 1024

/** What a connection knows of its last answer. */
interface Remembered {
  readonly id: string
  /** The conversation up to it, as JSON: objects would take many times the room between two messages. */
  readonly items: Uint8Array
  readonly base: string | undefined
}

/** The request under way: its conversation, behind the answer `base` that others may know. */
interface Asked {
  readonly items: readonly Json[]
  readonly base: string | undefined
}

/**
 * `GET /responses` as a WebSocket: each `response.create` is a request whose events come back one a message. A connection
 * remembers its own last answer, also with `store: false`, so that clients send only what is new.
 */
export function socket(memory: ConversationMemory): SocketCodec {
  return { path: '/responses', open: () => openSession(memory) }
}

const nothing: Asked = { items: [], base: undefined }

function openSession(memory: ConversationMemory): SocketSession {
  let last: Remembered | undefined
  let asked: Asked = nothing

  const remember = (id: string, items: readonly Json[], base: string | undefined): void => {
    const bytes = Buffer.from(JSON.stringify(items))
    // One that is too long has to be sent whole; the client hears that the answer is not found.
    last = bytes.byteLength > mostBytes ? undefined : { id, items: bytes, base }
  }

  /** An answer that is kept and not ours stays named: only who keeps it knows what came before it. */
  const continued = (body: JsonObject): Asked => {
    const previous = body['previous_response_id']
    const fresh = memory.items(body)
    if (last && previous === last.id) return { items: [...itemsOf(last), ...fresh], base: last.base }
    return { items: fresh, base: typeof previous === 'string' ? previous : undefined }
  }

  return {
    get size() {
      return last?.items.byteLength ?? 0
    },
    forget: () => (last = undefined),
    receive(message) {
      const { type, generate, ...body } = message
      if (type !== 'response.create') throw unknownEvent(type)
      const isNext = last !== undefined && body['previous_response_id'] === last.id
      asked = continued(body)
      const { items, base } = asked
      if (generate === false) {
        const events = warmedUp(body)
        remember(String(events.id), items, base)
        return { events: events.list }
      }
      const request = { ...body, stream: true }
      if (!isNext) return { body: request }
      const whole = memory.withItems(request, items)
      return { body: request, whole: base === undefined ? whole : { ...whole, previous_response_id: base } }
    },
    sent(event) {
      const answer = memory.answer(event)
      if (!answer || isWarmUp(answer.id)) return
      remember(answer.id, [...asked.items, ...answer.items], asked.base)
      asked = nothing
    },
    refused: (status, { error }) => ({ type: 'error', status, error: error ?? null }),
  }
}

function itemsOf({ items }: Remembered): readonly Json[] {
  return JSON.parse(Buffer.from(items).toString('utf8')) as Json[]
}

const warmUpPrefix = 'resp_warm_'

function isWarmUp(id: string): boolean {
  return id.startsWith(warmUpPrefix)
}

/** A request that only brings its input forward: an answer without output, and without cost. */
function warmedUp(body: JsonObject): { readonly id: string; readonly list: readonly JsonObject[] } {
  const id = `${warmUpPrefix}${randomUUID().replaceAll('-', '')}`
  const echo = echoOf({
    wire: {
      method: 'POST',
      path: '/responses',
      params: {},
      headers: new Headers(),
      body: new Uint8Array(),
      json: () => body,
    },
    request: { model: '', stream: true, turns: [] },
    requestId: id,
    report() {},
  })
  const model = typeof body['model'] === 'string' ? body['model'] : ''
  const head = { id, model, createdAt: now(), fields: {} }
  const state = { output: [], error: null, incompleteDetails: null }
  const list = ['created', 'completed'].map((step, index) => ({
    type: `response.${step}`,
    sequence_number: index,
    response: responseObject(echo, head, {
      ...state,
      status: step === 'created' ? 'in_progress' : 'completed',
      usage: step === 'created' ? null : noUsage,
    }),
  }))
  return { id, list }
}

const noUsage: JsonObject = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
}

function unknownEvent(type: Json | undefined): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    code: 'invalid_value',
    param: '/type',
    message: `Invalid value: '${String(type).slice(0, 64)}'. Supported values are: 'response.create'.`,
  })
}
