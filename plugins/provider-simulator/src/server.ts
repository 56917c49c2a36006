import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { answer } from './answer.ts'
import { parseBody, readBody } from './body.ts'
import { chatWire } from './chat/index.ts'
import { digest } from './hash.ts'
import { messagesWire } from './messages/index.ts'
import { checkAlternation } from './messages/check-turns.ts'
import { listModels, unknownModel } from './models.ts'
import type { ProviderSettings, SimulatorProtocol } from './options.ts'
import { WireError } from './refusal.ts'
import { faultStatus } from './status.ts'
import { stall, transmit, transmitWhole } from './transmit.ts'
import { promptCounter } from './usage.ts'
import type { PromptCounter } from './usage.ts'
import type { Wire } from './wire.ts'

/** What the server does with each request that has arrived. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly bytes: Buffer
  /** Called once, when the connection has done with it. */
  ended(how: 'completed' | 'aborted', status: number): void
}

/** The HTTP server of one simulator, not yet listening. */
export function createSimulatorServer(
  settings: ProviderSettings,
  seen?: (request: Omit<Seen, 'ended'>) => Seen['ended'],
): Server {
  const count = promptCounter(settings.cache)
  const server = createServer((request, response) => {
    void handle({ settings, count, seen }, request, response)
  })
  // A stand-in for tests should not outlive a client that never finishes its head or body.
  server.headersTimeout = 10_000
  server.requestTimeout = 60_000
  return server
}

interface Simulated {
  readonly settings: ProviderSettings
  readonly count: PromptCounter
  readonly seen: ((request: Omit<Seen, 'ended'>) => Seen['ended']) | undefined
}

const wires: { readonly [name in SimulatorProtocol]: Wire } = {
  'openai-chat': chatWire,
  'anthropic-messages': messagesWire,
}

async function handle(
  simulated: Simulated,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  let ended: Seen['ended'] | undefined
  response.on('close', () => {
    gone.abort()
    ended?.(response.writableFinished ? 'completed' : 'aborted', response.statusCode)
  })
  response.on('error', () => {})
  // The date would be the one thing that differs between two equal answers.
  response.sendDate = false
  const headers = new Headers()
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    headers.append(request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? '')
  }
  const method = request.method ?? 'GET'
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  const wire = wireOf(path, headers, simulated.settings)
  let hash = digest(simulated.settings.seed, method, path)
  try {
    const bytes = await readBody(request, simulated.settings.maxBodyBytes)
    hash = digest(simulated.settings.seed, method, path, bytes)
    ended = simulated.seen?.({ method, path, headers, bytes })
    await respond(simulated, { method, path, headers, bytes, hash, wire }, response, gone.signal)
  } catch (error) {
    if (gone.signal.aborted || response.headersSent) response.destroy()
    else
      sendError(response, wire, error instanceof WireError ? error : new WireError(500, String(error)), hash)
  }
}

interface Arrived extends Omit<Seen, 'ended'> {
  readonly hash: string
  readonly wire: Wire
}

async function respond(
  { settings, count }: Simulated,
  arrived: Arrived,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { method, path, headers, hash, wire } = arrived
  const at = path.replace(/^\/v1(?=\/)/, '')
  const anthropic = wire === messagesWire
  const counting = at === '/messages/count_tokens' && settings.speaks.includes('anthropic-messages')
  authorize(headers, settings, anthropic)
  if (method === 'GET' && (at === '/models' || at.startsWith('/models/'))) {
    const id = at === '/models' ? undefined : decoded(at.slice('/models/'.length))
    return sendJson(response, 200, listModels(settings.models, id, anthropic), wire.headers(hash))
  }
  if (method !== 'POST' || (at !== wire.path && !counting)) {
    throw new WireError(404, anthropic ? 'Not Found' : `Invalid URL (${method} ${path})`)
  }
  const body = parseBody(arrived.bytes, wire.path)
  wire.check(counting ? { max_tokens: 1, ...body } : body, headers)
  if (settings.strictRoles && anthropic) checkAlternation(body)
  const asked = wire.read(body)
  const prompt = settings.always === '' ? asked : { ...asked, text: `${settings.always}\n${asked.text}` }
  if (settings.models && !settings.models.includes(prompt.model)) throw unknownModel(prompt.model, anthropic)
  const usage = count(prompt)
  if (counting) return sendJson(response, 200, { input_tokens: usage.total }, wire.headers(hash))
  const made = answer(prompt, settings.seed)
  const reply = { prompt, body, answer: made, usage, hash }
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
  if (prompt.stream) {
    response.setHeader('cache-control', 'no-cache')
    return transmit(response, wire.frames(reply), fault, wire.streamError(hash), pace)
  }
  if (fault?.kind === 'error') throw faultStatus({ kind: 'status', status: 500 }, anthropic)
  return transmitWhole(response, JSON.stringify(wire.whole(reply)), made.outputTokens, fault, pace)
}

/** The wire by its path; for paths both have, by the header every Anthropic client sends. */
function wireOf(path: string, headers: Headers, { speaks }: ProviderSettings): Wire {
  const served = speaks.map((name) => wires[name])
  const byPath = served.find((wire) => path.includes(wire.path))
  if (byPath) return byPath
  if (headers.has('anthropic-version') && served.includes(messagesWire)) return messagesWire
  return served[0] ?? chatWire
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

function sendError(response: ServerResponse, wire: Wire, error: WireError, hash: string): void {
  // After a body over the limit the connection is of no more use.
  if (error.status === 413) response.setHeader('connection', 'close')
  sendJson(response, error.status, wire.error(error, hash), wire.headers(hash))
}

function sendJson(
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

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
