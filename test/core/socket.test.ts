import { once } from 'node:events'
import { request } from 'node:http'
import { WebSocket } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { account, definePlugin, GatewayError, serve, type JsonObject } from '@gantry/core'
import simulator from '@gantry/provider-simulator'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import memory from '@gantry/store-memory'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed
const sockets: WebSocket[] = []

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

let keeping: Composed

/** Simulators of its own for each gateway: closing one closes them. */
const slowModel = (): Pick<NonNullable<Parameters<typeof compose>[0]>, 'models' | 'config'> => ({
  models: { slow: { to: 'slow/sim-chat', price: 'free' } },
  config: {
    providers: {
      chat: simulator(),
      claude: simulator({ speaks: 'anthropic-messages' }),
      slow: simulator({ pace: 5 }),
    },
  },
})

beforeAll(async () => {
  composed = await compose({ plugins: [byKey(), openaiResponses()], ...slowModel() })
  keeping = await compose({
    plugins: [byKey(), openaiResponses({ store: true })],
    config: { store: memory() },
  })
})
afterAll(async () => {
  await composed?.close()
  await keeping?.close()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
  composed.settled.length = 0
  composed.lines.length = 0
})

interface Client {
  send(message: object): void
  readonly events: (JsonObject & { type: string; response?: JsonObject })[]
  /** Waits for the next answer's end and gives its response. */
  end(): Promise<JsonObject>
}

async function open(key = 'alice', to: Composed = composed): Promise<Client> {
  const socket = new WebSocket(`${to.url.replace('http', 'ws')}/v1/responses`, {
    headers: { authorization: `Bearer ${key}` },
  })
  sockets.push(socket)
  const events: Client['events'] = []
  let seen = 0
  socket.addEventListener('message', ({ data }) => events.push(JSON.parse(String(data))))
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  return {
    events,
    send: (message) => socket.send(JSON.stringify(message)),
    async end() {
      const isEnd = (event: { type: string }): boolean =>
        /^(?:error|response\.(?:completed|failed|incomplete))$/.test(event.type)
      await vi.waitFor(() => expect(events.slice(seen).some(isEnd)).toBe(true), 5000)
      const at = events.findIndex((event, index) => index >= seen && isEnd(event))
      seen = at + 1
      return (events[at]?.response ?? events[at]) as JsonObject
    },
  }
}

describe.each(['chat', 'claude'])('a WebSocket in front of a %s upstream', (model) => {
  it('remembers its own last answer, which nobody keeps', async () => {
    const client = await open()
    client.send({ type: 'response.create', model, store: false, generate: false, input: 'My word is plum.' })
    const warm = await client.end()
    expect(warm).toMatchObject({ status: 'completed', output: [], usage: { total_tokens: 0 } })
    expect(composed.settled).toHaveLength(0)
    client.send({
      type: 'response.create',
      model,
      store: false,
      previous_response_id: warm['id'],
      input: [{ role: 'user', content: 'say first' }],
    })
    const first = await client.end()
    expect(JSON.stringify(first['output'])).toContain('first')
    client.send({
      type: 'response.create',
      model,
      store: false,
      previous_response_id: first['id'],
      input: [{ role: 'user', content: 'Which words did I send?' }],
    })
    const second = await client.end()
    // The simulator repeats the prompt it saw.
    expect(JSON.stringify(second['output'])).toContain('Which words')
    expect(Number((second['usage'] as JsonObject)['input_tokens'])).toBeGreaterThan(
      Number((first['usage'] as JsonObject)['input_tokens']),
    )
    await vi.waitFor(() =>
      expect(composed.settled.map(({ outcome }) => outcome)).toEqual(['completed', 'completed']),
    )
    const ids = composed.settled.map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    expect(composed.settled.map((context) => context.get(account))).toEqual(['alice', 'alice'])
    const numbers = client.events.filter(({ response }) => response?.['id'] === second['id'])
    expect(numbers.length).toBeGreaterThan(2)
  })

  it('answers what is wrong as an event, and goes on', async () => {
    const client = await open()
    client.send({ type: 'response.create', model: 'nothing', input: 'x' })
    expect(await client.end()).toMatchObject({
      type: 'error',
      status: 404,
      error: { code: 'model_not_found' },
    })
    client.send({ type: 'response.create', model, input: 'x', previous_response_id: 'resp_unknown' })
    expect(await client.end()).toMatchObject({
      type: 'error',
      status: 400,
      error: { code: 'previous_response_not_found' },
    })
    client.send({ type: 'session.update' })
    expect(await client.end()).toMatchObject({
      type: 'error',
      status: 400,
      error: { param: expect.any(String) },
    })
    client.send({ type: 'response.create', model, input: 'say fine' })
    expect(JSON.stringify(await client.end())).toContain('fine')
  })
})

