import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../error.ts'
import { createShell, serve, type GatewayServer, type ShellLimits } from './index.ts'
import { eventually, fakeKernel, refuse, route, type FakeKernel } from './testing.ts'

const servers: GatewayServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ drainTimeoutMs: 0 })))
})

interface Harness {
  readonly kernel: FakeKernel
  fetch(path: string, init?: RequestInit): Promise<Response>
}

type Options = Parameters<typeof fakeKernel>[0]
type Start = (options?: Options, limits?: Partial<ShellLimits>) => Promise<Harness>

const inProcess: Start = async (options, limits) => {
  const kernel = fakeKernel(options)
  const shell = createShell(() => kernel, limits)
  return { kernel, fetch: async (path, init) => await shell(new Request(`http://gateway.test${path}`, init)) }
}

const onPort: Start = async (options, limits) => {
  const kernel = fakeKernel(options)
  const shell = createShell(() => kernel, limits)
  const server = await serve({ fetch: shell }, { port: 0 })
  servers.push(server)
  return { kernel, fetch: (path, init) => fetch(server.url + path, init) }
}

const post = (body: RequestInit['body'], headers: { [name: string]: string } = {}): RequestInit => ({
  method: 'POST',
  body: body ?? null,
  headers: { 'content-type': 'application/json', ...headers },
})

async function errorOf(
  response: Response,
): Promise<{ message: string; type: string; code: unknown; request_id: string }> {
  const { error } = (await response.json()) as {
    error: { message: string; type: string; code: unknown; request_id: string }
  }
  return error
}

