import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createShell, serve, type GatewayServer } from './index.ts'
import { fakeKernel, refuse, sendRaw, statuses, type FakeKernel } from './testing.ts'

let server: GatewayServer
let kernel: FakeKernel
let refusing: GatewayServer

beforeAll(async () => {
  kernel = fakeKernel({ server: { maxBodyBytes: 1000 } })
  const limits = { lingerMs: 60, bodyGraceMs: 150 }
  const shell = createShell(() => kernel, limits)
  const timers = { headersTimeoutMs: 200, checkIntervalMs: 50, lingerMs: 60 }
  server = await serve({ fetch: shell }, { port: 0, limits: timers })
  const strict = createShell(() => fakeKernel({ handle: refuse }), limits)
  refusing = await serve({ fetch: strict }, { port: 0, limits: timers })
})

afterAll(async () => {
  await server.close({ drainTimeoutMs: 0 })
  await refusing.close({ drainTimeoutMs: 0 })
})

const host = 'Host: gateway.test\r\n'
const get = `GET /v1/models HTTP/1.1\r\n${host}\r\n`
const post = (headers: string, body: string, path = '/v1/chat/completions'): string =>
  `POST ${path} HTTP/1.1\r\n${host}${headers}\r\n${body}`

interface Row {
  readonly name: string
  readonly send: string
  /** One status an answer: a second one would be a request smuggled behind the first. */
  readonly statuses: readonly number[]
  /** Whether the connection has to end. */
  readonly closed?: boolean
}

