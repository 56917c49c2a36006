import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../model/index.ts'
import type { SocketSession } from '../contract/index.ts'
import { createShared, createShell, createSockets, serve, type GatewayServer } from './index.ts'
import type { ShellLimits } from './limits.ts'
import { fakeKernel, route, type FakeHandler, type FakeKernel } from './testing.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

const socketRoute = route('POST', '/responses')

function session(): SocketSession {
  return {
    receive(message) {
      if (message['type'] === 'hello') return { events: [{ type: 'welcome' }] }
      const { type, ...body } = message
      return { body: { ...body, asked: type ?? null } }
    },
    sent() {},
    refused: (status, body) => ({ type: 'error', status, ...body }),
  }
}

const events: FakeHandler = async (incoming) => {
  const { n } = JSON.parse(Buffer.from(await incoming.body()).toString('utf8')) as { n: number }
  const body = new PassThrough()
  body.write(': ping\n\n')
  body.write(`event: a\ndata: {"type":"a","n":${n}}\n\n`)
  setTimeout(() => body.end(`data: {"type":"b","n":${n}}\n\ndata: [DONE]\n\n`), 5)
  return { status: 200, headers: {}, body }
}

interface Started {
  readonly server: GatewayServer
  readonly kernel: FakeKernel
}

async function start(
  handle: FakeHandler = events,
  more: Partial<FakeKernel> = {},
  limits: Partial<ShellLimits> = {},
): Promise<Started> {
  const sockets = [{ route: socketRoute, codec: { path: '/responses', open: session } }]
  const kernel = { ...fakeKernel({ handle, sockets, server: { maxBodyBytes: 64 * 1024 } }), ...more }
  const shared = createShared(limits)
  const server = await serve(
    { fetch: createShell(() => kernel, undefined, shared), sockets: createSockets(kernel, shared) },
    { port: 0 },
  )
  cleanups.push(() => server.close({ drainTimeoutMs: 0 }))
  return { server, kernel }
}

interface Client {
  readonly socket: WebSocket
  readonly received: JsonObject[]
  readonly closed: Promise<CloseEvent>
}

async function open(server: GatewayServer, path = '/v1/responses'): Promise<Client> {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path)
  cleanups.push(() => socket.close())
  const received: JsonObject[] = []
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
  socket.addEventListener('message', ({ data }) => received.push(JSON.parse(String(data)) as JsonObject))
  await once(socket, 'open')
  return { socket, received, closed }
}

/** Status and body of a refused upgrade. */
async function upgrade(
  server: GatewayServer,
  path: string,
  headers: { [name: string]: string } = {},
): Promise<{ status: number; body: string; id?: string }> {
  const asking = httpRequest(server.url + path, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  }).end()
  const response = await new Promise<IncomingMessage>((resolve) => {
    asking.on('response', resolve)
    asking.on('upgrade', (taken, socket: Socket) => {
      socket.destroy()
      resolve(taken)
    })
  })
  if (response.statusCode === 101) return { status: 101, body: '' }
  let body = ''
  for await (const chunk of response) body += String(chunk)
  const id = response.headers['x-request-id']
  return { status: response.statusCode ?? 0, body, ...(typeof id === 'string' && { id }) }
}

