import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeFrame } from '@gantry/wire'
import { faults } from './faults.ts'
import { createFakeUpstream, type FakeUpstream, type FakeUpstreamOptions } from './server.ts'

let upstream: FakeUpstream | undefined
afterEach(async () => {
  await upstream?.close()
  upstream = undefined
})

async function start(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  upstream = await createFakeUpstream(options)
  return upstream
}

/** What a socket sees: everything until it closes, and how it closed. */
function raw(
  port: number,
  forMs = 2_000,
): Promise<{ text: string; how: 'end' | 'reset' | 'open'; chunks: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let chunks = 0
    const finish = (how: 'end' | 'reset' | 'open'): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, how, chunks })
    }
    const timer = setTimeout(finish, forMs, 'open')
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      text += chunk.toString()
      chunks++
    })
    socket.on('end', () => finish('end'))
    socket.on('error', () => finish('reset'))
    socket.write('POST /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}')
  })
}

const frames = [{ data: '{"a":1}' }, { event: 'done', data: '{"b":2}' }]

describe('createFakeUpstream', () => {
  it('answers in order, then through the replier, then says that nothing is scripted', async () => {
    const { url, replyWith } = await start({ replies: [{ status: 201, body: 'one' }, { json: { two: 2 } }] })
    const first = await fetch(url)
    expect([first.status, await first.text()]).toEqual([201, 'one'])
    const second = await fetch(url)
    expect([second.headers.get('content-type'), await second.json()]).toEqual([
      'application/json',
      { two: 2 },
    ])
    const third = await fetch(url)
    expect([third.status, await third.text()]).toEqual([500, expect.stringContaining('request 2')])
    replyWith(({ path }, index) => ({ body: `${path} ${index}` }))
    expect(await (await fetch(`${url}/deep?x=1`)).text()).toBe('/deep?x=1 3')
  })

  it('records method, path, headers and the exact bytes', async () => {
    const { url, requests, request } = await start({ replies: [{}] })
    const bytes = new Uint8Array([0xff, 0x00, 0x7b, 0x7d])
    await fetch(`${url}/v1/x?y=z`, { method: 'PUT', headers: { 'X-Key': 'k' }, body: bytes })
    const seen = await request(0)
    expect(seen).toBe(requests[0])
    expect(seen).toMatchObject({ method: 'PUT', path: '/v1/x?y=z', connection: 1, closedEarly: false })
    expect(seen.headers['x-key']).toBe('k')
    expect([...seen.body]).toEqual([...bytes])
  })

  it('sends events as server-sent events', async () => {
    const { url } = await start({ replies: [{ events: frames }] })
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toBe(frames.map(encodeFrame).join(''))
  })

  it.each([['bytes', 3] as const, ['random', 'random'] as const])(
    'cuts what it sends: %s',
    async (_name, slices) => {
      const body = 'häppchen'.repeat(40)
      const { url } = await start({ replies: [{ body, slices }], seed: 7 })
      expect(await (await fetch(url)).text()).toBe(body)
    },
  )

  it('keeps a pace', async () => {
    const { url } = await start({ replies: [{ pieces: ['a', 'b', 'c'], paceMs: 40, delayMs: 40 }] })
    const started = performance.now()
    expect(await (await fetch(url)).text()).toBe('abc')
    expect(performance.now() - started).toBeGreaterThan(110)
  })

  it('notices a client that leaves, and stops', async () => {
    const { url, request } = await start({ replies: [{ pieces: forever(), headers: {} }] })
    const controller = new AbortController()
    const response = await fetch(url, { signal: controller.signal })
    await response.body?.getReader().read()
    controller.abort()
    const seen = await request(0)
    await seen.done
    expect(seen.closedEarly).toBe(true)
    const { bytesWritten } = seen
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen.bytesWritten).toBe(bytesWritten)
  })

  it('feels the back-pressure of a client that does not read', async () => {
    const { port, request } = await start({ replies: [{ pieces: forever() }] })
    const socket = connect(port, '127.0.0.1')
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    const seen = await request(0)
    await settled(() => seen.bytesWritten)
    expect(seen.pauses).toBeGreaterThan(0)
    expect(seen.bytesWritten).toBeLessThan(64_000_000)
    socket.destroy()
    await seen.done
  })

  it('closes completely while answers are under way', async () => {
    const server = await start({ replies: [faults.silent(), faults.stall('abc', 2), { pieces: forever() }] })
    const clients = [raw(server.port), raw(server.port), raw(server.port)]
    await server.request(2)
    await server.close()
    expect(server.connections).toBe(0)
    expect(server.requests.map(({ closedEarly }) => closedEarly)).toEqual([false, false, false])
    await Promise.all(clients)
    await expect(fetch(server.url)).rejects.toThrow(TypeError)
    upstream = undefined
  })

  it('says what went wrong in a script', async () => {
    const { url } = await start({
      replier: () => {
        throw new Error('bad script')
      },
    })
    expect(await (await fetch(url)).text()).toContain('bad script')
  })

  it('says when a request never came', async () => {
    const { request } = await start()
    await expect(request(0, 20)).rejects.toThrow('Request 0 did not reach')
  })
})

