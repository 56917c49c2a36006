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

/** Largest conversation that a connection remembers, in characters of JSON. */
const mostCharacters = 16 * 1024 * 1024

/**
 * `GET /responses` as a WebSocket: each `response.create` is a request whose events come back one a message. A connection
 * remembers its own last answer, also with `store: false`, so that clients send only what is new.
 */
export function socket(memory: ConversationMemory): SocketCodec {
  return { path: '/responses', open: () => openSession(memory) }
}

function openSession(memory: ConversationMemory): SocketSession {
  let last: { readonly id: string; readonly items: readonly Json[] } | undefined
  let asked: readonly Json[] = []

  const remember = (id: string, items: readonly Json[]): void => {
    // One that is too long has to be sent whole; the client hears that the answer is not found.
    last = JSON.stringify(items).length > mostCharacters ? undefined : { id, items }
  }

  return {
    receive(message) {
      const { type, generate, ...body } = message
      if (type !== 'response.create') throw unknownEvent(type)
      const isNext = last !== undefined && body['previous_response_id'] === last.id
      asked = isNext ? [...(last?.items ?? []), ...memory.items(body)] : memory.items(body)
      const request = isNext ? memory.withItems(body, asked) : body
      if (generate !== false) return { body: { ...request, stream: true } }
      const events = warmedUp(body)
      remember(String(events.id), asked)
      return { events: events.list }
    },
    sent(event) {
      const answer = memory.answer(event)
      if (answer && !isWarmUp(answer.id)) remember(answer.id, [...asked, ...answer.items])
    },
    refused: (status, { error }) => ({ type: 'error', status, error: error ?? null }),
  }
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