describe('what a connection continues', () => {
  const create = (input: string, more: object = {}): object => ({
    type: 'response.create',
    model: 'chat',
    input: [{ role: 'user', content: input }],
    ...more,
  })
  const tokens = (response: JsonObject): number => Number((response['usage'] as JsonObject)['input_tokens'])

  it('is named in every event of the answer, and in the answer that is kept', async () => {
    const client = await open('alice', keeping)
    client.send(create('say first'))
    const first = await client.end()
    const from = client.events.length
    client.send(create('say second', { previous_response_id: first['id'] }))
    const second = await client.end()
    const named = client.events.slice(from).flatMap(({ response }) => (response ? [response] : []))
    expect(named.length).toBeGreaterThan(2)
    for (const response of named) expect(response['previous_response_id']).toBe(first['id'])
    const kept = await keeping.send(`/v1/responses/${String(second['id'])}`, {
      headers: { authorization: 'Bearer alice' },
    })
    expect(await kept.json()).toEqual(second)
  })

  it('may be an answer that was kept before; nothing of it is lost on the way', async () => {
    const said = await keeping.send('/v1/responses', {
      method: 'POST',
      headers: { authorization: 'Bearer alice', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'chat', input: `My word is ${'marmalade '.repeat(50)}` }),
    })
    const kept = (await said.json()) as JsonObject
    const client = await open('alice', keeping)
    client.send(create('say second', { previous_response_id: kept['id'], store: false }))
    const second = await client.end()
    expect(tokens(second)).toBeGreaterThan(tokens(kept))
    // Nobody keeps the second; the connection remembers it, and what it had continued.
    client.send(create('say third', { previous_response_id: second['id'], store: false }))
    const third = await client.end()
    expect(third).toMatchObject({ status: 'completed', previous_response_id: second['id'] })
    expect(tokens(third)).toBeGreaterThan(tokens(second))
  })

  it('is looked for also when it comes with a warm-up', async () => {
    const client = await open()
    client.send(create('a', { previous_response_id: 'resp_unknown', generate: false }))
    const warm = await client.end()
    client.send(create('say b', { previous_response_id: warm['id'] }))
    expect(await client.end()).toMatchObject({
      status: 400,
      error: { code: 'previous_response_not_found' },
    })
  })
})

