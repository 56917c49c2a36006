import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { account, group, key, type AnyPlugin, type GatewayConfig, type ProviderPlugin } from '@gantry/core'
import { toyProtocol } from '../protocol/toy/protocol.ts'
import { faults } from '../upstream/faults.ts'
import { createFakeUpstream, type FakeUpstream } from '../upstream/server.ts'
import { describeMatrix } from './matrix.ts'
import { createTestGateway } from './test-gateway.ts'

let upstream: FakeUpstream
beforeAll(async () => {
  upstream = await createFakeUpstream()
})
afterAll(() => upstream.close())

const toy: AnyPlugin = { name: 'protocol-toy', provides: { protocol: [toyProtocol()] } }

const provider: ProviderPlugin = {
  name: 'provider-toy',
  provider: (name) => ({
    name,
    speaks: ['toy'],
    cancelStopsBilling: true,
    endpoint: () => ({ url: upstream.url, headers: {} }),
  }),
}

const config: GatewayConfig<'one', 'model-a', 'all'> = {
  plugins: [toy],
  providers: { one: provider },
  models: { 'model-a': { to: 'one/model-b', price: 'free' } },
  groups: { all: { models: ['*'] } },
  hooks: {
    auth(context) {
      context.set(account, 'acme')
      context.set(group, 'all')
      context.set(key, { id: 'k1', account: 'acme', group: 'all', disabled: false })
    },
  },
}

const ask = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

describeMatrix('createTestGateway', (make, transport) => {
  it('traces what happens to each request, where it is asked to', async () => {
    upstream.reply({ json: { id: 'r1', say: 'hello', in: 3, out: 4 } })
    const gateway = await make(config, { trace: true })
    const response = await gateway.fetch('/toy', ask({ model: 'model-a', say: 'traced' }))
    await response.text()
    await gateway.settled(1)
    await expect.poll(() => gateway.traces.length).toBe(1)
    const [trace] = gateway.traces
    expect(trace?.entries.map((entry) => entry.kind)).toContain('upstream-request')
    expect(trace?.client.body).toContain('traced')
  })

  it('answers through an upstream and keeps what the phases saw', async () => {
    upstream.reply({ json: { id: 'r1', say: 'hello', in: 3, out: 4 } })
    const gateway = await make(config)
    expect(gateway.transport).toBe(transport)
    const response = await gateway.fetch('/v1/toy', ask({ model: 'model-a', lines: ['hi'] }))
    expect([response.status, await response.json()]).toEqual([200, { id: 'r1', say: 'hello', in: 3, out: 4 }])
    const [row] = await gateway.settled(1)
    expect(row).toMatchObject({ model: 'model-a', status: 200, outcome: 'completed', relayed: true })
    expect(row?.usage.tokens).toEqual({ input: 3, output: 4 })
    expect(gateway.bills).toEqual([expect.objectContaining({ id: row?.id, outcome: 'completed' })])
    expect(upstream.requests.at(-1)?.json()).toEqual({ model: 'model-b', lines: ['hi'] })
  })

  it('shows refusals too, and what was logged', async () => {
    upstream.reply(faults.status(401, { failed: { why: 'bad key' } }))
    const gateway = await make(config)
    const response = await gateway.fetch(
      new URL('/v1/toy', gateway.url),
      ask({ model: 'model-a', lines: ['hi'] }),
    )
    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('bad key')
    const [row] = await gateway.settled(1)
    expect(row).toMatchObject({ status: 502, error: { class: 'authentication', source: 'upstream' } })
  })

  it('takes requests as the global fetch does', async () => {
    upstream.reply({ json: { id: 'r2', say: 'again' } })
    const gateway = await make(config)
    const request = new Request(`${gateway.url}/v1/toy`, ask({ model: 'model-a', lines: ['hi'] }))
    expect(await (await gateway.fetch(request)).json()).toEqual({ id: 'r2', say: 'again' })
    expect(gateway.gateway.inspect()).toBeDefined()
  })

  it('says when a request was never logged', async () => {
    const gateway = await make(config)
    await expect(gateway.settled(1, 20)).rejects.toThrow('0 of 1 requests')
  })
})

describe('closing', () => {
  it('ends what runs, and twice is once', async () => {
    upstream.reply(faults.silent())
    const gateway = await createTestGateway(config)
    const pending = gateway.fetch('/v1/toy', ask({ model: 'model-a', lines: ['hi'] })).then(
      (response) => response.status,
      () => 'cut',
    )
    await upstream.request(upstream.requests.length)
    await Promise.all([gateway.close(), gateway.close()])
    expect(['cut', 503]).toContain(await pending)
    expect(gateway.requests).toHaveLength(1)
    await expect(fetch(gateway.url)).rejects.toThrow(TypeError)
  })

  it('passes on what a config does wrong', async () => {
    const broken = { ...config, models: { 'model-a': { to: 'nobody/x' as 'one/x' } } }
    await expect(createTestGateway(broken)).rejects.toThrow('nobody')
  })
})
