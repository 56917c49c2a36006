import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { readBody } from './body.ts'
import { digest } from './hash.ts'
import type { ProviderSettings } from './options.ts'
import { WireError } from './refusal.ts'
import { respond, sendJson, wireOf } from './respond.ts'
import type { Simulated } from './respond.ts'
import { responseStore } from './responses/store.ts'
import { promptCounter } from './usage.ts'
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

type Watch = ((request: Omit<Seen, 'ended'>) => Seen['ended']) | undefined

/** The HTTP server of one simulator, not yet listening. */
export function createSimulatorServer(settings: ProviderSettings, seen?: Watch): Server {
  const simulated = { settings, count: promptCounter(settings.cache), store: responseStore() }
  const server = createServer((request, response) => {
    void handle(simulated, seen, request, response)
  })
  // A stand-in for tests should not outlive a client that never finishes its head or body.
  server.headersTimeout = 10_000
  server.requestTimeout = 60_000
  return server
}

async function handle(
  simulated: Simulated,
  seen: Watch,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { seed, maxBodyBytes } = simulated.settings
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
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2)
  const wire = wireOf(path, headers, simulated.settings)
  let hash = digest(seed, method, path)
  try {
    const bytes = await readBody(request, maxBodyBytes)
    hash = digest(seed, method, path, bytes)
    ended = seen?.({ method, path, headers, bytes })
    const query = new URLSearchParams(search)
    await respond(simulated, { method, path, query, headers, bytes, hash, wire }, response, gone.signal)
  } catch (error) {
    if (gone.signal.aborted || response.headersSent) response.destroy()
    else
      sendError(response, wire, error instanceof WireError ? error : new WireError(500, String(error)), hash)
  }
}

function sendError(response: ServerResponse, wire: Wire, error: WireError, hash: string): void {
  // After a body over the limit the connection is of no more use.
  if (error.status === 413) response.setHeader('connection', 'close')
  sendJson(response, error.status, wire.error(error, hash), wire.headers(hash))
}