describe('faults', () => {
  it('status before the first byte', async () => {
    const { url } = await start({ replies: [faults.status(429, undefined, { 'retry-after': '2' })] })
    const response = await fetch(url)
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await response.json()).toEqual({ error: { message: 'status 429' } })
  })

  it('html and empty answers with status 200', async () => {
    const { url } = await start({
      replies: [faults.html(), faults.empty(), faults.empty('text/event-stream')],
    })
    expect(await (await fetch(url)).text()).toContain('<html>')
    const empty = await fetch(url)
    expect([empty.status, await empty.text()]).toEqual([200, ''])
    expect((await fetch(url)).headers.get('content-type')).toBe('text/event-stream')
  })

  it('half a frame, then FIN without the end of the chunked body', async () => {
    const { port } = await start({ replies: [faults.halfFrame(frames)] })
    const { text, how } = await raw(port)
    expect(how).toBe('end')
    expect(text).toContain('data: {"a":1}')
    expect(text).toContain('event: done')
    expect(text).not.toContain('{"b":2}')
    expect(text.endsWith('0\r\n\r\n')).toBe(false)
  })

  it('a clean end in the middle of what the frames began', async () => {
    const { port } = await start({ replies: [faults.cleanEnd(frames)] })
    expect((await raw(port)).text.endsWith('0\r\n\r\n')).toBe(true)
  })

  it('a reset in the middle', async () => {
    const { port } = await start({ replies: [faults.reset('x'.repeat(1000), 10)] })
    const { how } = await raw(port)
    expect(how).toBe('reset')
  })

  it('silence, and a stall after some bytes', async () => {
    const { port, request } = await start({ replies: [faults.silent(), faults.stall('abcdef', 3)] })
    expect(await raw(port, 150)).toEqual({ text: '', how: 'open', chunks: 0 })
    const stalled = await raw(port, 150)
    expect([stalled.text.includes('abc'), stalled.text.includes('d'), stalled.how]).toEqual([
      true,
      expect.any(Boolean),
      'open',
    ])
    expect((await request(1)).bytesWritten).toBe(3)
  })

  it('one line of forty megabytes, without holding it', async () => {
    const { url } = await start({ replies: [faults.hugeLine()] })
    const response = await fetch(url)
    let length = 0
    let newlines = 0
    const reader = response.body?.getReader()
    for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
      length += read.value.byteLength
      newlines += read.value.filter((byte: number) => byte === 10).length
    }
    expect(length).toBeGreaterThan(40_000_000)
    expect(newlines).toBe(2)
  })

  it('byte by byte', async () => {
    const body = encodeFrame({ data: '{"x":"é"}' })
    const { url } = await start({ replies: [faults.byteByByte(body)] })
    expect(await (await fetch(url)).text()).toBe(body)
  })
})

function* forever(): Generator<string> {
  for (;;) yield 'x'.repeat(65_536)
}

/** Waits until a number stands still. */
async function settled(read: () => number): Promise<void> {
  for (let before = -1; before !== read();) {
    before = read()
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
}
