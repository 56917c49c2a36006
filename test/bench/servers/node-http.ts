import { Agent, createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'

// What Node alone does: two HTTP messages joined by pipes. No auth, no routing, no bill, no log.
const { upstream } = argumentOf<{ upstream: string }>()
const agent = new Agent({ keepAlive: true, maxSockets: 4096 })

const server = createServer((request, response) => {
  const headers = {
    'content-type': 'application/json',
    'content-length': request.headers['content-length'],
    authorization: 'Bearer upstream',
  }
  const outgoing = send(upstream + request.url, { method: 'POST', agent, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, {
      'content-type': answer.headers['content-type'],
      ...(answer.headers['content-length'] && { 'content-length': answer.headers['content-length'] }),
    })
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  request.pipe(outgoing)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  serveParent(`http://127.0.0.1:${port}`, probe(), () => server.close())
})
