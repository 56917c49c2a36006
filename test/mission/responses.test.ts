import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { sdk } from '../support/sdk.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let key: string
let vip: string

beforeAll(async () => {
  gateway = await startGateway(config)
  key = await gateway.key('standard')
  vip = await gateway.key('vip')
})
afterAll(() => gateway?.stop())

/** Every model by the wire its upstream speaks. */
const upstreams = [
  ['a responses upstream', 'sim-responses'],
  ['a chat upstream', 'sim-chat'],
  ['a messages upstream', 'Sim-Claude-4.6'],
] as const

const shell = {
  type: 'function' as const,
  name: 'shell',
  strict: false,
  description: 'Runs a command',
  parameters: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
}

describe.each(upstreams)('A3, D1, D3 responses over %s', (_wire, model) => {
  it('answers whole, to a string and to items', async () => {
    for (const input of [
      'say hello there',
      [{ role: 'user' as const, content: [{ type: 'input_text' as const, text: 'say hello there' }] }],
    ]) {
      const answer = await sdk(gateway.url, key).responses.create({ model, input, store: false })
      expect(answer).toMatchObject({
        object: 'response',
        status: 'completed',
        output_text: 'hello there',
        store: false,
      })
      const { usage } = answer
      expect(usage!.total_tokens).toBe(usage!.input_tokens + usage!.output_tokens)
    }
  })

  it('streams, numbered and in order, with the base URL’s version or without', async () => {
    for (const path of ['/v1', '']) {
      const stream = sdk(gateway.url, key, path).responses.stream({ model, input: 'say one two three' })
      const types: string[] = []
      const numbers: number[] = []
      const deltas: string[] = []
      stream.on('event', (event) => {
        types.push(event.type)
        numbers.push(event.sequence_number)
        if (event.type === 'response.output_text.delta') deltas.push(event.delta)
      })
      const answer = await stream.finalResponse()
      expect(answer.output_text).toBe('one two three')
      expect(deltas.join('')).toBe('one two three')
      expect(deltas.length).toBeGreaterThan(1)
      expect(numbers).toEqual(numbers.map((_, index) => index))
      expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress'])
      expect(types.at(-1)).toBe('response.completed')
    }
  })

  it('carries a conversation with tools, context and instructions', async () => {
    const client = sdk(gateway.url, key)
    const first = await client.responses.create({
      model,
      store: false,
      instructions: 'Be brief.',
      tools: [shell],
      input: 'call shell {"command":"ls -la"}\nthen\nsay finished',
    })
    const call = first.output.find((item) => item.type === 'function_call')
    expect(call).toMatchObject({ name: 'shell', arguments: '{"command":"ls -la"}' })
    expect(first.tools).toMatchObject([shell])
    const second = await client.responses.create({
      model,
      store: false,
      instructions: 'Be brief.',
      tools: [shell],
      input: [
        { role: 'user', content: 'call shell {"command":"ls -la"}\nthen\nsay finished' },
        ...first.output,
        { type: 'function_call_output', call_id: call!.call_id, output: 'a.txt' },
      ] as OpenAI.Responses.ResponseInput,
    })
    expect(second.output_text).toBe('finished')
  })

  it('D2 compacts a conversation', async () => {
    const client = sdk(gateway.url, key)
    const compacted = await client.responses.compact({
      model,
      input: [
        { role: 'user', content: 'My word is marmalade.' },
        { role: 'assistant', content: 'Noted.' },
        { role: 'user', content: 'Go on.' },
      ],
    })
    expect(compacted.object).toBe('response.compaction')
    const { output } = compacted
    expect(output.at(-1)).toMatchObject({ type: 'compaction', encrypted_content: expect.any(String) })
    const next = await client.responses.create({
      model,
      store: false,
      input: [...output, { role: 'user', content: 'say going on' }] as OpenAI.Responses.ResponseInput,
    })
    expect(next.output_text).toBe('going on')
  })

  it('is billed as every other request', async () => {
    const before = await balance()
    const answer = await sdk(gateway.url, key).responses.create({ model, input: 'count 10' })
    expect(answer.usage!.output_tokens).toBeGreaterThanOrEqual(10)
    await expect.poll(balance, { timeout: 15_000 }).toBeLessThan(before)
  })

  it('ends as an error that the SDK raises when the upstream breaks', async () => {
    const client = sdk(gateway.url, key)
    await expect(client.responses.create({ model, input: 'fail 503' })).rejects.toBeInstanceOf(
      OpenAI.InternalServerError,
    )
    await expect(client.responses.create({ model: 'nothing', input: 'x' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })
})

it('D5 store: false reaches the upstream without the client asking', async () => {
  // The simulator echoes what it was asked; what this gateway keeps is its own.
  const answer = await fetch(`${gateway.url}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim-responses', input: 'say x', store: false }),
  })
  expect(await answer.json()).toMatchObject({ store: false })
})

it('D6 the list of models is the group’s, in the dialect of who asks', async () => {
  const ids = async (apiKey: string): Promise<string[]> =>
    (await sdk(gateway.url, apiKey).models.list()).data.map(({ id }) => id)
  expect(await ids(key)).not.toContain('only-vip')
  expect(await ids(vip)).toContain('only-vip')
  const response = await fetch(`${gateway.url}/v1/models?limit=2`, {
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
  })
  expect(await response.json()).toMatchObject({
    data: [{ type: 'model' }, { type: 'model' }],
    has_more: true,
    first_id: expect.any(String),
    last_id: expect.any(String),
  })
})

async function balance(): Promise<number> {
  const { stdout } = await gateway.command('accounts', 'list', '--json')
  const { items } = JSON.parse(stdout) as { items: { account: string; balances: { posted: string }[] }[] }
  return Number(items.find(({ account }) => account === 'customer')?.balances[0]?.posted)
}