describe('WebSockets', () => {
  it('runs each message as a request of its own and sends the events of its stream', async () => {
    const { server, kernel } = await start()
    const { socket, received } = await open(server)
    socket.send(JSON.stringify({ type: 'create', n: 1 }))
    socket.send(JSON.stringify({ type: 'create', n: 2 }))
    await vi.waitFor(() => expect(received).toHaveLength(4))
    expect(received).toEqual([
      { type: 'a', n: 1 },
      { type: 'b', n: 1 },
      { type: 'a', n: 2 },
      { type: 'b', n: 2 },
    ])
    const ids = kernel.seen.map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    expect(kernel.seen.map(({ path, method }) => `${method} ${path}`)).toEqual([
      'POST /responses',
      'POST /responses',
    ])
  })

  it('answers at once what needs no request', async () => {
    const { server, kernel } = await start()
    const { socket, received } = await open(server)
    socket.send(JSON.stringify({ type: 'hello' }))
    await vi.waitFor(() => expect(received).toEqual([{ type: 'welcome' }]))
    expect(kernel.seen).toEqual([])
  })

  it.each([
    ['no JSON', 'no'],
    ['no object', '[1]'],
    ['nested too deep', `${'['.repeat(70)}${']'.repeat(70)}`],
  ])('says what is wrong with a message that is %s, and goes on', async (_name, text) => {
    const { server } = await start()
    const { socket, received } = await open(server)
    socket.send(text)
    socket.send(JSON.stringify({ n: 3 }))
    await vi.waitFor(() => expect(received).toHaveLength(3))
    expect(received[0]).toMatchObject({ type: 'error', status: 400, error: { message: expect.any(String) } })
    expect(received[2]).toEqual({ type: 'b', n: 3 })
  })

  it('refuses an upgrade as auth says, on a path that has none, and where none is served', async () => {
    const { server } = await start(events, {
      admit: async () => ({
        status: 401,
        headers: { 'content-type': 'application/json' },
        body: '{"error":{"message":"no key"}}',
      }),
    })
    expect(await upgrade(server, '/v1/responses')).toMatchObject({
      status: 401,
      body: '{"error":{"message":"no key"}}',
    })
    expect((await upgrade(server, '/v1/chat/completions')).status).toBe(426)
    expect((await upgrade(server, '/nothing')).status).toBe(426)
    const plain = await serve({ fetch: createShell(() => fakeKernel()) }, { port: 0 })
    cleanups.push(() => plain.close({ drainTimeoutMs: 0 }))
    expect((await upgrade(plain, '/v1/responses')).status).toBe(426)
  })

  it('closes a connection whose message is too large, with the code for it', async () => {
    const { server } = await start()
    const { socket, closed } = await open(server)
    socket.send(JSON.stringify({ text: 'x'.repeat(100_000) }))
    expect((await closed).code).toBe(1009)
    expect((await upgrade(server, '/nothing')).status).toBe(426)
  })

  it('bounds what waits on all connections together', async () => {
    const { server } = await start(() => new Promise(() => {}), {}, { maxInFlightBodyBytes: 100_000 })
    const { socket, closed } = await open(server)
    for (let n = 0; n < 4; n++) socket.send(JSON.stringify({ text: 'x'.repeat(40_000) }))
    expect((await closed).code).toBe(1013)
    // What it held is free again.
    const other = await open(server)
    other.socket.send(JSON.stringify({ type: 'hello', text: 'x'.repeat(40_000) }))
    await vi.waitFor(() => expect(other.received).toEqual([{ type: 'welcome' }]))
  })

  it('bounds what all connections together remember', async () => {
    const forgotten: string[] = []
    const remembering = (): SocketSession => ({
      ...session(),
      size: 40_000,
      forget: () => void forgotten.push('one'),
    })
    const { server } = await start(
      events,
      { sockets: [{ route: socketRoute, codec: { path: '/responses', open: remembering } }] },
      { maxInFlightBodyBytes: 100_000 },
    )
    const first = await open(server)
    first.socket.send(JSON.stringify({ n: 1 }))
    await vi.waitFor(() => expect(first.received).toHaveLength(2))
    const second = await open(server)
    second.socket.send(JSON.stringify({ n: 1 }))
    await vi.waitFor(() => expect(forgotten).toHaveLength(1))
    first.socket.close()
    await first.closed
    second.socket.send(JSON.stringify({ n: 2 }))
    await vi.waitFor(() => expect(second.received).toHaveLength(4))
    await sleep(20)
    expect(forgotten).toHaveLength(1)
  })

  it('passes events on as they came, to the last digit', async () => {
    const data = '{"type":"a", "n":12345678901234567890, "x":1.0}'
    const { server } = await start(() => {
      const body = new PassThrough()
      body.end(`data: ${data}\n\n`)
      return { status: 200, headers: {}, body }
    })
    const { socket } = await open(server)
    const message = once(socket, 'message') as Promise<[MessageEvent]>
    socket.send('{"n":1}')
    expect((await message)[0].data).toBe(data)
  })

  it.each([
    [200, { fine: true }],
    [429, { type: 'error', status: 429, fine: true }],
  ])('answers with what a hook says, a stream or not (%i)', async (status, wanted) => {
    const { server } = await start(() => {
      const body = new PassThrough()
      body.end('{"fine":true}')
      return { status, headers: { 'content-type': 'application/json' }, body }
    })
    const { socket, received } = await open(server)
    socket.send('{"n":1}')
    await vi.waitFor(() => expect(received).toEqual([wanted]))
  })

  it('outlives sessions and answers that fail', async () => {
    const faulty = (): SocketSession => ({
      ...session(),
      refused() {
        throw new Error('no words')
      },
    })
    const { server } = await start(() => ({ status: 400, headers: {}, body: '{}' }), {
      sockets: [{ route: socketRoute, codec: { path: '/responses', open: faulty } }],
    })
    const { socket, closed } = await open(server)
    socket.send('{"n":1}')
    expect((await closed).code).toBe(1011)
    expect((await upgrade(server, '/nothing')).status).toBe(426)
  })

  it('says nothing about a request whose client has left', async () => {
    const { server, kernel } = await start(() => {
      const body = new PassThrough()
      body.write('data: {"type":"a"}\n\n')
      return { status: 200, headers: {}, body }
    })
    const { socket, received } = await open(server)
    socket.send('{"n":1}')
    await vi.waitFor(() => expect(received).toHaveLength(1))
    socket.close()
    await vi.waitFor(() => expect(kernel.seen[0]?.signal.aborted).toBe(true))
    await sleep(20)
    expect(kernel.failures).toEqual([])
  })

  it('refuses what is no handshake in its own words', async () => {
    const { server } = await start()
    const refused = await upgrade(server, '/v1/responses', { 'sec-websocket-key': 'short' })
    expect(refused.status).toBe(400)
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'invalid_handshake' } })
    expect(refused.id).toMatch(/^req_/)
    expect((await upgrade(server, '/v1/responses', { 'sec-websocket-version': '7' })).status).toBe(400)
  })

  it('lets no page of another origin in, unless it brings a key or is allowed', async () => {
    const { server } = await start()
    const host = server.url.slice('http://'.length)
    const asked = async (headers: { [name: string]: string }, at = server): Promise<number> =>
      (await upgrade(at, '/v1/responses', headers)).status
    expect(await asked({ origin: 'https://evil.example' })).toBe(403)
    expect(await asked({ origin: 'null' })).toBe(403)
    expect(await asked({ origin: `http://${host}`, host })).toBe(101)
    expect(await asked({ origin: 'https://evil.example', authorization: 'Bearer k' })).toBe(101)
    const open = await start(events, { server: { cors: { origins: ['https://app.example'] } } })
    expect(await asked({ origin: 'https://app.example' }, open.server)).toBe(101)
    expect(await asked({ origin: 'https://evil.example' }, open.server)).toBe(403)
  })

  it('bounds what waits on one connection', async () => {
    const { server } = await start(() => new Promise(() => {}))
    const { socket, closed } = await open(server)
    for (let n = 0; n < 20; n++) socket.send(JSON.stringify({ n }))
    expect((await closed).code).toBe(1008)
  })

  it('ends the request of a client that leaves', async () => {
    const bodies: PassThrough[] = []
    const { server, kernel } = await start(() => {
      const body = new PassThrough()
      body.write('data: {"type":"a"}\n\n')
      bodies.push(body)
      return { status: 200, headers: {}, body }
    })
    const { socket, received } = await open(server)
    socket.send(JSON.stringify({ n: 1 }))
    await vi.waitFor(() => expect(received).toHaveLength(1))
    socket.close()
    await vi.waitFor(() => expect(kernel.seen[0]?.signal.aborted).toBe(true))
    await vi.waitFor(() => expect(bodies[0]?.destroyed).toBe(true))
  })

  it('lets the request under way finish when the server drains, and takes no further one', async () => {
    const body = new PassThrough()
    const { server, kernel } = await start(() => ({ status: 200, headers: {}, body }))
    const { socket, received, closed } = await open(server)
    const resting = await open(server)
    socket.send(JSON.stringify({ n: 1 }))
    await vi.waitFor(() => expect(kernel.seen).toHaveLength(1))
    const closing = server.close({ drainTimeoutMs: 5_000 })
    expect((await resting.closed).code).toBe(1001)
    socket.send(JSON.stringify({ n: 2 }))
    await sleep(20)
    body.end('data: {"type":"last"}\n\n')
    expect((await closed).code).toBe(1001)
    await closing
    expect(received).toEqual([{ type: 'last' }])
    expect(kernel.seen).toHaveLength(1)
  })

  it('pauses a stream whose client does not read', async () => {
    let written = 0
    const { server } = await start(() => {
      const body = new PassThrough()
      const data = `data: {"x":"${'y'.repeat(32 * 1024)}"}\n\n`
      const more = (): void => {
        while (written < 64 * 1024 * 1024) {
          written += data.length
          if (!body.write(data)) return void body.once('drain', more)
        }
        body.end()
      }
      more()
      return { status: 200, headers: {}, body }
    })
    const raw = connect(server.port, '127.0.0.1')
    cleanups.push(() => raw.destroy())
    raw.write(
      'GET /v1/responses HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await once(raw, 'data')
    raw.pause()
    // A masked text frame with a mask of zeros: {}
    raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]))
    await vi.waitFor(() => expect(written).toBeGreaterThan(0))
    await sleep(500)
    expect(written).toBeLessThan(32 * 1024 * 1024)
  })
})
