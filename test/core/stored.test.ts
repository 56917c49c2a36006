import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { account, definePlugin, GatewayError, type KvStore } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import memory from '@gantry/store-memory'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'

let kept: Composed
let plain: Composed

/** The key is the account. */
const byKey = definePlugin({
  create: () => ({
    name: 'by-key',
    writes: [account],
    hooks: {
      auth(context) {
        const [, key] = /^Bearer (.+)$/.exec(context.wire.headers.get('authorization') ?? '') ?? []
        if (!key) throw new GatewayError({ class: 'authentication', message: 'No key.' })
        context.set(account, key)
      },
    },
  }),
})

beforeAll(async () => {
  kept = await compose({
    plugins: [byKey(), openaiResponses({ store: true })],
    models: { slow: { to: 'slow/sim-chat', price: 'free' } },
    config: {
      store: memory(),
      providers: {
        chat: simulator(),
        claude: simulator({ speaks: 'anthropic-messages' }),
        slow: simulator({ pace: 5 }),
      },
    },
  })
  plain = await compose({ plugins: [openaiResponses({ websocket: false })] })
})
afterAll(async () => {
  await kept?.close()
  await plain?.close()
})

function sdk(gateway: Composed, key = 'alice'): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
}

describe.each(['chat', 'claude'])('answers kept for a %s upstream', (model) => {
  it('are continued by their id alone, also in branches', async () => {
    const client = sdk(kept)
    const first = await client.responses.create({ model, input: 'My word is marmalade.\nsay noted' })
    expect(first).toMatchObject({ store: true, status: 'completed', output_text: 'noted' })
    for (const word of ['left', 'right']) {
      const next = await client.responses.create({
        model,
        input: `What was my word? ${word}`,
        previous_response_id: first.id,
      })
      expect(next.previous_response_id).toBe(first.id)
      expect(next.id).not.toBe(first.id)
      // Words of the first turn are part of what was sent.
      expect(next.usage!.input_tokens).toBeGreaterThan(first.usage!.input_tokens + first.usage!.output_tokens)
      const items = await client.responses.inputItems.list(next.id, { order: 'asc' })
      expect(items.data.map((item) => JSON.stringify(item))).toEqual([
        expect.stringContaining('marmalade'),
        expect.stringContaining('noted'),
        expect.stringContaining(word),
      ])
    }
  })

  it('are kept before a stream tells its end', async () => {
    const client = sdk(kept)
    const stream = await client.responses.create({ model, input: 'say streamed', stream: true })
    let id = ''
    for await (const event of stream) {
      if (event.type === 'response.completed') {
        id = event.response.id
        expect(event.response).toMatchObject({ store: true })
        const found = await client.responses.retrieve(id)
        expect(found).toEqual(expect.objectContaining({ id, output_text: 'streamed', status: 'completed' }))
      }
    }
    const next = client.responses.stream({ model, input: 'say more', previous_response_id: id })
    expect((await next.finalResponse()).output_text).toBe('more')
  })

  it('carry a tool loop whose second request holds only the result', async () => {
    const client = sdk(kept)
    const tools = [
      {
        type: 'function' as const,
        name: 'weather',
        strict: false,
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
      },
    ]
    const first = await client.responses.create({
      model,
      tools,
      input: 'call weather {"city":"Oslo"}\nthen\nsay cold',
    })
    const call = first.output.find((item) => item.type === 'function_call')
    expect(call).toMatchObject({ name: 'weather', arguments: '{"city":"Oslo"}' })
    const next = await client.responses.create({
      model,
      tools,
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: call!.call_id, output: '-3' }],
    })
    expect(next.output_text).toBe('cold')
  })
})

describe.each(['claude', 'responses'])('thoughts of a %s upstream', (model) => {
  it('go back to it from the first answer on, though nobody asked to see them sealed', async () => {
    const seen: string[] = []
    const gateway = await compose({
      plugins: [openaiResponses({ store: true })],
      models: { responses: { to: 'responses/sim-responses', price: 'free' } },
      hooks: {
        'transform.request': ({ request }) => {
          const parts = request.turns.flatMap((turn) => turn.parts)
          seen.push(parts.map(({ type, custody }) => (custody ? `${type} sealed` : type)).join(', '))
        },
      },
      config: {
        store: memory(),
        providers: {
          chat: simulator(),
          claude: simulator({ speaks: 'anthropic-messages' }),
          responses: simulator({ speaks: 'openai-responses' }),
        },
      },
    })
    try {
      const ask = { model, reasoning: { effort: 'low' as const }, max_output_tokens: 20_000 }
      const client = sdk(gateway)
      const first = await client.responses.create({ ...ask, input: 'reason hm\nsay one' })
      await client.responses.create({ ...ask, input: 'say two', previous_response_id: first.id })
      expect(seen).toEqual(['text', 'text, reasoning sealed, text, text'])
    } finally {
      await gateway.close()
    }
  })
})

