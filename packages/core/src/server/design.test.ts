import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { FastResponse } from 'srvx'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createShell, serve, type GatewayServer } from './index.ts'
import { eventually, fakeKernel, refuse, sendRaw, statuses } from './testing.ts'

const servers: GatewayServer[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(servers.splice(0).map((server) => server.close({ drainTimeoutMs: 0 })))
})

async function start(
  options?: Parameters<typeof fakeKernel>[0],
): Promise<{ server: GatewayServer; kernel: ReturnType<typeof fakeKernel> }> {
  const kernel = fakeKernel(options)
  const server = await serve({ fetch: createShell(() => kernel) }, { port: 0 })
  servers.push(server)
  return { server, kernel }
}

describe('design section 5', () => {
  it('line 1: a body of 200 MB ends at 32 MB, and costs no memory to speak of', async () => {
    const { server, kernel } = await start()
    const piece = Buffer.alloc(1_000_000, '1')
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += piece.length
        if (sent > 200_000_000) controller.close()
        else controller.enqueue(piece)
      },
    })
    const before = process.memoryUsage().rss
    const init = { method: 'POST', body, duplex: 'half' }
    const status = await fetch(`${server.url}/v1/chat/completions`, init as RequestInit).then(
      (response) => response.status,
      () => 'cut',
    )
    // The client may be cut while it still sends: what counts is where the reading stopped.
    expect([413, 'cut']).toContain(status)
    expect(kernel.failures[0]?.error).toMatchObject({ data: { class: 'too_large' } })
    expect(sent).toBeLessThan(80_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(250_000_000)
  })

  it('line 2: no signal listener, no shutdown of its own', async () => {
    const before = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
    await start()
    expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(before)
  })

  it('line 3: a reload reaches a server that is already listening', async () => {
    const { server } = await start()
    const next = fakeKernel({ routes: [], server: {} })
    server.swap({ fetch: createShell(() => next) })
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(404)
  })

  it('line 4: a body that is refused halfway is no abort', async () => {
    const { server, kernel } = await start({
      server: { maxBodyBytes: 10 },
      handle: async (incoming) => {
        await incoming.body().catch(() => {})
        return { status: 413, headers: {}, body: String(incoming.signal.aborted) }
      },
    })
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      body: 'x'.repeat(5000),
    })
    expect(await response.text()).toBe('false')
    expect(kernel.seen[0]?.signal.aborted).toBe(false)
  })

  it('line 5: invalid UTF-8 arrives as it was sent', async () => {
    let seen: Uint8Array = new Uint8Array(0)
    const { server } = await start({
      handle: async (incoming) => {
        seen = await incoming.body()
        return { status: 200, headers: {} }
      },
    })
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0x22])
    await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: bytes })
    expect(Buffer.from(seen).equals(bytes)).toBe(true)
  })

  it("line 6: answers are srvx's own, and a stream for a slow reader is held back", async () => {
    const shell = createShell(() => fakeKernel())
    const response = await shell(new Request('http://gateway.test/v1/models'))
    expect(Object.getPrototypeOf(response)).toBe(FastResponse.prototype)
    let pushed = 0
    const { server } = await start({
      handle: () => ({
        status: 200,
        headers: {},
        body: new Readable({
          read() {
            pushed += 65_536
            this.push(pushed > 400_000_000 ? null : Buffer.alloc(65_536))
          },
        }),
      }),
    })
    const slow = await fetch(`${server.url}/v1/models`)
    await new Promise((next) => setTimeout(next, 300))
    expect(pushed).toBeLessThan(40_000_000)
    await slow.body?.cancel()
  })

  it('line 7: the head leaves with the first chunk, not with the end', async () => {
    const body = new Readable({ read() {} })
    const { server } = await start({ handle: () => ({ status: 200, headers: { 'x-a': 'b' }, body }) })
    const pending = fetch(`${server.url}/v1/models`)
    let answered = false
    void pending.then(() => (answered = true))
    await new Promise((next) => setTimeout(next, 50))
    expect(answered).toBe(false)
    body.push(': keep-alive\n\n')
    const response = await pending
    expect(response.headers.get('x-a')).toBe('b')
    const reader = response.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(': keep-alive\n\n')
    body.push(null)
  })

  it("line 8: errors before routing have the kernel's shape", async () => {
    const { server, kernel } = await start()
    for (const path of ['/v1/foo', '/v1/models/%E0%A4%A']) {
      const { error } = (await (await fetch(server.url + path)).json()) as { error: { request_id: string } }
      expect(error.request_id).toBe(kernel.failures.at(-1)?.request.id)
    }
    expect(kernel.failures.map(({ request }) => request.path)).toEqual(['/v1/foo', '/v1/models/%E0%A4%A'])
  })

  it('line 9: a Host that is none or two is refused, and never routed by', async () => {
    const { server, kernel } = await start()
    for (const host of ['Host: a\r\nHost: b', 'Host: localhost:3000/abc?']) {
      const { text } = await sendRaw(server.port, `GET /v1/models HTTP/1.1\r\n${host}\r\n\r\n`)
      expect(statuses(text)).toEqual([400])
    }
    expect(kernel.seen).toEqual([])
  })

  it("line 10: a client's address is read from the right, past our own proxies, never from what the client wrote", async () => {
    const addressOf = async (
      trustedProxies: readonly string[],
      forwarded: string,
    ): Promise<string | undefined> => {
      const { server, kernel } = await start({ server: { trustedProxies } })
      const { text } = await sendRaw(
        server.port,
        `GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwarded}\r\n\r\n`,
      )
      expect(statuses(text)).toEqual([200])
      return kernel.seen[0]?.remoteAddress
    }
    expect(await addressOf([], '6.6.6.6')).toBe('127.0.0.1')
    expect(await addressOf(['loopback'], '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9')
    expect(await addressOf(['loopback', '10.0.0.0/8'], '6.6.6.6, 203.0.113.9, 10.1.2.3')).toBe('203.0.113.9')
    expect(await addressOf(['loopback'], 'nonsense')).toBe('127.0.0.1')
  })

  it('line 11: aborts print nothing', async () => {
    const printed = [
      vi.spyOn(console, 'error').mockImplementation(() => {}),
      vi.spyOn(console, 'warn').mockImplementation(() => {}),
      vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
    ]
    const body = new Readable({ read() {} })
    body.push('x')
    const { server, kernel } = await start({
      handle: async (incoming) => {
        if (incoming.method === 'POST') await incoming.body()
        return { status: 200, headers: {}, body }
      },
    })
    const controller = new AbortController()
    await fetch(`${server.url}/v1/models`, { signal: controller.signal })
    controller.abort()
    await eventually(() => body.destroyed)
    const half = 'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{'
    await sendRaw(server.port, half, { silenceMs: 30 })
    await eventually(() => kernel.failures.length === 1)
    expect(kernel.failures[0]?.error).toMatchObject({ data: { class: 'cancelled' } })
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
  })

  it('line 12: routes hang on the root: no sub-application, no middleware', async () => {
    const source = await readFile(new URL('shell.ts', import.meta.url), 'utf8')
    expect(source).not.toMatch(/app\.(?:use|mount|register)\(/)
  })

  it('line 13: a WebSocket is answered 426 on any path, with or without a key', async () => {
    const { server } = await start({ handle: refuse })
    for (const path of ['/v1/responses', '/nowhere', '/']) {
      const upgrade = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
      const { text, closed } = await sendRaw(server.port, upgrade, { silenceMs: 2000 })
      expect([statuses(text), closed]).toEqual([[426], true])
    }
  })
})
