import type { IncomingMessage } from 'node:http'
import { H3, serve } from 'h3'
import { FastResponse } from 'srvx'
import { Pool } from 'undici'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'

// The floor: bytes in, bytes out, the fastest way we know to write it. No auth, no routing, no bill, no log.
const pool = new Pool(argumentOf<{ upstream: string }>().upstream, { connections: 256 })
const app = new H3().post('/v1/chat/completions', async (event) => {
  const { statusCode, headers, body } = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer upstream' },
    body: await readBytes(event.req.runtime!.node!.req as IncomingMessage),
  })
  const type = String(headers['content-type'])
  const answer = type.startsWith('text/event-stream') ? body : Buffer.from(await body.arrayBuffer())
  const init = { status: statusCode, headers: { 'content-type': type } }
  return new FastResponse(answer as ConstructorParameters<typeof FastResponse>[0], init)
})

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
