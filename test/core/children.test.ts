import {
  defineKey,
  group,
  type AttemptContext,
  type GatewayConfig,
  type GenerateRequest,
  type HookMap,
  type PriceLine,
  type SettleContext,
} from '@gantry/core'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, type FakeUpstream } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chatAnswer, chatFrames } from './upstream.ts'

let upstream: FakeUpstream
let composed: Composed | undefined

beforeEach(async () => {
  upstream = await createFakeUpstream({ replier: () => chatAnswer('fine') })
})
afterEach(async () => {
  await composed?.close()
  composed = undefined
  await upstream.close()
})

const child = (model: string): GenerateRequest => ({
  model,
  stream: false,
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'side question' }] }],
})

async function start(
  hooks: HookMap,
  config: Partial<GatewayConfig<string, string, string>> = {},
  options: { cancelStopsBilling?: boolean } = {},
): Promise<{ settled: SettleContext[] }> {
  composed = await compose({
    hooks,
    plugins: [
      {
        name: 'prices',
        provides: {
          pricing: [
            {
              name: 'prices',
              apply: (lines, { model, usage, peek }): readonly PriceLine[] => [
                ...lines,
                {
                  rule: `${model} in ${peek(group) ?? 'no group'}`,
                  item: 'output',
                  quantity: BigInt(usage.tokens.output ?? 0),
                  unitPrice: 1n,
                  ratios: [],
                  asset: 'usd',
                },
              ],
            },
          ],
        },
      },
    ],
    gateway: { timers: { drain: 1500 } },
    config: {
      providers: {
        host: openaiCompatible({
          baseUrl: `${upstream.url}/v1`,
          apiKey: 'k',
          cancelStopsBilling: options.cancelStopsBilling ?? false,
        }),
      },
      models: { m: { to: 'host/m' }, side: { to: 'host/side' }, secret: { to: 'host/secret' } },
      groups: { g: { models: ['m', 'side'] } },
      defaultGroup: 'g',
      ...config,
    },
  })
  return composed
}

/** Runs once for the request itself and not for its children. */
function once(run: (context: AttemptContext) => Promise<unknown>): HookMap {
  return {
    'transform.request': async (context) => {
      if (context.request.model !== 'm') return
      await run(context)
    },
  }
}

const ask = async (init?: RequestInit): Promise<Response> =>
  composed!.chat({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }, init)