describe('answers that are kept', () => {
  it('are not those whose client has left', async () => {
    const client = sdk(kept)
    const stream = await client.responses.create({ model: 'slow', input: 'count 100', stream: true })
    let id = ''
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id
      if (event.type === 'response.output_text.delta') break
    }
    expect(id).not.toBe('')
    await vi.waitFor(() => expect(kept.settled.at(-1)).toMatchObject({ outcome: 'aborted' }), 3000)
    await expect(client.responses.retrieve(id)).rejects.toMatchObject({ status: 404 })
  })

  it('are nobody else’s', async () => {
    const mine = await sdk(kept).responses.create({ model: 'chat', input: 'say mine' })
    const other = sdk(kept, 'mallory')
    await expect(other.responses.retrieve(mine.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.responses.delete(mine.id)).rejects.toMatchObject({ status: 404 })
    await expect(other.responses.inputItems.list(mine.id)).rejects.toMatchObject({ status: 404 })
    await expect(
      other.responses.create({ model: 'chat', input: 'x', previous_response_id: mine.id }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
    expect((await sdk(kept).responses.retrieve(mine.id)).output_text).toBe('mine')
  })

  it('are gone once deleted; what continued them is not', async () => {
    const client = sdk(kept)
    const first = await client.responses.create({ model: 'chat', input: 'say one' })
    const second = await client.responses.create({
      model: 'chat',
      input: 'say two',
      previous_response_id: first.id,
    })
    await client.responses.delete(first.id)
    await expect(client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
    const third = await client.responses.create({
      model: 'chat',
      input: 'say three',
      previous_response_id: second.id,
    })
    expect(third.output_text).toBe('three')
  })

  it('are not, when the client declines, and when they failed', async () => {
    const client = sdk(kept)
    const declined = await client.responses.create({ model: 'chat', input: 'say no', store: false })
    expect(declined).toMatchObject({ store: false })
    await expect(client.responses.retrieve(declined.id)).rejects.toMatchObject({ status: 404 })
    let failed = ''
    const stream = await client.responses.create({
      model: 'slow',
      input: 'say a b c d e f\nfail after 3',
      stream: true,
    })
    try {
      for await (const event of stream) if (event.type === 'response.created') failed = event.response.id
    } catch {
      // The SDK throws what the stream ends with.
    }
    expect(failed).not.toBe('')
    await expect(client.responses.retrieve(failed)).rejects.toMatchObject({ status: 404 })
  })

  it('cannot be cancelled: they are finished', async () => {
    const client = sdk(kept)
    const { id } = await client.responses.create({ model: 'chat', input: 'say done' })
    await expect(client.responses.cancel(id)).rejects.toMatchObject({ status: 400 })
  })

  it.each([
    ['background', { background: true }],
    ['conversation', { conversation: 'conv_1' }],
  ])('do not include %s', async (field, more) => {
    await expect(sdk(kept).responses.create({ model: 'chat', input: 'x', ...more })).rejects.toMatchObject({
      status: 400,
      param: expect.stringContaining(field),
    })
  })

  it('page through the items of their input', async () => {
    const client = sdk(kept)
    const input = Array.from({ length: 5 }, (_, index) => ({
      role: 'user' as const,
      content: `word ${index}`,
    }))
    const { id } = await client.responses.create({ model: 'chat', input })
    const seen: string[] = []
    for await (const item of client.responses.inputItems.list(id, { limit: 2, order: 'asc' }))
      seen.push(JSON.stringify(item))
    expect(seen).toHaveLength(5)
    seen.forEach((text, index) => expect(text).toContain(`word ${index}`))
  })
})

describe('a request to continue', () => {
  it.each([
    ['previous_response_id', { previous_response_id: 5 }],
    ['store', { store: 'no' }],
  ])('whose %s is of the wrong type is refused', async (field, more) => {
    for (const gateway of [kept, plain]) {
      const asked = sdk(gateway).responses.create({ model: 'chat', input: 'x', ...(more as object) })
      await expect(asked).rejects.toMatchObject({ status: 400, param: field })
    }
  })

  it('with an include that is no list is told so', async () => {
    const { id } = await sdk(kept).responses.create({ model: 'chat', input: 'say x' })
    const asked = sdk(kept).responses.create({
      model: 'chat',
      input: 'y',
      previous_response_id: id,
      include: 'everything' as never,
    })
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'include' })
  })

  it.each([
    ['of a megabyte', 'r'.repeat(1024 * 1024)],
    ['with slashes', '../resp_1'],
    ['with another name inside', 'x","answer:openai-responses:resp_1'],
    ['of nothing', ''],
  ])('an id %s finds nothing', async (_name, id) => {
    const asked = sdk(kept).responses.create({ model: 'chat', input: 'x', previous_response_id: id })
    await expect(asked).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
  })

  it('finds nothing under ids that are encoded, and says so with a code of its own', async () => {
    for (const id of ['%2e%2e%2fresp_1', 'a%2Fb', '%00', 'r'.repeat(4000)]) {
      const response = await kept.send(`/v1/responses/${id}`, { headers: { authorization: 'Bearer alice' } })
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ error: { code: 'response_not_found' } })
    }
  })

  it('after a compaction brings no wish to compact again', async () => {
    const input = [{ role: 'user', content: 'My word is plum.' }, { type: 'compaction_trigger' }] as never
    const compacted = await sdk(kept).responses.create({ model: 'chat', input })
    expect(compacted.output.map(({ type }) => type)).toEqual(['compaction'])
    const next = await sdk(kept).responses.create({
      model: 'chat',
      input: 'say on',
      previous_response_id: compacted.id,
    })
    expect(next.output_text).toBe('on')
  })
})

