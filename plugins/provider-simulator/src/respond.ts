import type { ServerResponse } from 'node:http'
import type { JsonObject } from '@gantry/core'
import { answer } from './answer.ts'
import { parseBody } from './body.ts'
import { chatWire } from './chat/index.ts'
import { checkAlternation } from './messages/check-turns.ts'
import { messagesWire } from './messages/index.ts'
import { listModels } from './models.ts'
import type { ProviderSettings, SimulatorProtocol } from './options.ts'
import { WireError } from './refusal.ts'
import { responsesWire } from './responses/index.ts'
import { itemsOf } from './responses/items.ts'
import { keptAnswer } from './responses/kept.ts'
import { responseId } from './responses/response.ts'
import { recall } from './responses/store.ts'
import type { ResponseStore } from './responses/store.ts'
import { faultStatus } from './status.ts'
import { stall, transmit, transmitWhole } from './transmit.ts'
import type { PromptCounter } from './usage.ts'
import type { Operation, Reply, Wire } from './wire.ts'

/** What answering needs besides the request. */
export interface Simulated {
  readonly settings: ProviderSettings
  readonly count: PromptCounter
  readonly store: ResponseStore
}

/** A request whose body has come. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly bytes: Buffer
  readonly hash: string
  readonly wire: Wire
}

const wires: { readonly [name in SimulatorProtocol]: Wire } = {
  'openai-chat': chatWire,
  'openai-responses': responsesWire,
  'anthropic-messages': messagesWire,
}

/** The wire by its path; for paths several have, by the header every Anthropic client sends. */
export function wireOf(path: string, headers: Headers, { speaks }: ProviderSettings): Wire {
  const served = speaks.map((name) => wires[name])
  const byPath = served.find((wire) => path.includes(wire.path))
  if (byPath) return byPath
  if (headers.has('anthropic-version') && served.includes(messagesWire)) return messagesWire
  return served[0] ?? chatWire
}

/** Answers one request, at its pace; throws a `WireError` for what the vendor refuses. */
export async function respond(
  simulated: Simulated,
  arrived: Arrived,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { settings, store } = simulated
  const { method, path, query, headers, hash, wire } = arrived
  const at = path.replace(/^\/v1(?=\/)/, '')
  const anthropic = wire === messagesWire
  authorize(headers, settings, anthropic)
  if (method === 'GET' && (at === '/models' || at.startsWith('/models/'))) {
    const id = at === '/models' ? undefined : decoded(at.slice('/models/'.length))
    return sendJson(response, 200, listModels(settings.models, id, anthropic, query), wire.headers(hash))
  }
  if (wire === responsesWire) {
    if (method === 'GET' && at === wire.path && headers.has('upgrade')) {
      // Clients that would rather have a WebSocket take this for a host without one, and no other status.
      throw new WireError(426, 'WebSockets are not supported here. Use POST.')
    }
    const kept = keptAnswer(store, method, at, query)
    if (kept && 'body' in kept) return sendJson(response, 200, kept.body, wire.headers(hash))
    if (kept) return sendEvents(response, kept.events, wire.headers(hash))
  }
  const operation = at === wire.path ? 'generate' : wire.also?.[at]
  if (method !== 'POST' || operation === undefined) {
    throw new WireError(404, anthropic ? 'Not Found' : `Invalid URL (${method} ${path})`)
  }
  await generate(simulated, { ...arrived, operation }, response, signal)
}

async function generate(
  { settings, count, store }: Simulated,
  { bytes, headers, hash, wire, operation }: Arrived & { readonly operation: Operation },
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const anthropic = wire === messagesWire
  const given = parseBody(bytes, wire.path)
  wire.check(given, headers, operation)
  if (settings.strictRoles && anthropic) checkAlternation(given)
  const body = wire === responsesWire ? recall(given, store) : given
  const asked = wire.read(body, operation)
  const prompt = settings.always === '' ? asked : { ...asked, text: `${settings.always}\n${asked.text}` }
  if (settings.models && !settings.models.includes(prompt.model)) throw wire.unknownModel(prompt.model)
  const usage = count(prompt)
  if (operation === 'count') return sendJson(response, 200, wire.counted(usage.total), wire.headers(hash))
  const made = answer(prompt, settings.seed)
  const reply: Reply = { prompt, body, operation, answer: made, usage, hash }
  const { fault } = made
  const pace = { ...settings, signal }
  if (fault?.kind === 'status') {
    if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter)
    throw faultStatus(fault, anthropic)
  }
  if (fault?.kind === 'stall' && (fault.after === undefined || !prompt.stream)) return stall(response, pace)
  if (fault?.kind === 'cut' && fault.after === undefined) return void response.destroy()
  for (const [name, value] of Object.entries(wire.headers(hash))) response.setHeader(name, value)
  if (fault?.kind === 'html') {
    response.writeHead(fault.status, { 'content-type': 'text/html' })
    return void response.end('<!doctype html><html><body><h1>Not the API</h1></body></html>\n')
  }
  response.setHeader('content-type', prompt.stream ? 'text/event-stream; charset=utf-8' : 'application/json')
  if (fault?.kind === 'blank') return void response.end()
  if (wire === responsesWire && !fault) keep(store, reply, body)
  if (prompt.stream) {
    response.setHeader('cache-control', 'no-cache')
    const failed = (error: Parameters<Wire['streamError']>[1], written: number): string =>
      wire.streamError(reply, error, written)
    return transmit(response, wire.frames(reply), fault, failed, pace)
  }
  if (fault?.kind === 'error') throw faultStatus({ kind: 'status', status: 500 }, anthropic)
  return transmitWhole(response, JSON.stringify(wire.whole(reply)), made.outputTokens, fault, pace)
}

/** An answer is kept unless the client forbids it; one that goes wrong is nobody's parent. */
function keep(store: ResponseStore, reply: Reply, body: JsonObject): void {
  if (body.store === false || reply.operation !== 'generate') return
  const input = Array.isArray(body.input) ? body.input : []
  store.save(responseId(reply), { reply, input, output: itemsOf(reply).map((item) => item.done) })
}

function authorize(headers: Headers, { apiKeys, deadKeys }: ProviderSettings, anthropic: boolean): void {
  if (apiKeys.length === 0) return
  const bearer = /^bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const given = anthropic ? (headers.get('x-api-key') ?? bearer) : bearer
  if (given !== undefined && apiKeys.includes(given) && !deadKeys.includes(given)) return
  if (anthropic)
    throw new WireError(401, given === undefined ? 'x-api-key header is required' : 'invalid x-api-key')
  if (given === undefined) {
    throw new WireError(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )
  }
  const shown = `${given.slice(0, 3)}${'*'.repeat(8)}${given.length > 12 ? given.slice(-4) : ''}`
  throw new WireError(
    401,
    `Incorrect API key provided: ${shown}. You can find your API key at https://platform.openai.com/account/api-keys.`,
  )
}

/** Sends a body whole. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: { readonly [name: string]: string },
): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

function sendEvents(
  response: ServerResponse,
  events: readonly string[],
  headers: { readonly [name: string]: string },
): void {
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' })
  response.end(events.join(''))
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
