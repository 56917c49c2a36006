import { request as httpRequest, Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError } from '../config/problem.ts'
import { createShell, serve, type GatewayServer, type Servable, type ServeOptions } from './index.ts'
import { eventually, fakeKernel, refuse, sendRaw, statuses, type FakeHandler } from './testing.ts'

const servers: GatewayServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close({ drainTimeoutMs: 0 })))
})

async function start(
  handle?: FakeHandler,
  options: ServeOptions = {},
  more: Partial<Servable> = {},
): Promise<GatewayServer> {
  const kernel = fakeKernel(handle ? { handle } : {})
  const shell = createShell(() => kernel)
  const server = await serve({ fetch: shell, ...more }, { port: 0, ...options })
  servers.push(server)
  return server
}

const get = 'GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n'

function open(server: GatewayServer, text = ''): Socket & { received: string } {
  const socket = Object.assign(connect({ port: server.port, host: '127.0.0.1' }), { received: '' })
  sockets.push(socket)
  socket.on('error', () => {})
  socket.on('data', (chunk) => (socket.received += chunk.toString('latin1')))
  if (text !== '') socket.write(text)
  return socket
}

describe('serve', () => {
  it('says where it listens', async () => {
    const server = await start()
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })

  it('names the port that is in use', async () => {
    const first = await start()
    const error: unknown = await start(undefined, { port: first.port }).catch((thrown: unknown) => thrown)
    expect(ConfigError.is(error) && error.problems[0]).toMatchObject({
      code: 'PORT_IN_USE',
      path: 'server.port',
      message: expect.stringContaining(String(first.port)),
    })
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('names the address that is not here', async () => {
    const error: unknown = await start(undefined, { host: '192.0.2.1' }).catch((thrown: unknown) => thrown)
    expect(ConfigError.is(error) && error.problems[0]?.code).toBe('HOST_UNAVAILABLE')
  })

  it('answers 500 with an id when what it serves throws or rejects', async () => {
    const broken: Servable['fetch'][] = [
      () => {
        throw new Error('secret')
      },
      () => Promise.reject(new Error('secret')),
    ]
    for (const fails of broken) {
      const server = await start(undefined, {}, { fetch: fails })
      const response = await fetch(server.url)
      expect(response.status).toBe(500)
      const text = await response.text()
      expect(text).toContain(response.headers.get('x-request-id'))
      expect(text).not.toContain('secret')
    }
  })

  it('limits the connections of one address, and counts those that left no more', async () => {
    const server = await start(undefined, { limits: { maxConnectionsPerAddress: 3, uncountedAddresses: [] } })
    const held = [open(server), open(server), open(server)]
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    expect(await sendRaw(server.port, get)).toEqual({ text: '', closed: true })
    held[0]?.destroy()
    await vi.waitFor(async () => expect(statuses((await sendRaw(server.port, get)).text)).toEqual([200]))
  })

  it('limits all connections, and does not count loopback by address', async () => {
    const server = await start(undefined, { limits: { maxConnectionsPerAddress: 1, maxConnections: 3 } })
    const held = [open(server), open(server), open(server)]
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    await new Promise((next) => setTimeout(next, 20))
    expect(await sendRaw(server.port, get)).toEqual({ text: '', closed: true })
  })
})

describe('a refused body', () => {
  it('does not reset its own answer away', async () => {
    const server = await start(refuse)
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 15000000\r\n\r\n'
    const errors: Error[] = []
    for (let turn = 0; turn < 5; turn++) {
      const socket = open(server, head)
      socket.on('error', (error) => errors.push(error))
      for (let piece = 0; piece < 15; piece++) socket.write(Buffer.alloc(1_000_000, '1'))
      await new Promise((resolve) => socket.once('close', resolve))
      expect(statuses(socket.received)).toEqual([401])
    }
    // A socket closed on unread bytes gives the client a broken pipe, which many report instead of the answer.
    expect(errors).toEqual([])
  })

  it('is not read for ever', async () => {
    const kernel = fakeKernel({ handle: refuse })
    const server = await start(undefined, {}, { fetch: createShell(() => kernel, { lingerMs: 100 }) })
    const socket = open(
      server,
      'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 15000000\r\n\r\n',
    )
    const timer = setInterval(() => socket.write('1'), 10)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(timer)
    expect(statuses(socket.received)).toEqual([401])
  })
})

describe('slow readers', () => {
  const endless: FakeHandler = () => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: new Readable({
      read() {
        this.push(Buffer.alloc(16_384, 'x'))
      },
    }),
  })

  it('are held back and cut, and their stream is destroyed', async () => {
    let stream: Readable | undefined
    let pushed = 0
    const handle: FakeHandler = () => {
      stream = new Readable({
        read() {
          pushed += 16_384
          this.push(Buffer.alloc(16_384, 'x'))
        },
      })
      return { status: 200, headers: {}, body: stream }
    }
    const server = await start(handle, { limits: { slowReaderMs: 200 } })
    const socket = open(server)
    socket.pause()
    socket.write(get)
    await eventually(() => stream?.destroyed === true)
    // What the kernel's buffers of both ends take, and little more.
    expect(pushed).toBeLessThan(30_000_000)
  })

  it('are cut as well when the answer is one piece', async () => {
    const server = await start(() => ({ status: 200, headers: {}, body: Buffer.alloc(30_000_000) }), {
      limits: { slowReaderMs: 200 },
    })
    const socket = open(server)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.pause()
    socket.write(get)
    await new Promise((next) => setTimeout(next, 700))
    socket.resume()
    await closed
    expect(socket.received.length).toBeLessThan(30_000_000)
  })

  it('are not those who read slowly, nor those who wait', async () => {
    const server = await start(endless, { limits: { slowReaderMs: 200 } })
    const idle = open(server)
    const socket = open(server, get)
    let closed = false
    socket.on('close', () => (closed = true))
    for (let turn = 0; turn < 12; turn++) {
      socket.resume()
      await new Promise((next) => setTimeout(next, 10))
      socket.pause()
      await new Promise((next) => setTimeout(next, 40))
    }
    expect([closed, idle.destroyed]).toEqual([false, false])
  })
})

