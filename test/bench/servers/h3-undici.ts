import type { IncomingMessage } from 'node:http'
import { type EventHandler, H3, serve } from 'h3'
import { FastResponse } from 'srvx'
import { Pool } from 'undici'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'

// The floor: bytes in, bytes out, the fastest way we know to write it. No auth, no routing, no bill, no log.
const pool = new Pool(argumentOf<{ upstream: string }>().upstream, { connections: 4096 })
const app = new H3()
for (const path of ['/v1/chat/completions', '/v1/messages']) app.post(path, relayTo(path))

function relayTo(path: string): EventHandler {
  const post = {
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer up' },
  }
  return async (event) => {
    const sent = await readBytes(event.req.runtime!.node!.req as IncomingMessage)
    const { statusCode, headers, body } = await pool.request({ ...post, body: sent })
    const type = String(headers['content-type'])
    const answer = type.startsWith('text/event-stream') ? body : Buffer.from(await body.arrayBuffer())
    const init = { status: statusCode, headers: { 'content-type': type } }
    return new FastResponse(answer as ConstructorParameters<typeof FastResponse>[0], init)
  }
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

const server = serve(app, { hostname: '127.0.0.1', port: 0, silent: true, gracefulShutdown: false })
await server.ready()
serveParent(server.url!.replace(/\/$/, ''), probe(), () => server.close(true))