it('a small request that brings a large conversation back is counted by what it brings', async () => {
  const gateway = await compose({
    plugins: [openaiResponses({ store: true })],
    gateway: { limits: { maxInFlightBodyBytes: 300_000 } },
    config: { store: memory() },
  })
  try {
    const first = await sdk(gateway).responses.create({ model: 'chat', input: `say ${'w '.repeat(40_000)}` })
    const next = sdk(gateway).responses.create({ model: 'chat', input: 'x', previous_response_id: first.id })
    await expect(next).rejects.toMatchObject({ status: 503 })
    // What it held is free again.
    const other = await sdk(gateway).responses.create({ model: 'chat', input: `say ${'w '.repeat(40_000)}` })
    expect(other.status).toBe('completed')
  } finally {
    await gateway.close()
  }
})

describe('a store that', () => {
  it('is not there is found at boot', async () => {
    await expect(compose({ plugins: [openaiResponses({ store: true })] })).rejects.toThrow(
      'STORE_LACKS_CAPABILITY',
    )
  })

  const withStore = (kv: Partial<KvStore>): Promise<Composed> => {
    const faulty: KvStore = { name: 'faulty', get: () => undefined, put: () => true, delete() {}, ...kv }
    return compose({
      plugins: [openaiResponses({ store: true })],
      gateway: { deadlines: { memory: 50 } },
      config: { store: { kv: { name: 'faulty', provides: { kv: [faulty] } } } },
    })
  }
  const hang = (): Promise<never> => new Promise(() => {})
  const fail = (): never => {
    throw new Error('secret of the store')
  }

  it.each([
    ['hangs', hang],
    ['fails', fail],
  ])('%s while it is asked is a 503, settled once', async (_name, get) => {
    const gateway = await withStore({ get })
    try {
      const asked = sdk(gateway).responses.create({
        model: 'chat',
        input: 'x',
        previous_response_id: 'resp_1',
      })
      await expect(asked).rejects.toMatchObject({ status: 503, code: 'memory_unavailable' })
      await expect(sdk(gateway).responses.retrieve('resp_1')).rejects.toMatchObject({ status: 503 })
      expect(gateway.settled.map(({ outcome }) => outcome)).toEqual(['refused'])
    } finally {
      await gateway.close()
    }
  })

  it.each([
    ['hangs', hang],
    ['fails', fail],
  ])('%s when an answer is kept takes nothing from the answer', async (_name, put) => {
    const gateway = await withStore({ put })
    try {
      const whole = await sdk(gateway).responses.create({ model: 'chat', input: 'say a' })
      expect(whole.output_text).toBe('a')
      const stream = sdk(gateway).responses.stream({ model: 'chat', input: 'say b' })
      expect((await stream.finalResponse()).output_text).toBe('b')
      expect(gateway.settled.map(({ outcome }) => outcome)).toEqual(['completed', 'completed'])
    } finally {
      await gateway.close()
    }
  })
})

describe('a gateway that keeps nothing', () => {
  it('says so in the echo, and refuses to continue', async () => {
    const client = sdk(plain)
    const answer = await client.responses.create({ model: 'chat', input: 'say hi' })
    expect(answer).toMatchObject({ store: false })
    await expect(client.responses.retrieve(answer.id)).rejects.toMatchObject({ status: 404 })
    await expect(
      client.responses.create({ model: 'chat', input: 'x', previous_response_id: answer.id }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
      message: expect.stringContaining('keeps no responses'),
    })
  })
})