describe('close', () => {
  it('lets a running stream finish, takes no new connection, and closes the old ones', async () => {
    const body = new Readable({ read() {} })
    body.push('one')
    const server = await start(() => ({ status: 200, headers: {}, body }))
    const idle = open(server)
    const running = open(server, get)
    await eventually(() => running.received.includes('one'))
    const closing = server.close({ drainTimeoutMs: 5_000 })
    await new Promise((next) => setTimeout(next, 50))
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
    body.push('two')
    body.push(null)
    await closing
    await eventually(() => running.destroyed && idle.destroyed)
    expect(running.received).toMatch(/one[^]*two[^]*\r\n0\r\n\r\n$/)
  })

  it('says connection: close while it drains, on connections that are kept alive', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await start(async () => {
      await gate.promise
      return { status: 200, headers: {}, body: 'done' }
    })
    const agent = new Agent({ keepAlive: true })
    const response = new Promise<string | undefined>((resolve, reject) => {
      httpRequest(`${server.url}/v1/models`, { agent }, (answer) => {
        answer.resume()
        resolve(answer.headers.connection)
      })
        .on('error', reject)
        .end()
    })
    await new Promise((next) => setTimeout(next, 50))
    const closing = server.close({ drainTimeoutMs: 5_000 })
    gate.resolve()
    expect(await response).toBe('close')
    await closing
    agent.destroy()
  })

  it('gives the gateway its time to settle, also what was cut', async () => {
    const order: string[] = []
    const server = await start(
      () => ({ status: 200, headers: {}, body: new Readable({ read() {} }) }),
      {},
      {
        async drain(timeoutMs) {
          order.push(`drain ${timeoutMs}`)
          await new Promise((next) => setTimeout(next, timeoutMs + 100))
          order.push('settled')
        },
      },
    )
    open(server, get)
    await new Promise((next) => setTimeout(next, 50))
    const first = server.close({ drainTimeoutMs: 100 })
    expect(server.close()).toBe(first)
    await first
    order.push('closed')
    expect(order).toEqual(['drain 100', 'settled', 'closed'])
  }, 10_000)

  it('leaves no listener on the process', async () => {
    const count = (): number =>
      ['SIGINT', 'SIGTERM', 'exit', 'beforeExit'].reduce((sum, name) => sum + process.listenerCount(name), 0)
    const before = count()
    for (let turn = 0; turn < 5; turn++) await (await start()).close({ drainTimeoutMs: 0 })
    expect(count()).toBe(before)
  })
})

describe('swap', () => {
  it('gives new requests to the next gateway and leaves running ones alone', async () => {
    const body = new Readable({ read() {} })
    body.push('old')
    const server = await start(() => ({ status: 200, headers: {}, body }))
    const running = await fetch(`${server.url}/v1/models`)
    const next = fakeKernel({ handle: () => ({ status: 200, headers: {}, body: 'new' }) })
    server.swap({ fetch: createShell(() => next) })
    expect(await (await fetch(`${server.url}/v1/models`)).text()).toBe('new')
    body.push(null)
    expect(await running.text()).toBe('old')
  })
})