describe('a connection', () => {
  const create = (input: string): object => ({ type: 'response.create', model: 'slow', input })

  it('whose client leaves in the middle has its request settled once, the waiting ones never begun', async () => {
    const client = await open()
    for (let n = 0; n < 3; n++) client.send(create('count 200'))
    await vi.waitFor(() => expect(client.events.length).toBeGreaterThan(5))
    sockets.at(-1)!.close()
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1), 5000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(composed.settled.map(({ outcome }) => outcome)).toEqual(['aborted'])
    expect(composed.settled[0]!.usage.tokens.output).toBeGreaterThan(0)
    expect(composed.lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('takes binary messages for what they say, and ends at text that is none', async () => {
    const client = await open()
    const socket = sockets.at(-1)!
    socket.send(Buffer.from(JSON.stringify(create('say binary'))))
    expect(JSON.stringify(await client.end())).toContain('binary')
    socket.send(Buffer.from([0x22, 0xff, 0x22]))
    expect(await client.end()).toMatchObject({ type: 'error', status: 400 })
  })

  it('says why its request was cut when the time to drain is over, and settles it', async () => {
    const gateway = await compose({ plugins: [byKey(), openaiResponses()], ...slowModel() })
    const client = await open('alice', gateway)
    client.send(create('count 2000'))
    await vi.waitFor(() => expect(client.events.length).toBeGreaterThan(3))
    const closed = new Promise<{ code: number }>((resolve) =>
      sockets.at(-1)!.addEventListener('close', resolve),
    )
    await gateway.close()
    expect((await closed).code).toBe(1001)
    const failed = await client.end()
    expect(JSON.stringify(failed)).toMatch(/shutting_down|shutting down/)
    expect(gateway.settled).toHaveLength(1)
  })

  it('outlives a reload: its next request goes to whoever serves then', async () => {
    const before = await compose({ plugins: [byKey(), openaiResponses()], ...slowModel() })
    const after = await compose({ plugins: [byKey(), openaiResponses()], ...slowModel() })
    const server = await serve(before.gateway, { port: 0 })
    try {
      const client = await open('alice', { ...before, url: server.url })
      client.send(create('count 30'))
      await vi.waitFor(() => expect(client.events.length).toBeGreaterThan(3))
      server.swap(after.gateway)
      const first = await client.end()
      expect(first).toMatchObject({ status: 'completed' })
      client.send({ ...create('say next'), previous_response_id: first['id'] })
      expect(await client.end()).toMatchObject({ status: 'completed', previous_response_id: first['id'] })
      await vi.waitFor(() => expect(after.settled).toHaveLength(1))
      expect(before.settled).toHaveLength(1)
    } finally {
      await server.close({ drainTimeoutMs: 0 })
      await before.close()
      await after.close()
    }
  })
})

describe('an upgrade', () => {
  const upgrade = (path: string, headers: { [name: string]: string } = {}): Promise<[number, JsonObject]> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(composed.url.replace('http', 'ws') + path, { headers })
      socket.addEventListener('open', () => reject(new Error('it was taken')))
      socket.addEventListener('error', () => {
        // The status of a refused upgrade is not shown by WebSocket clients.
        void fetchUpgrade(path, headers).then(resolve, reject)
      })
    })

  it('without a key is refused in the shape of the wire', async () => {
    const [status, body] = await upgrade('/v1/responses')
    expect(status).toBe(401)
    expect(body).toMatchObject({ error: { message: expect.stringContaining('req_') } })
  })

  it.each(['/v1/chat/completions', '/v1/responses/x', '/', '/v1/messages'])(
    'of %s is a 426',
    async (path) => {
      const [status] = await upgrade(path, { authorization: 'Bearer alice' })
      expect(status).toBe(426)
    },
  )

  it('is a 426 where WebSockets are switched off', async () => {
    const off = await compose({ plugins: [openaiResponses({ websocket: false })] })
    try {
      const [status] = await fetchUpgrade('/v1/responses', {}, off.url)
      expect(status).toBe(426)
    } finally {
      await off.close()
    }
  })

  it('may send no message that is larger than a body may be', async () => {
    const client = await open()
    const socket = sockets.at(-1)!
    const closed = new Promise<{ code: number }>((resolve) => socket.addEventListener('close', resolve))
    client.send({ type: 'response.create', model: 'chat', input: 'x'.repeat(100 * 1024 * 1024) })
    expect((await closed).code).toBe(1009)
    const after = await open()
    after.send({ type: 'response.create', model: 'chat', input: 'say still here' })
    expect(JSON.stringify(await after.end())).toContain('still here')
  })
})

async function fetchUpgrade(
  path: string,
  headers: { [name: string]: string },
  url: string = composed.url,
): Promise<[number, JsonObject]> {
  const asking = request(url + path, {
    headers: {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  }).end()
  const [response] = await once(asking, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return [response.statusCode, JSON.parse(text) as JsonObject]
}
