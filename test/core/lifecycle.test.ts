import { setTimeout as sleep } from 'node:timers/promises'
import {
  createGateway,
  serve,
  type AnyPlugin,
  type Gateway,
  type GatewayOptions,
  type Logger,
} from '@gantry/core'
import { openaiChat } from '@gantry/protocol-openai-chat'
import simulator from '@gantry/provider-simulator'
import { afterEach, describe, expect, it } from 'vitest'

let gateway: Gateway | undefined
let lines: string[] = []
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  lines = []
})

const logger = (): Logger => {
  const at = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function make(plugins: readonly AnyPlugin[], options: GatewayOptions = {}): Promise<Gateway> {
  return createGateway<string, string, string>(
    {
      plugins: [openaiChat(), ...plugins],
      providers: { sim: simulator() },
      models: { m: { to: 'sim/m', price: 'free' } },
      groups: {},
    },
    { logger: logger(), ...options },
  )
}

const ask = (to: Gateway, stream = false): Promise<Response> =>
  to.fetch(
    new Request('http://x/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'say hi' }] }),
    }),
  )

describe('boot', () => {
  it('sets up in order, and closes what started in reverse when one fails', async () => {
    const order: string[] = []
    const plugin = (name: string, fails = false): AnyPlugin => ({
      name,
      setup: () => {
        order.push(`setup ${name}`)
        if (fails) throw new Error('cannot')
      },
      close: () => void order.push(`close ${name}`),
    })
    await expect(make([plugin('a'), plugin('b'), plugin('c', true), plugin('d')])).rejects.toThrow(
      /c.*cannot/,
    )
    expect(order).toEqual(['setup a', 'setup b', 'setup c', 'close c', 'close b', 'close a'])
  })

  it('gives up a setup that hangs', async () => {
    const hanging: AnyPlugin = { name: 'slow', setup: () => new Promise(() => {}) }
    await expect(make([hanging], { deadlines: { setup: 30 } })).rejects.toThrow(/slow.*within 30 ms/)
  })
})

describe('close', () => {
  it('runs once, goes on past a close that throws or hangs, and tells of it', async () => {
    const order: string[] = []
    gateway = await make(
      [
        { name: 'first', close: () => void order.push('first') },
        { name: 'thrower', close: () => Promise.reject(new Error('stuck')) },
        { name: 'hanger', close: () => new Promise(() => {}) },
        { name: 'last', close: () => void order.push('last') },
      ],
      { deadlines: { close: 30 } },
    )
    await Promise.all([gateway.close(), gateway.close()])
    await gateway.close()
    expect(order).toEqual(['last', 'first'])
    expect(lines.join('\n')).toMatch(/close of thrower failed.*stuck[^]*|close of hanger failed/)
    expect(lines.filter((line) => line.startsWith('error close of'))).toHaveLength(2)
  })

  it('listeners that throw or hang break nothing', async () => {
    const heard: string[] = []
    gateway = await make([{ name: 'p', close: () => void heard.push('plugin') }], {
      deadlines: { close: 30 },
    })
    gateway.on('ready', () => Promise.reject(new Error('bad listener')))
    gateway.on('ready', () => void heard.push('ready'))
    gateway.on('close', () => {
      throw new Error('bad listener')
    })
    gateway.on('close', () => new Promise(() => {}))
    const off = gateway.on('close', () => void heard.push('never'))
    gateway.on('close', () => void heard.push('closing'))
    off()
    await sleep(5)
    expect(heard).toEqual(['ready'])
    await gateway.close()
    expect(heard).toEqual(['ready', 'closing', 'plugin'])
    expect(lines.filter((line) => line.includes('a listener of'))).toHaveLength(3)
  })

  it('refuses what comes later, in the protocol’s shape, before any plugin sees it', async () => {
    let asked = 0
    gateway = await make([{ name: 'p', hooks: { auth: () => void asked++ } }])
    await gateway.close()
    const response = await ask(gateway)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'shutting_down' } })
    expect(asked).toBe(0)
  })

  it('lets requests end while it drains, and serves those that come meanwhile', async () => {
    gateway = await make([])
    const response = ask(gateway, true)
    const drained = gateway.drain(5000)
    const other = ask(gateway)
    expect(await (await response).text()).toContain('[DONE]')
    expect((await other).status).toBe(200)
    await drained
  })

  it('waits for settlements', async () => {
    let settled = 0
    gateway = await make([
      {
        name: 'bill',
        hooks: {
          'bill.settle': async () => {
            await sleep(80)
            settled++
          },
        },
      },
    ])
    await (await ask(gateway)).text()
    expect(settled).toBe(0)
    await gateway.close()
    expect(settled).toBe(1)
  })

  it('the server drains its gateway once, and cuts what is left at its timeout', async () => {
    const open = await createGateway<string, string, string>(
      {
        plugins: [openaiChat()],
        providers: { sim: simulator({ pace: 500 }) },
        models: { m: { to: 'sim/m', price: 'free' } },
        groups: {},
      },
      { logger: logger() },
    )
    gateway = open
    let drains = 0
    const server = await serve(
      {
        fetch: (request) => open.fetch(request),
        drain: (timeoutMs) => {
          drains++
          return open.drain(timeoutMs)
        },
      },
      { host: '127.0.0.1', port: 0 },
    )
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'say many words that take their time to come out of here' }],
      }),
    })
    const text = response.text()
    const begun = performance.now()
    await server.close({ drainTimeoutMs: 100 })
    expect(performance.now() - begun).toBeLessThan(4000)
    expect(await text).toContain('shutting_down')
    expect(drains).toBe(1)
  })
})

describe('a settlement that cannot be stored', () => {
  it('is tried again, then written to the log whole', async () => {
    let tries = 0
    gateway = await make(
      [
        {
          name: 'bill',
          hooks: {
            'bill.settle': () => {
              tries++
              throw new Error('store is away')
            },
          },
        },
      ],
      { settleRetries: [5, 5] },
    )
    await (await ask(gateway)).text()
    await expect.poll(() => lines.filter((line) => line.includes('this line is the record')).length).toBe(1)
    expect(tries).toBe(3)
    expect(lines.find((line) => line.includes('this line is the record'))).toContain('"model":"m"')
  })
})