const rows: readonly Row[] = [
  { name: 'a plain request', send: get, statuses: [200] },
  { name: 'two requests in a row', send: get + get, statuses: [200, 200] },
  {
    name: 'a body and a next request',
    send: post('Content-Length: 2\r\n', '{}') + get,
    statuses: [200, 200],
  },
  {
    name: 'a chunked body and a next request',
    send: post('Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n') + get,
    statuses: [200, 200],
  },
  { name: 'no Host', send: 'GET /v1/models HTTP/1.1\r\n\r\n', statuses: [400] },
  { name: 'no Host in HTTP/1.0', send: 'GET /v1/models HTTP/1.0\r\n\r\n', statuses: [200], closed: true },
  { name: 'two equal Hosts', send: `GET /v1/models HTTP/1.1\r\n${host}${host}\r\n`, statuses: [400] },
  { name: 'two Hosts', send: `GET /v1/models HTTP/1.1\r\n${host}hOsT: evil\r\n\r\n`, statuses: [400] },
  { name: 'an empty Host', send: 'GET /v1/models HTTP/1.1\r\nHost:\r\n\r\n', statuses: [400] },
  ...[
    'a/b',
    'localhost:3000/abc?',
    'a?b',
    'a#b',
    'user@a',
    String.raw`a\b`,
    'a b',
    'a,b',
    'a:port',
    'a:1:2',
    'http://a',
    '[::1',
    '::1]',
  ].map((value) => ({
    name: `Host ${value}`,
    send: `GET /v1/models HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
    statuses: [400],
  })),
  ...['localhost', 'localhost:3000', '127.0.0.1:80', '[::1]:8787', 'a-b_c.test', 'xn--d1acufc.test'].map(
    (value) => ({
      name: `Host ${value}`,
      send: `GET /v1/models HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
      statuses: [200],
    }),
  ),
  {
    name: 'length and chunked',
    send: post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'chunked and length',
    send: post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'two lengths',
    send: post('Content-Length: 2\r\nContent-Length: 3\r\n', '{} ') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'two equal lengths',
    send: post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a list of lengths',
    send: post('Content-Length: 2, 2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a negative length',
    send: post('Content-Length: -2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a length with a plus',
    send: post('Content-Length: +2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a length in hex',
    send: post('Content-Length: 0x2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a length beyond numbers',
    send: post('Content-Length: 99999999999999999999999\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a space before the colon',
    send: post('Content-Length : 2\r\n', '{}') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a tab before chunked',
    send: post('Transfer-Encoding:\tchunked\r\n', '0\r\n\r\n') + get,
    statuses: [200, 200],
  },
  {
    name: 'a misspelt chunked',
    send: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'chunked twice',
    send: post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'gzip and chunked',
    send: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'chunked and identity',
    send: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'chunked in HTTP/1.0',
    send: `POST /v1/chat/completions HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get}`,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a chunk size that is none',
    send: post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a chunk longer than it says',
    send: post('Transfer-Encoding: chunked\r\n', '1\r\n{}\r\n0\r\n\r\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a chunk that ends in LF',
    send: post('Transfer-Encoding: chunked\r\n', '2\n{}\n0\n\n') + get,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a header line that is folded',
    send: `GET /v1/models HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a header with NUL',
    send: `GET /v1/models HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a header with a bare CR',
    send: `GET /v1/models HTTP/1.1\r\n${host}X-A: b\rc\r\n\r\n`,
    statuses: [400],
    closed: true,
  },
  {
    name: 'lines that end in LF',
    send: 'GET /v1/models HTTP/1.1\nHost: a\n\n',
    statuses: [400],
    closed: true,
  },
  {
    name: 'a method that is none',
    send: `BREW /v1/models HTTP/1.1\r\n${host}\r\n`,
    statuses: [400],
    closed: true,
  },
  { name: 'HTTP/2 by hand', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', statuses: [400], closed: true },
  { name: 'HTTP/9.9', send: `GET /v1/models HTTP/9.9\r\n${host}\r\n`, statuses: [400], closed: true },
  { name: 'TLS', send: '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', statuses: [400], closed: true },
  {
    name: 'an absolute URL',
    send: `GET http://elsewhere.test/v1/models HTTP/1.1\r\n${host}\r\n`,
    statuses: [200],
  },
  {
    name: 'an absolute URL of another scheme',
    send: `GET ftp://a/v1/models HTTP/1.1\r\n${host}\r\n`,
    statuses: [400],
    closed: true,
  },
  { name: 'an asterisk', send: `OPTIONS * HTTP/1.1\r\n${host}\r\n`, statuses: [404] },
  { name: 'a tunnel', send: `CONNECT a.test:443 HTTP/1.1\r\n${host}\r\n`, statuses: [405], closed: true },
  {
    name: 'an expectation',
    send: post('Content-Length: 2\r\nExpect: miracles\r\n', '{}'),
    statuses: [417],
    closed: true,
  },
  {
    name: 'h2c offered',
    send: `GET /v1/models HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
    statuses: [200],
  },
  {
    name: 'a WebSocket',
    send: `GET /v1/responses HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    statuses: [426],
    closed: true,
  },
  {
    name: 'a WebSocket on an unknown path',
    send: `GET /nowhere HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n`,
    statuses: [426],
    closed: true,
  },
  {
    name: 'headers of 20 KB',
    send: `GET /v1/models HTTP/1.1\r\n${host}X-A: ${'a'.repeat(20_000)}\r\n\r\n`,
    statuses: [431],
    closed: true,
  },
  {
    name: 'a path of 20 KB',
    send: `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
    statuses: [431],
    closed: true,
  },
  {
    name: '3,000 headers',
    send: `GET /v1/models HTTP/1.1\r\n${host}${'A: b\r\n'.repeat(3000)}\r\n`,
    statuses: [431],
    closed: true,
  },
  {
    name: 'a wrong path with a request as its body',
    send: post(`Content-Length: ${get.length}\r\n`, get, '/v1/foo') + get,
    statuses: [404],
    closed: true,
  },
  {
    name: 'a wrong path with half a body',
    send: post('Content-Length: 5000\r\n', get, '/v1/foo'),
    statuses: [404],
    closed: true,
  },
  {
    name: 'a wrong path without a body',
    send: `POST /v1/foo HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n${get}`,
    statuses: [404, 200],
  },
  {
    name: 'two Hosts and a request as body',
    send: `POST /v1/chat/completions HTTP/1.1\r\n${host}${host}Content-Length: ${get.length}\r\n\r\n${get}`,
    statuses: [400],
    closed: true,
  },
  {
    name: 'a body over the limit',
    send: post('Content-Length: 1001\r\n', get.repeat(20)),
    statuses: [413],
    closed: true,
  },
  {
    name: 'a chunked body over the limit',
    send: post('Transfer-Encoding: chunked\r\n', `3e9\r\n${'1'.repeat(1001)}\r\n0\r\n\r\n`) + get,
    statuses: [413],
    closed: true,
  },
]

describe('raw requests', () => {
  it('are at least forty', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40)
  })

  it.each(rows)('$name: $statuses', async (row) => {
    const { text, closed } = await sendRaw(server.port, row.send)
    expect(statuses(text)).toEqual(row.statuses)
    // Where the row says so the connection has ended; elsewhere it may.
    expect(closed || !row.closed).toBe(true)
    const answers = text.split(/(?=HTTP\/1\.1 \d{3} )/)
    for (const answer of answers) expect(answer).toMatch(/x-request-id: req_\w+/i)
    const errors = answers.filter((answer) => /^HTTP\/1\.1 [45]/.test(answer))
    for (const answer of errors) expect(answer).toMatch(/\r\n\r\n\{"error":\{"message":[^]*req_/)
    expect(text).not.toMatch(/\bat .*\.ts:\d+/)
  })

  it('says in an error which request it was', async () => {
    const { text } = await sendRaw(server.port, 'nonsense\r\n\r\n')
    const id = /x-request-id: (req_\w+)/.exec(text)?.[1]
    expect(text).toContain(`(request id: ${id})`)
  })

  it('cuts headers that come too slowly with 408', async () => {
    const pieces = ['GET /v1/models HTTP/1.1\r\n', ...Array.from({ length: 40 }, () => 'X-A: b\r\n')]
    const { text, closed } = await sendRaw(server.port, pieces, { gapMs: 20, silenceMs: 1000 })
    expect([statuses(text), closed]).toEqual([[408], true])
  })

  it('cuts a body that comes too slowly with 408', async () => {
    const pieces = [post('Content-Length: 500\r\n', ''), ...Array.from({ length: 40 }, () => '1')]
    const { text, closed } = await sendRaw(server.port, pieces, { gapMs: 20, silenceMs: 1000 })
    expect([statuses(text), closed]).toEqual([[408], true])
  })

  it('answers a body that stops halfway when the client can still read', async () => {
    const { text, closed } = await sendRaw(server.port, post('Content-Length: 500\r\n', '{"a":'), {
      end: true,
    })
    expect([statuses(text), closed]).toEqual([[400], true])
  })

  it('reads no request out of the body of a refused one', async () => {
    const send = post(`Content-Length: ${get.length}\r\n`, get) + get
    const { text, closed } = await sendRaw(refusing.port, send)
    expect([statuses(text), closed]).toEqual([[401], true])
    const late = await sendRaw(refusing.port, [post('Content-Length: 100000\r\n', ''), get, get], {
      gapMs: 20,
    })
    expect([statuses(late.text), late.closed]).toEqual([[401], true])
  })

  it('gave the kernel nothing but whole requests', () => {
    for (const incoming of kernel.seen) {
      expect(['/models', '/chat/completions']).toContain(incoming.path)
    }
  })
})
