import { getEventListeners } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type ByteBody, streamOf } from './byte-body.ts'
import { WireError } from './error.ts'
import { createOutbound, type Outbound, type OutboundRequest } from './outbound.ts'
import type { Timeouts } from './timeouts.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

function outbound(timeouts?: Partial<Timeouts>, connections = 8): Outbound {
  const client = createOutbound({ connections, ...(timeouts ? { timeouts } : {}) })
  cleanups.push(() => client.destroy())
  return client
}

async function upstream(
  handle: RequestListener,
): Promise<{ origin: string; server: Server; open(): Promise<number> }> {
  const server = createServer(handle)
  const origin = await listen(server)
  return { origin, server, open: () => connectionsOf(server) }
}

async function rawUpstream(onSocket: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    onSocket(socket)
  })
  return await listen(server)
}

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function to(origin: string, more?: Partial<OutboundRequest>): OutboundRequest {
  return { url: `${origin}/v1/chat`, origin, method: 'POST', headers: {}, body: '{}', ...more }
}

async function text(body: ByteBody): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of streamOf(body)) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString()
}

async function failure(promise: Promise<unknown>): Promise<WireError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!WireError.is(error)) throw new Error(`expected a WireError, got ${String(error)}`)
  return error
}

async function eventually(check: () => boolean | Promise<boolean>): Promise<true> {
  for (let turn = 0; turn < 200; turn++) {
    if (await check()) return true
    await sleep(10)
  }
  throw new Error('never happened')
}

describe('createOutbound', () => {
  it('sends the request as it is, and asks for no encoding', async () => {
    let seen: { request: IncomingMessage; body: string } | undefined
    const { origin } = await upstream((request, response) => {
      text(request).then(
        (body) => {
          seen = { request, body }
          response.writeHead(429, { 'retry-after': '3', 'x-two': ['a', 'b'] }).end('späť')
        },
        () => {},
      )
    })
    const answer = await outbound().request(
      to(origin, {
        url: `${origin}/v1/chat?x=%2F`,
        headers: {
          Authorization: 'Bearer k',
          'accept-encoding': 'gzip',
          'content-length': '99',
          connection: 'close',
          host: 'evil',
        },
        body: new TextEncoder().encode('{"a":"é"}'),
      }),
    )
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('3')
    expect(answer.headers.get('x-two')).toBe('a, b')
    expect(await text(answer.body)).toBe('späť')
    expect(seen?.request.url).toBe('/v1/chat?x=%2F')
    expect(seen?.body).toBe('{"a":"é"}')
    expect(seen?.request.headers).toMatchObject({
      authorization: 'Bearer k',
      'accept-encoding': 'identity',
      'content-length': '10',
      host: new URL(origin).host,
    })
  })

  it.each([
    ['another host', 'http://127.0.0.2:1'],
    ['another port', 'http://127.0.0.1:2'],
    ['another scheme', 'https://127.0.0.1:1'],
    ['a host that begins alike', 'http://127.0.0.1:1.evil.test'],
    ['a path that looks like a host', 'http://127.0.0.1:1@evil.test/'],
    ['credentials in the URL', 'http://a:b@127.0.0.1:1/'],
    ['a file', 'file:///etc/passwd'],
    ['no URL', '/v1/chat'],
  ])('refuses %s before it connects', async (_name, url) => {
    const error = await failure(outbound().request(to('http://127.0.0.1:1', { url })))
    expect(error).toMatchObject({ kind: 'wrong_origin', sent: false })
  })

  it('ignores proxies of the environment', async () => {
    const { origin } = await upstream((_request, response) => response.end('direct'))
    const before = { ...process.env }
    cleanups.push(() => (process.env = before))
    process.env.HTTP_PROXY = process.env.http_proxy = process.env.ALL_PROXY = 'http://127.0.0.1:1'
    process.env.NODE_USE_ENV_PROXY = '1'
    expect(await text((await outbound().request(to(origin))).body)).toBe('direct')
  })

  it.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    let requests = 0
    const { origin } = await upstream((_request, response) => {
      requests++
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    expect(await failure(outbound().request(to(origin)))).toMatchObject({ kind: 'redirect', sent: true })
    expect(requests).toBe(1)
  })

  it('says that nothing was sent when nobody listens', async () => {
    const { origin, server } = await upstream(() => {})
    await new Promise((resolve) => server.close(resolve))
    const error = await failure(outbound().request(to(origin)))
    expect(error).toMatchObject({ kind: 'connect', sent: false })
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('refuses header values that end a header', async () => {
    const { origin } = await upstream((_request, response) => response.end())
    const error = await failure(outbound().request(to(origin, { headers: { 'x-a': 'a\r\nx-b: c' } })))
    expect(error).toMatchObject({ kind: 'connect', sent: false })
  })

  it('reports a connection that is cut before and after the head', async () => {
    const before = await rawUpstream((socket) => socket.once('data', () => socket.destroy()))
    expect(await failure(outbound().request(to(before)))).toMatchObject({ kind: 'reset', sent: true })
    const after = await rawUpstream((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy())
      }),
    )
    const answer = await outbound().request(to(after))
    expect(await failure(text(answer.body))).toMatchObject({ kind: 'reset', sent: true })
  })
})

