import { PassThrough, Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { createFakeUpstream, type FakeUpstream } from '../upstream/server.ts'
import { createRandom } from '../random.ts'
import { createFaultProxy, type FaultProxy, type FaultProxyOptions } from './fault-proxy.ts'
import { passBytes } from './pass.ts'

let upstream: FakeUpstream | undefined
let proxy: FaultProxy | undefined
afterEach(async () => {
  await proxy?.close()
  await upstream?.close()
})

const body = Buffer.alloc(20_000, 'gantry ')

async function start(options: Omit<FaultProxyOptions, 'target'> = {}): Promise<FaultProxy> {
  upstream = await createFakeUpstream({
    replier: ({ body: sent }) => ({ body: sent.byteLength > 0 ? sent : body }),
  })
  proxy = await createFaultProxy({ target: upstream.url, ...options })
  return proxy
}

const get = async (from: FaultProxy, init?: RequestInit): Promise<Buffer> =>
  Buffer.from(await (await fetch(from.url, init)).arrayBuffer())

/** The code of the network error that a fetch fails with. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    const { cause, name } = error as Error
    return (cause as { code?: string } | undefined)?.code ?? name
  }
  return 'none'
}

describe('fault proxy', () => {
  it('changes nothing by default, both ways', async () => {
    const through = await start()
    expect(await get(through)).toEqual(body)
    expect(await get(through, { method: 'POST', body: 'x'.repeat(3_000_000) })).toHaveLength(3_000_000)
    expect(through.passed.toTarget).toBeGreaterThan(3_000_000)
    expect(through.passed.toClient).toBeGreaterThan(3_020_000)
  })

  it.each([[{ slices: 1 }], [{ slices: 'random' as const }]])(
    '%j passes the same bytes',
    async (toClient) => {
      expect(await get(await start({ toClient, toTarget: toClient }))).toEqual(body)
    },
  )

  it('waits as long as it is told', async () => {
    const from = performance.now()
    await get(await start({ toTarget: { latencyMs: 60, jitterMs: 5 } }))
    expect(performance.now() - from).toBeGreaterThanOrEqual(59)
  })

  it('passes no more than its rate', async () => {
    const from = performance.now()
    expect(await get(await start({ toClient: { bytesPerSecond: 100_000 } }))).toEqual(body)
    expect(performance.now() - from).toBeGreaterThanOrEqual(190)
  })

  it('resets after so many bytes', async () => {
    const through = await start({ toClient: { afterBytes: 5000, end: 'reset' } })
    expect(await codeOf(get(through))).toBe('ECONNRESET')
    expect(through.passed.toClient).toBe(5000)
  })

  it('resets before the first byte', async () => {
    expect(await codeOf(get(await start({ toClient: { end: 'reset' } })))).toBe('ECONNRESET')
  })

  it('closes after so many bytes', async () => {
    expect(await codeOf(get(await start({ toClient: { afterBytes: 5000, end: 'close' } })))).toBe(
      'UND_ERR_SOCKET',
    )
  })

  it('swallows, and only a timer ends it', async () => {
    const through = await start({ toClient: { afterBytes: 5000, end: 'blackhole' } })
    expect(await codeOf(get(through, { signal: AbortSignal.timeout(100) }))).toBe('TimeoutError')
    expect(through.passed.toClient).toBe(5000)
  })

  it('swallows a request', async () => {
    const through = await start({ toTarget: { end: 'blackhole' } })
    expect(await codeOf(get(through, { signal: AbortSignal.timeout(100) }))).toBe('TimeoutError')
    expect(upstream?.requests).toEqual([])
  })

  it('is healed, and cuts what is open', async () => {
    const through = await start({ toClient: { afterBytes: 10, end: 'blackhole' } })
    const waiting = codeOf(get(through))
    while (through.passed.toClient < 10) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(through.connections).toBe(1)
    through.cut('reset')
    expect(await waiting).toBe('ECONNRESET')
    through.set({})
    expect(await get(through)).toEqual(body)
  })

  it('resets when nobody is behind it', async () => {
    const through = await start()
    await upstream?.close()
    upstream = undefined
    expect(await codeOf(get(through))).toBe('ECONNRESET')
  })

  it('the same seed cuts the same way, another one another way', async () => {
    const slices = async (seed: number): Promise<readonly number[]> => {
      const sizes: number[] = []
      await passBytes(Readable.from([body]), new PassThrough().resume(), {
        current: () => ({ slices: 'random' }),
        random: createRandom(seed),
        count: (bytes) => void sizes.push(bytes),
        end: () => {},
      })
      return sizes
    }
    const first = await slices(7)
    expect(first.length).toBeGreaterThan(10)
    expect(await slices(7)).toEqual(first)
    expect(await slices(8)).not.toEqual(first)
  })

  it('closes twice, with what is open', async () => {
    const through = await start({ toClient: { end: 'blackhole' } })
    const waiting = codeOf(get(through))
    await upstream?.request(0)
    await through.close()
    await through.close()
    expect(await waiting).not.toBe('none')
  })
})