describe('a child request', () => {
  it('is priced by its own model and group, and charged with its parent, once', async () => {
    const { settled } = await start(once((context) => context.subrequest('generate', child('side'))))
    expect((await ask()).status).toBe(200)
    await expect.poll(() => settled.length).toBe(1)
    const [one] = settled
    expect(one!.lines.map(({ rule, quantity }) => [rule, quantity])).toEqual([
      ['m in g', 3n],
      ['side in g', 3n],
    ])
    expect(one!.usage.tokens).toMatchObject({ input: 14, output: 6 })
    expect(one!.attempts.map(({ target }) => target.model)).toEqual(['m', 'side'])
    expect(upstream.requests.map((request) => (request.json() as { model: string }).model)).toEqual([
      'side',
      'm',
    ])
  })

  it('sees what auth wrote, and keeps its own writes', async () => {
    const mark = defineKey<string>('test.mark')
    const seen: (string | undefined)[] = []
    const { settled } = await start({
      auth: (context) => void context.set(mark, 'parent'),
      ...once((context) => context.subrequest('generate', child('side'))),
      'route.outcome': (context) => {
        seen.push(context.peek(mark))
        context.set(mark, 'changed by a child')
      },
    })
    await (await ask()).text()
    await expect.poll(() => settled.length).toBe(1)
    expect(seen).toEqual(['parent', 'parent'])
  })

  it('may only ask for what the group may', async () => {
    const refused: unknown[] = []
    await start(
      once((context) =>
        context.subrequest('generate', child('secret')).catch((error: unknown) => refused.push(error)),
      ),
    )
    expect((await ask()).status).toBe(200)
    expect(refused).toMatchObject([{ data: { class: 'permission' } }])
  })

  it('cannot recurse for ever', async () => {
    let depth = 0
    const { settled } = await start({
      'transform.request': async (context) => {
        depth++
        await context.subrequest('generate', child('side'))
      },
    })
    const response = await ask()
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('subrequest')
    expect(depth).toBeLessThanOrEqual(8)
    await expect.poll(() => settled.length).toBe(1)
    expect(upstream.requests).toHaveLength(0)
  })

  it('that fails gives its error to the hook, and the parent goes on', async () => {
    upstream.reply(faults.status(429))
    const errors: unknown[] = []
    const { settled } = await start(
      once((context) =>
        context.subrequest('generate', child('side')).catch((error: unknown) => errors.push(error)),
      ),
    )
    expect((await ask()).status).toBe(200)
    expect(errors).toMatchObject([{ data: { class: 'rate_limited' } }])
    await expect.poll(() => settled[0]?.attempts.length).toBe(2)
  })

  it('runs route hooks, so that it is ordered and spared like any request', async () => {
    const routed: string[] = []
    await start({
      route: (context) => void routed.push(context.model),
      ...once((context) => context.subrequest('generate', child('side'))),
    })
    await (await ask()).text()
    expect(routed).toEqual(['m', 'side'])
  })

  it('is not begun before money is held', async () => {
    const { settled } = await start({
      route: async (context) => void (await context.subrequest('generate', child('side'))),
    })
    expect((await ask()).status).toBe(500)
    await expect.poll(() => settled.length).toBe(1)
    expect(upstream.requests).toHaveLength(0)
  })

  it('nor after its parent is over', async () => {
    const late: unknown[] = []
    const { settled } = await start({
      log: async (context) => {
        await context.subrequest('generate', child('side')).catch((error: unknown) => late.push(error))
      },
    })
    await (await ask()).text()
    await expect.poll(() => settled.length).toBe(1)
    await expect.poll(() => late.length).toBe(1)
    expect(upstream.requests).toHaveLength(1)
  })

  it('that nobody waits for is still charged', async () => {
    upstream.reply({ ...chatAnswer('slow'), delayMs: 120 })
    const { settled } = await start(
      once(async (context) => void context.subrequest('generate', child('side')).catch(() => {})),
    )
    await (await ask()).text()
    await expect.poll(() => settled.length).toBe(1)
    expect(settled[0]!.lines.map(({ rule }) => rule)).toEqual(['m in g', 'side in g'])
  })

  it('whose client leaves is drained and charged where the meter runs on', async () => {
    upstream.reply({ ...chatAnswer('slow'), delayMs: 150 })
    const { settled } = await start(once((context) => context.subrequest('generate', child('side'))))
    const gone = new AbortController()
    const pending = ask({ signal: gone.signal }).catch(() => undefined)
    await upstream.request(0)
    gone.abort()
    await pending
    await expect.poll(() => settled.length).toBe(1)
    expect(settled[0]).toMatchObject({ outcome: 'aborted' })
    expect(settled[0]!.lines.map(({ rule, quantity }) => [rule, quantity])).toEqual([['side in g', 3n]])
    expect(upstream.requests).toHaveLength(1)
  })

  it('is cut with its parent by a drain, also when there are several', async () => {
    upstream.replyWith(() => faults.silent())
    const { settled } = await start(
      once((context) =>
        Promise.all(['side', 'side', 'side'].map((name) => context.subrequest('generate', child(name)))),
      ),
    )
    const pending = ask()
    await upstream.request(2)
    const begun = performance.now()
    await composed!.gateway.drain(30)
    expect(performance.now() - begun).toBeLessThan(3000)
    expect((await pending).status).toBe(503)
    expect(settled).toHaveLength(1)
    await expect.poll(() => upstream.connections).toBe(0)
  })
})

it('a stream whose hook asked a side question is charged for both', async () => {
  const { settled } = await start(once((context) => context.subrequest('generate', child('side'))))
  upstream.reply(chatAnswer('fine'), { events: chatFrames(['a', 'b']) })
  const response = await composed!.chat({
    model: 'm',
    stream: true,
    messages: [{ role: 'user', content: 'hi' }],
  })
  expect(await response.text()).toContain('[DONE]')
  await expect.poll(() => settled.length).toBe(1)
  expect(settled[0]!.lines.map(({ rule, quantity }) => [rule, quantity])).toEqual([
    ['m in g', 2n],
    ['side in g', 3n],
  ])
})