describe('timers', () => {
  it('waits for a connection only so long, a free one of the pool included', async () => {
    const { origin } = await upstream((_request, response) => void response.flushHeaders())
    const client = outbound({ connect: 60 }, 1)
    const first = await client.request(to(origin))
    const started = performance.now()
    expect(await failure(client.request(to(origin)))).toMatchObject({ kind: 'connect_timeout', sent: false })
    expect(performance.now() - started).toBeLessThan(1000)
    first.body.destroy()
  })

  it('counts the first byte of the body, not the head', async () => {
    const { origin } = await upstream((_request, response) => void response.flushHeaders())
    const answer = await outbound({ firstByte: 80 }).request(to(origin))
    expect(await failure(text(answer.body))).toMatchObject({ kind: 'first_byte_timeout', sent: true })
    const silent = await rawUpstream(() => {})
    expect(await failure(outbound({ firstByte: 80 }).request(to(silent)))).toMatchObject({
      kind: 'first_byte_timeout',
      sent: true,
    })
  })

  it('cuts a stream that falls silent, and not one that does not', async () => {
    const { origin } = await upstream((_request, response) => {
      let left = 8
      const timer = setInterval(() => {
        if (left-- > 0) response.write('x')
        else clearInterval(timer)
      }, 25)
    })
    const answer = await outbound({ idle: 120, firstByte: 5_000 }).request(to(origin))
    let seen = 0
    answer.body.on('data', (chunk: Uint8Array) => (seen += chunk.length))
    const error = await new Promise((resolve) => answer.body.on('error', resolve))
    expect(error).toMatchObject({ kind: 'idle_timeout' })
    expect(seen).toBe(8)
  })

  it('does not call a stream idle whose reader is slow', async () => {
    const { origin } = await upstream((_request, response) => void response.end(Buffer.alloc(4_000_000)))
    const answer = await outbound({ idle: 60 }).request(to(origin))
    await sleep(300)
    expect((await text(answer.body)).length).toBe(4_000_000)
  })

  it('ends every request in the end', async () => {
    const { origin, open } = await upstream((_request, response) => {
      const timer = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(timer))
    })
    const answer = await outbound().request(to(origin, { timeouts: { total: 150 } }))
    answer.body.resume()
    const error = await new Promise((resolve) => answer.body.on('error', resolve))
    expect(error).toMatchObject({ kind: 'total_timeout', sent: true })
    await eventually(async () => (await open()) === 0)
  })
})