describe.each([
  ['in process', inProcess],
  ['on a port', onPort],
])('createShell %s', (_name, start) => {
  it.each(['', '/v1', '/v1/v1'])(
    'serves every route under %j, the version removed and the query kept',
    async (prefix) => {
      const { fetch } = await start()
      const response = await fetch(`${prefix}/chat/completions?beta=true`, post('{"a":"é"}'))
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({
        method: 'POST',
        path: '/chat/completions?beta=true',
        body: '{"a":"é"}',
      })
    },
  )

  it.each([
    ['/v1/models/gpt%2Fx:y', { id: 'gpt/x:y' }],
    ['/v1/models/org/name:tag', { id: 'org/name:tag' }],
    ['/models/a%20b%25', { id: 'a b%' }],
    ['/models/%2541', { id: '%41' }],
    ['/responses/resp_1', { id: 'resp_1' }],
  ])('reads the parameters of %s', async (path, params) => {
    const { fetch } = await start()
    expect(await (await fetch(path)).json()).toMatchObject({ params })
  })

  it('keeps a parameter in its segment', async () => {
    const { fetch } = await start()
    const response = await fetch('/v1/responses/resp_1/cancel', post('{}'))
    expect(await response.json()).toMatchObject({
      params: { id: 'resp_1' },
      path: '/responses/resp_1/cancel',
    })
  })

  it('asks protocols that share a path in order', async () => {
    const routes = [
      route('GET', '/models', { protocol: 'a', match: ({ headers }) => headers.has('anthropic-version') }),
      route('GET', '/models', { protocol: 'b' }),
    ]
    const { fetch } = await start({ routes })
    expect(await (await fetch('/v1/models', { headers: { 'anthropic-version': 'x' } })).json()).toMatchObject(
      { protocol: 'a' },
    )
    expect(await (await fetch('/v1/models')).json()).toMatchObject({ protocol: 'b' })
  })

  it("gives every answer an id of ours, never the client's, and no id twice", async () => {
    const { fetch, kernel } = await start()
    const ids: string[] = []
    for (const path of ['/v1/models', '/nowhere', '/healthz', '/v1/chat/completions']) {
      const response = await fetch(path, { headers: { 'x-request-id': 'theirs' } })
      ids.push(response.headers.get('x-request-id') ?? '')
    }
    for (const id of ids) expect(id).toMatch(/^req_[0-9a-z]{9}[0-9a-f]{24}$/)
    expect(new Set(ids).size).toBe(4)
    expect(ids.toSorted((a, b) => (a.slice(0, 13) < b.slice(0, 13) ? -1 : 1))).toEqual(ids)
    expect(kernel.seen[0]?.id).toBe(ids[0])
    expect(kernel.failures[0]?.request.id).toBe(ids[1])
  })

  it.each([
    ['POST', '/v1/foo', 'Invalid URL (POST /v1/foo)'],
    ['GET', '/', 'Invalid URL (GET /)'],
    ['GET', '/v1/v1/v1/models', 'Invalid URL (GET /v1/v1/v1/models)'],
    ['GET', '/v1/foo?key=secret', 'Invalid URL (GET /v1/foo)'],
    ['GET', '/modelsx', 'Invalid URL (GET /modelsx)'],
    ['GET', '/models/', 'Invalid URL (GET /models/)'],
  ])('answers 404 to %s %s', async (method, path, message) => {
    const { fetch } = await start()
    const response = await fetch(path, { method })
    expect(response.status).toBe(404)
    const error = await errorOf(response)
    expect(error).toMatchObject({ message, type: 'not_found', code: null })
    expect(error.request_id).toBe(response.headers.get('x-request-id'))
  })

  it('answers 404 where no protocol of the path takes the request', async () => {
    const { fetch } = await start({ routes: [route('GET', '/models', { match: () => false })] })
    expect((await fetch('/v1/models')).status).toBe(404)
  })

  it.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/models', 'GET'],
    ['PUT', '/v1/models/x', 'GET'],
    ['OPTIONS', '/v1/chat/completions', 'POST'],
    ['POST', '/healthz', 'GET'],
  ])('answers 405 to %s %s', async (method, path, allow) => {
    const { fetch } = await start()
    const response = await fetch(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe(allow)
    expect(response.headers.has('x-request-id')).toBe(true)
  })

  it('answers 400 in the shape of the kernel to a path that does not decode', async () => {
    const { fetch, kernel } = await start()
    const response = await fetch('/v1/models/%ZZ')
    expect(response.status).toBe(400)
    expect((await errorOf(response)).type).toBe('invalid_request')
    expect(response.headers.get('x-request-id')).toBe(kernel.failures[0]?.request.id)
  })

  it('says that it is healthy', async () => {
    const { fetch } = await start()
    const response = await fetch('/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
    const head = await fetch('/healthz', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('answers HEAD like GET without a body, and ends its stream', async () => {
    const stream = new Readable({ read() {} })
    const { fetch } = await start({ handle: () => ({ status: 200, headers: { 'x-a': 'b' }, body: stream }) })
    const response = await fetch('/v1/models', { method: 'HEAD' })
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([200, 'b', ''])
    expect(stream.destroyed).toBe(true)
  })

  it('sends strings, bytes and streams, and nothing for 204', async () => {
    const bodies = [
      'text é',
      new Uint8Array([0, 255, 7]),
      Readable.from([Buffer.from('a'), Buffer.from('b')]),
    ]
    for (const body of bodies) {
      const { fetch } = await start({
        handle: () => ({ status: 201, headers: { 'content-type': 'x/y' }, body }),
      })
      const response = await fetch('/v1/models')
      expect([response.status, response.headers.get('content-type')]).toEqual([201, 'x/y'])
      const bytes = Buffer.from(await response.arrayBuffer())
      const wanted =
        typeof body === 'string'
          ? Buffer.from(body)
          : body instanceof Uint8Array
            ? Buffer.from(body)
            : Buffer.from('ab')
      expect(bytes.equals(wanted)).toBe(true)
    }
    const { fetch } = await start({ handle: () => ({ status: 204, headers: {} }) })
    const empty = await fetch('/v1/models')
    expect([empty.status, await empty.text()]).toEqual([204, ''])
  })

  it('lets no value of a header end it', async () => {
    const headers = { 'x-model': 'a\r\nset-cookie: b=c', 'x-name': '漢', 'x-nul': 'a\0b' }
    const { fetch } = await start({ handle: () => ({ status: 200, headers, body: 'x' }) })
    const response = await fetch('/v1/models')
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('x-model')).toBe('a%0D%0Aset-cookie: b=c')
    expect(response.headers.get('x-name')).toBe('%E6%BC%A2')
    expect(response.headers.get('x-nul')).toBe('a%00b')
  })

  it('answers when the kernel breaks its word', async () => {
    const { fetch, kernel } = await start()
    kernel.run = () => Promise.reject(new Error('secret detail'))
    const response = await fetch('/v1/models')
    expect(response.status).toBe(500)
    expect((await response.text()).includes('secret')).toBe(false)
  })

  it('destroys the stream when the client leaves', async () => {
    const stream = new Readable({ read() {} })
    stream.push('data: 1\n\n')
    const { fetch, kernel } = await start({ handle: () => ({ status: 200, headers: {}, body: stream }) })
    const controller = new AbortController()
    const response = await fetch('/v1/models', { signal: controller.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    controller.abort()
    expect(await eventually(() => stream.destroyed && kernel.seen[0]?.signal.aborted === true)).toBe(true)
  })

  it('knows that the client left while the kernel worked', async () => {
    let aborted = false
    const { fetch } = await start({
      handle: (incoming) =>
        new Promise((resolve) => {
          incoming.signal.addEventListener('abort', () => {
            aborted = true
            resolve({ status: 499, headers: {} })
          })
        }),
    })
    const controller = new AbortController()
    const pending = fetch('/v1/models', { signal: controller.signal }).catch(() => {})
    await new Promise((next) => setTimeout(next, 50))
    controller.abort()
    await pending
    expect(await eventually(() => aborted)).toBe(true)
  })
})

describe.each([
  ['in process', inProcess],
  ['on a port', onPort],
])('bodies %s', (_name, start) => {
  it('reads a body once, whoever asks', async () => {
    const { fetch, kernel } = await start({
      handle: async (incoming) => {
        const [first, second] = await Promise.all([incoming.body(), incoming.body()])
        return { status: 200, headers: {}, body: String(first === second) }
      },
    })
    expect(await (await fetch('/v1/chat/completions', post('{}'))).text()).toBe('true')
    expect(kernel.seen.length).toBe(1)
  })

  it('keeps every byte of a large body, invalid UTF-8 too', async () => {
    const bytes = Buffer.alloc(3_000_000, Buffer.from([0xff, 0x20, 0xc3, 0x28, 0x31]))
    let seen: Uint8Array | undefined
    const { fetch } = await start({
      handle: async (incoming) => {
        seen = await incoming.body()
        return { status: 200, headers: {} }
      },
    })
    await fetch('/v1/chat/completions', post(bytes))
    expect(bytes.equals(Buffer.from(seen ?? []))).toBe(true)
  })

  it('reads no body as nothing', async () => {
    const { fetch } = await start()
    expect(await (await fetch('/v1/chat/completions', { method: 'POST' })).json()).toMatchObject({ body: '' })
  })

  it.each([
    ['its length says', () => post('x'.repeat(2000)), 413, 'too_large'],
    [
      'it turns out while streaming',
      () => ({ ...post(streamOf(30, 100)), duplex: 'half' }),
      413,
      'too_large',
    ],
    [
      'it is unpacked',
      () => post(gzipSync('1'.repeat(2000)), { 'content-encoding': 'gzip' }),
      413,
      'too_large',
    ],
    ['JSON is too deep', () => post('['.repeat(100)), 400, 'invalid_request'],
    ['JSON has too many nodes', () => post(`[${'{},'.repeat(60)}{}]`), 400, 'invalid_request'],
    ['JSON has too many elements', () => post(`[${'0,'.repeat(60)}0]`), 400, 'invalid_request'],
    ['JSON has a member twice', () => post('{"model":"a","model":"b"}'), 400, 'invalid_request'],
    [
      'JSON that is too deep calls itself an image',
      () => post(` ${'['.repeat(100)}`, { 'content-type': 'image/png' }),
      400,
      'invalid_request',
    ],
    [
      'JSON with too many nodes calls itself a form',
      () => post(`[${'{},'.repeat(60)}{}]`, { 'content-type': 'multipart/form-data' }),
      400,
      'invalid_request',
    ],
    ['a string of JSON has no end', () => post('{"a'), 400, 'invalid_request'],
    ['it is packed twice', () => post('x', { 'content-encoding': 'gzip, gzip' }), 400, 'invalid_request'],
    ['it is packed by brotli', () => post('x', { 'content-encoding': 'br' }), 400, 'invalid_request'],
    [
      'it is packed a thousand times',
      () => post('x', { 'content-encoding': Array(1000).fill('gzip').join() }),
      400,
      'invalid_request',
    ],
    ['it is no gzip', () => post('{}', { 'content-encoding': 'gzip' }), 400, 'invalid_request'],
  ])('refuses a body when %s', async (_why, init, status, type) => {
    const { fetch } = await start(
      { server: { maxBodyBytes: 1000 } },
      { maxJsonDepth: 64, maxJsonNodes: 50, maxJsonElements: 50 },
    )
    const response = await fetch('/v1/chat/completions', init() as RequestInit)
    expect(response.status).toBe(status)
    expect((await errorOf(response)).type).toBe(type)
  })

  it('unpacks gzip once', async () => {
    const { fetch } = await start()
    const response = await fetch(
      '/v1/chat/completions',
      post(gzipSync('{"a":1}'), { 'content-encoding': 'gzip' }),
    )
    expect(await response.json()).toMatchObject({ body: '{"a":1}' })
  })

  it('stops a bomb at its ratio, long before the size limit', async () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000))
    const { fetch } = await start()
    const before = process.cpuUsage()
    const response = await fetch('/v1/chat/completions', post(bomb, { 'content-encoding': 'gzip' }))
    expect(response.status).toBe(413)
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(300)
  })

  it('bounds all bodies together, and gives the room back', async () => {
    let open = Promise.withResolvers<void>()
    const { fetch, kernel } = await start(
      {
        handle: async (incoming) => {
          await incoming.body()
          await open.promise
          incoming.release()
          incoming.release()
          return { status: 200, headers: {}, body: 'ok' }
        },
      },
      { maxInFlightBodyBytes: 1000 },
    )
    const first = fetch('/v1/chat/completions', post(`"${'x'.repeat(700)}"`))
    await eventually(() => kernel.seen.length === 1)
    await new Promise((next) => setTimeout(next, 20))
    const second = await fetch('/v1/chat/completions', post(`"${'x'.repeat(700)}"`))
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
    open.resolve()
    expect((await first).status).toBe(200)
    open = Promise.withResolvers()
    open.resolve()
    expect((await fetch('/v1/chat/completions', post(`"${'x'.repeat(700)}"`))).status).toBe(200)
  })

  it('bounds what all bodies together become when they are parsed', async () => {
    const open = Promise.withResolvers<void>()
    const { fetch, kernel } = await start(
      {
        handle: async (incoming) => {
          await incoming.body()
          await open.promise
          return { status: 200, headers: {}, body: 'ok' }
        },
      },
      { maxInFlightBodyBytes: 10_000 },
    )
    // Three bytes each, and an object each.
    const objects = `[${'{},'.repeat(99)}{}]`
    const first = fetch('/v1/chat/completions', post(objects))
    await eventually(() => kernel.seen.length === 1)
    await new Promise((next) => setTimeout(next, 20))
    const second = await fetch('/v1/chat/completions', post(objects))
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1'])
    open.resolve()
    expect((await first).status).toBe(200)
    expect((await fetch('/v1/chat/completions', post(objects))).status).toBe(200)
  })

  it('gives the room of a body back with a short answer, without a word of the kernel', async () => {
    const { fetch } = await start({}, { maxInFlightBodyBytes: 1000 })
    for (let turn = 0; turn < 5; turn++) {
      expect((await fetch('/v1/chat/completions', post(`"${'x'.repeat(700)}"`))).status).toBe(200)
    }
  })

  it('gives the room of a stream back when the stream is over, without a word of the kernel', async () => {
    const { fetch } = await start(
      {
        handle: async (incoming) => {
          await incoming.body()
          return { status: 200, headers: {}, body: Readable.from([Buffer.from('x')]) }
        },
      },
      { maxInFlightBodyBytes: 1000 },
    )
    for (let turn = 0; turn < 5; turn++) {
      const response = await fetch('/v1/chat/completions', post(`"${'x'.repeat(700)}"`))
      expect([response.status, await response.text()]).toEqual([200, 'x'])
    }
  })

  it('ends a body that comes too slowly with 408', async () => {
    const { fetch } = await start({}, { bodyGraceMs: 60, bodyBytesPerSecond: 1024 })
    const response = await fetch('/v1/chat/completions', {
      ...post(streamOf(1000, 1, 20)),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(408)
  })

  it('lets a slow body finish that is fast enough', async () => {
    const { fetch } = await start({}, { bodyGraceMs: 60, bodyBytesPerSecond: 1024 })
    const init = {
      ...post(streamOf(10, 100, 20), { 'content-type': 'application/octet-stream' }),
      duplex: 'half',
    }
    expect((await fetch('/v1/chat/completions', init as RequestInit)).status).toBe(200)
  })

  it('leaves prototypes alone', async () => {
    const { fetch } = await start()
    await fetch('/v1/models/__proto__', { headers: { 'x-constructor': '1' } })
    await fetch('/v1/chat/completions', post('{"__proto__":{"x":1}}'))
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})

describe.each([
  ['in process', inProcess],
  ['on a port', onPort],
])('CORS %s', (_name, start) => {
  const origin = 'https://app.test'
  const preflight: RequestInit = {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-stainless-os, content-type, bad name',
    },
  }

  it('is off unless configured', async () => {
    const { fetch } = await start()
    const response = await fetch('/v1/models', { headers: { origin } })
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    expect((await fetch('/v1/models', preflight)).status).toBe(405)
  })

  it('lets a listed origin ask and read', async () => {
    const { fetch } = await start({ server: { cors: { origins: [origin] } } })
    const asked = await fetch('/v1/chat/completions', preflight)
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin)
    expect(asked.headers.get('access-control-allow-headers')).toBe(
      'authorization, content-type, x-api-key, x-stainless-os',
    )
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST')
    expect(asked.headers.get('vary')).toBe('origin')
    const answer = await fetch('/v1/models', { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-expose-headers')).toBe('x-request-id, x-gantry-model')
    const refused = await fetch('/v1/nowhere', { headers: { origin } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([404, origin])
  })

  it('grants an unlisted origin nothing', async () => {
    const { fetch } = await start({ server: { cors: { origins: [origin] } } })
    for (const init of [preflight, {}]) {
      const headers = { ...(init.headers as object), origin: 'https://evil.test' }
      const response = await fetch('/v1/models', { ...init, headers })
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
      expect(response.headers.get('access-control-allow-headers')).toBeNull()
      expect(response.headers.get('vary')).toBe('origin')
    }
  })

  it('grants everyone with a star, and never credentials', async () => {
    const { fetch } = await start({ server: { cors: { origins: ['*'] } } })
    const response = await fetch('/v1/models', { headers: { origin } })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('a shell', () => {
  it('uses another kernel from the next request on', async () => {
    let kernel = fakeKernel()
    const shell = createShell(() => kernel)
    const ask = async (): Promise<string | null> =>
      (await shell(new Request('http://gateway.test/v1/models'))).headers.get('x-gantry-model')
    expect(await ask()).toBe('m')
    kernel = fakeKernel({ handle: () => ({ status: 200, headers: { 'x-gantry-model': 'next' } }) })
    expect(await ask()).toBe('next')
  })

  it('rejects a body whose client left, and gives its room back', async () => {
    const failures: unknown[] = []
    const kernel = fakeKernel({
      handle: async (incoming) => {
        await incoming.body().catch((error: unknown) => failures.push(error))
        return { status: 499, headers: {} }
      },
    })
    const shell = createShell(() => kernel, { maxInFlightBodyBytes: 1000 })
    for (let turn = 0; turn < 5; turn++) {
      const controller = new AbortController()
      const init = { ...post(streamOf(100, 7, 5)), duplex: 'half', signal: controller.signal }
      const pending = shell(new Request('http://gateway.test/v1/chat/completions', init as RequestInit))
      setTimeout(() => controller.abort(), 30)
      await pending
    }
    expect(failures.length).toBe(5)
    for (const error of failures) expect(GatewayError.is(error) && error.data.class).toBe('cancelled')
  })

  it('refuses without reading, and the next request is served', async () => {
    const { fetch } = await onPort({ handle: refuse })
    for (let turn = 0; turn < 3; turn++) {
      const response = await fetch('/v1/chat/completions', post('x'.repeat(500_000)))
      expect([response.status, response.headers.get('connection')]).toEqual([401, 'close'])
      expect((await errorOf(response)).type).toBe('authentication')
    }
  })
})

/** `count` pieces of `size` bytes, one each `gapMs`. */
function streamOf(count: number, size: number, gapMs = 0): ReadableStream {
  let left = count
  return new ReadableStream({
    async pull(controller) {
      if (gapMs > 0) await new Promise((next) => setTimeout(next, gapMs))
      if (left-- > 0) controller.enqueue(new Uint8Array(size).fill(49))
      else controller.close()
    },
  })
}