describe('abort and back-pressure', () => {
  it('never starts a request whose signal has aborted', async () => {
    let requests = 0
    const { origin } = await upstream((_request, response) => {
      requests++
      response.end()
    })
    const error = await failure(outbound().request(to(origin, { signal: AbortSignal.abort() })))
    expect(error).toMatchObject({ kind: 'aborted', sent: false })
    expect(requests).toBe(0)
  })

  it('closes the connection when the signal aborts, before and after the head', async () => {
    const { origin, open } = await upstream((request, response) => {
      if (request.url === '/v1/chat') response.flushHeaders()
    })
    const client = outbound()
    const early = new AbortController()
    const waiting = failure(client.request(to(origin, { url: `${origin}/silent`, signal: early.signal })))
    await eventually(async () => (await open()) === 1)
    early.abort()
    expect(await waiting).toMatchObject({ kind: 'aborted' })
    await eventually(async () => (await open()) === 0)

    const late = new AbortController()
    const answer = await client.request(to(origin, { signal: late.signal }))
    late.abort()
    expect(await failure(text(answer.body))).toMatchObject({ kind: 'aborted', sent: true })
    await eventually(async () => (await open()) === 0)
  })

  it('closes the connection when the reader destroys the body', async () => {
    const { origin, open } = await upstream((_request, response) => void response.write('x'))
    const answer = await outbound().request(to(origin))
    answer.body.destroy()
    expect(await eventually(async () => (await open()) === 0)).toBe(true)
  })

  it('keeps the connection after an answer that was read, and removes its abort listener', async () => {
    let connections = 0
    const { origin, server } = await upstream((_request, response) => response.end('ok'))
    server.on('connection', () => connections++)
    const client = outbound()
    const controller = new AbortController()
    for (let turn = 0; turn < 20; turn++) {
      const answer = await client.request(to(origin, { signal: controller.signal }))
      expect(await text(answer.body)).toBe('ok')
      // The pool learns of the end one turn after the reader does.
      await sleep(1)
    }
    expect(connections).toBe(1)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    expect(await text((await client.request(to(origin))).body)).toBe('ok')
    expect(connections).toBe(1)
  })

  it('pauses the upstream while nobody reads', async () => {
    let written = 0
    const { origin } = await upstream((_request, response) => {
      const piece = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (written < 64_000_000) {
          written += piece.length
          if (!response.write(piece)) {
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    })
    const answer = await outbound().request(to(origin))
    await sleep(300)
    // What fits into the two sockets' kernel buffers, and no more.
    expect(written).toBeLessThan(20_000_000)
    expect(answer.body.readableLength).toBeLessThan(256 * 1024)
    let seen = 0
    for await (const chunk of streamOf(answer.body)) seen += (chunk as Uint8Array).length
    expect(seen).toBe(written)
  })

  it('raises nothing when a body fails that nobody listens to', async () => {
    const { origin } = await upstream(
      (_request, response) => void response.write('x', () => response.destroy()),
    )
    const answer = await outbound().request(to(origin))
    expect(await eventually(() => answer.body.destroyed)).toBe(true)
  })

  it('refuses requests after close, and closes when the last one is done', async () => {
    const { origin, open } = await upstream(
      (_request, response) => void setTimeout(() => response.end('ok'), 50),
    )
    const client = outbound()
    const running = client.request(to(origin)).then((answer) => text(answer.body))
    await eventually(async () => (await open()) === 1)
    const closing = client.close()
    expect(await failure(client.request(to(origin)))).toMatchObject({ kind: 'connect', sent: false })
    expect(await running).toBe('ok')
    await closing
    await eventually(async () => (await open()) === 0)
  })
})

describe('compressed answers', () => {
  const plain = Buffer.from(JSON.stringify({ text: Array.from({ length: 500 }, (_, index) => index) }))
  it.each([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', plain],
  ])('decodes %s once', async (coding, bytes) => {
    const { origin } = await upstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': coding, 'content-length': bytes.length }).end(bytes)
    })
    const answer = await outbound().request(to(origin))
    expect(await text(answer.body)).toBe(plain.toString())
    expect(answer.headers.get('content-encoding')).toBe(coding === 'identity' ? 'identity' : null)
  })

  it.each(['gzip, gzip', 'zstd', 'gzip, br'])('refuses %j', async (coding) => {
    const { origin } = await upstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end(gzipSync(plain))
    })
    expect(await failure(outbound().request(to(origin)))).toMatchObject({ kind: 'decode', sent: true })
  })

  it('stops at a ratio of 100 to 1 and closes the connection', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const { origin, open } = await upstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(bomb)
    })
    const answer = await outbound().request(to(origin))
    let seen = 0
    answer.body.on('data', (chunk: Uint8Array) => (seen += chunk.length))
    const error = await new Promise((resolve) => answer.body.on('error', resolve))
    expect(error).toMatchObject({ kind: 'too_large' })
    expect(seen).toBeLessThan(10_000_000)
    await eventually(async () => (await open()) === 0)
  })

  it.each([
    ['half a body', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['no gzip at all', () => plain],
  ])('reports %s', async (_name, cut) => {
    const { origin } = await upstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(cut(gzipSync(plain)))
    })
    const answer = await outbound().request(to(origin))
    expect(await failure(text(answer.body))).toMatchObject({ kind: 'decode' })
  })

  it('keeps the cause when the connection and not the encoding failed', async () => {
    const bytes = gzipSync(plain)
    const { origin } = await upstream((_request, response: ServerResponse) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length })
      response.write(bytes.subarray(0, 20), () => response.destroy())
    })
    const answer = await outbound().request(to(origin))
    expect(await failure(text(answer.body))).toMatchObject({ kind: 'reset' })
  })
})

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
