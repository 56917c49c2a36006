import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { type Simulator, startSimulator } from '@gantry/provider-simulator'
import { type Wire, wires } from '../conversion/reading.ts'
import { compose, type Composed } from '../support/compose.ts'
import { ask, expectError, type Fault, plain } from './asked.ts'

let simulator: Simulator
let composed: Composed
/** What somebody would reach who followed an address in a request. */
let inside: Server
let visits = 0

beforeAll(async () => {
  inside = createServer((_request, response) => void response.end('secret'))
  inside.on('connection', () => void visits++)
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
  simulator = await startSimulator()
  const baseUrl = simulator.url
  composed = await compose({
    plugins: [openaiResponses()],
    config: {
      providers: {
        chat: openaiCompatible({ baseUrl, apiKey: 'k' }),
        responses: openaiCompatible({ baseUrl, apiKey: 'k', speaks: ['openai-responses'] }),
        claude: anthropic({ baseUrl, apiKey: 'k' }),
      },
      models: {
        'openai-chat': { to: 'chat/m', price: 'free' },
        'openai-responses': { to: 'responses/m', price: 'free' },
        'anthropic-messages': { to: 'claude/claude-sonnet-4-5', price: 'free', maxOutputTokens: 8192 },
        newest: { to: 'claude/claude-opus-5-5', price: 'free', maxOutputTokens: 8192 },
      },
    },
  })
})
afterEach(async () => {
  // Whatever was asked, the next one is served.
  for (const wire of wires) {
    const told = await ask(composed, wire, { ...plain(wire, 'say fine'), model: wire })
    expect(told.status).toBe(200)
    expect(JSON.stringify(told.body)).toContain('fine')
  }
})
afterAll(async () => {
  await composed?.close()
  await simulator?.close()
  inside?.close()
})

const user = (content: string | readonly JsonObject[]): JsonObject => ({ role: 'user', content })
const hello = user('say hello')
const schema: JsonObject = { type: 'object', properties: {} }

/** A tool as each wire declares it. */
const tool: { readonly [wire in Wire]: (name: string) => JsonObject } = {
  'openai-chat': (name) => ({ type: 'function', function: { name, parameters: schema } }),
  'openai-responses': (name) => ({ type: 'function', name, parameters: schema, strict: false }),
  'anthropic-messages': (name) => ({ name, input_schema: schema }),
}

/** How a request ends: carried, with this among its losses, or refused; `own`: where it stays on its wire. */
interface Case {
  readonly what: string
  readonly of: { readonly [wire in Wire]?: { body: JsonObject; own: Outcome; other: Outcome } }
}
type Outcome = { readonly loses?: RegExp; readonly says?: RegExp } | (Fault & { readonly status: number })

const carried: Outcome = {}
const byUpstream = (param: string): Fault => ({ status: 400, source: 'upstream', param })
const byGateway = (param: string): Fault => ({ status: 400, source: 'gateway', param })

const long = `mcp.files.${'n'.repeat(120)}`
const called = {
  'openai-chat': (written: string): readonly JsonObject[] => [
    user('go'),
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: written } }],
    },
  ],
  'openai-responses': (written: string): readonly JsonObject[] => [
    user('go'),
    { type: 'function_call', call_id: 'c1', name: 'f', arguments: written },
  ],
  'anthropic-messages': (input: string | JsonObject): readonly JsonObject[] => [
    user('go'),
    { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'f', input }] },
  ],
}

const cases: readonly Case[] = [
  {
    what: 'an unknown content part',
    of: {
      'openai-chat': {
        body: {
          messages: [
            user([
              { type: 'hologram', x: 1 },
              { type: 'text', text: 'say hello' },
            ]),
          ],
        },
        own: byUpstream('messages[0].content[0].type'),
        other: { loses: /dropped part.native \/messages\/0\/content\/0/ },
      },
      'openai-responses': {
        body: {
          input: [
            user([
              { type: 'input_hologram', x: 1 },
              { type: 'input_text', text: 'say hello' },
            ]),
          ],
        },
        own: byGateway('input[0].content[0].type'),
        other: byGateway('input[0].content[0].type'),
      },
      'anthropic-messages': {
        body: {
          messages: [
            user([
              { type: 'hologram', x: 1 },
              { type: 'text', text: 'say hello' },
            ]),
          ],
        },
        own: byGateway('messages.0.content.0'),
        other: byGateway('messages.0.content.0'),
      },
    },
  },
  {
    what: 'an unknown item',
    of: {
      'openai-responses': {
        body: { input: [{ type: 'hologram_call', id: 'h_1', x: 1 }, hello] },
        own: byUpstream('input[0]'),
        other: { loses: /dropped part\.\w+ \/input\/0/ },
      },
    },
  },
  {
    what: 'an unknown kind of tool',
    of: {
      'openai-chat': {
        body: { messages: [hello], tools: [{ type: 'hologram', hologram: {} }] },
        own: byUpstream('tools[0].type'),
        other: { loses: /dropped tool\.hologram \/tools\/0/ },
      },
      'openai-responses': {
        body: { input: 'say hello', tools: [{ type: 'hologram' }] },
        own: byGateway('tools[0].type'),
        other: byGateway('tools[0].type'),
      },
      'anthropic-messages': {
        body: { messages: [hello], tools: [{ type: 'hologram_20990101', name: 'hologram' }] },
        own: carried,
        other: { loses: /dropped tool\.hologram \/tools\/0/ },
      },
    },
  },
  {
    what: 'a result without a call',
    of: {
      'openai-chat': {
        body: {
          messages: [
            hello,
            { role: 'assistant', content: 'hello' },
            { role: 'tool', tool_call_id: 'c1', content: 'lost word' },
            user('what was lost'),
          ],
        },
        own: byUpstream('messages.[2].role'),
        other: { loses: /part\.tool_result \/messages\/2/ },
      },
      'openai-responses': {
        body: { input: [hello, { type: 'function_call_output', call_id: 'c1', output: 'lost word' }, hello] },
        own: byUpstream('input'),
        other: { loses: /tool_result/ },
      },
      'anthropic-messages': {
        body: {
          messages: [
            user([
              { type: 'tool_result', tool_use_id: 'c1', content: 'lost word' },
              { type: 'text', text: 'say hello' },
            ]),
          ],
        },
        own: byUpstream('messages.0.content.0'),
        other: { loses: /tool_result/ },
      },
    },
  },
  {
    what: 'a call without a result',
    of: {
      'openai-chat': {
        body: { tools: [tool['openai-chat']('f')], messages: [...called['openai-chat']('{}'), hello] },
        own: byUpstream('messages.[2].role'),
        other: carried,
      },
      'openai-responses': {
        body: { tools: [tool['openai-responses']('f')], input: [...called['openai-responses']('{}'), hello] },
        own: byUpstream('input'),
        other: carried,
      },
      'anthropic-messages': {
        body: {
          tools: [tool['anthropic-messages']('f')],
          messages: [...called['anthropic-messages']({}), hello],
        },
        own: byUpstream('messages.1'),
        other: { loses: /tool_call\.unanswered/ },
      },
    },
  },
  {
    what: 'arguments that are no JSON',
    of: {
      'openai-chat': {
        body: {
          tools: [tool['openai-chat']('f')],
          messages: [
            ...called['openai-chat']('{"x":'),
            { role: 'tool', tool_call_id: 'c1', content: 'r' },
            hello,
          ],
        },
        own: carried,
        other: carried,
      },
      'openai-responses': {
        body: {
          tools: [tool['openai-responses']('f')],
          input: [
            ...called['openai-responses']('{"x":'),
            { type: 'function_call_output', call_id: 'c1', output: 'r' },
            hello,
          ],
        },
        own: carried,
        other: carried,
      },
      'anthropic-messages': {
        body: {
          tools: [tool['anthropic-messages']('f')],
          messages: [
            ...called['anthropic-messages']('oops'),
            user([{ type: 'tool_result', tool_use_id: 'c1', content: 'r' }]),
          ],
        },
        own: byGateway('messages.1.content.0.input'),
        other: byGateway('messages.1.content.0.input'),
      },
    },
  },
  {
    what: 'a function name with dots that is too long',
    of: {
      'openai-chat': {
        body: { messages: [hello], tools: [tool['openai-chat'](long)] },
        own: byUpstream('tools[0].function.name'),
        other: carried,
      },
      'openai-responses': {
        body: { input: 'say hello', tools: [tool['openai-responses'](long)] },
        own: byUpstream('tools[0].name'),
        other: carried,
      },
      'anthropic-messages': {
        body: { messages: [hello], tools: [tool['anthropic-messages'](long)] },
        own: byUpstream('tools.0.custom.name'),
        other: carried,
      },
    },
  },
  {
    what: 'tool_choice without tools',
    of: {
      'openai-chat': {
        body: { messages: [hello], tool_choice: 'required' },
        own: byUpstream('tool_choice'),
        other: { loses: /dropped tool_choice/ },
      },
      'openai-responses': {
        body: { input: 'say hello', tool_choice: 'required' },
        own: byGateway('tool_choice'),
        other: byGateway('tool_choice'),
      },
      'anthropic-messages': {
        body: { messages: [hello], tool_choice: { type: 'any' } },
        own: byGateway('tool_choice'),
        other: byGateway('tool_choice'),
      },
    },
  },
  {
    what: 'no messages',
    of: {
      'openai-chat': {
        body: { messages: [] },
        own: byUpstream('messages'),
        other: byGateway('messages'),
      },
      'openai-responses': { body: { input: [] }, own: byGateway('input'), other: byGateway('input') },
      'anthropic-messages': {
        body: { messages: [] },
        own: byGateway('messages'),
        other: byGateway('messages'),
      },
    },
  },
]

describe.each(cases)('$what', ({ of }) => {
  const ways = wires.flatMap((wire) => {
    const asked = of[wire]
    return asked ? wires.map((upstream) => ({ wire, upstream, asked })) : []
  })
  it.each(ways)('from a client of $wire to an upstream of $upstream', async ({ wire, upstream, asked }) => {
    const before = simulator.requests.length
    const told = await ask(composed, wire, { ...asked.body, model: upstream })
    const outcome = wire === upstream ? asked.own : asked.other
    if ('status' in outcome) {
      expectError(wire, told, outcome)
      expect(simulator.requests.length - before).toBe(outcome.source === 'upstream' ? 1 : 0)
      return
    }
    expect(told.status, JSON.stringify(told.body)).toBe(200)
    // Where something is lost it is said, and where nothing is, not.
    if ('loses' in outcome && outcome.loses) expect(told.headers.get('x-gantry-loss')).toMatch(outcome.loses)
    if (wire === upstream) expect(told.headers.get('x-gantry-loss')).toBeNull()
  })
})

it.each([
  ['openai-chat', 'messages'],
  ['openai-responses', 'input'],
] as const)('a message that says nothing is refused in the words of %s', async (wire, param) => {
  const told = await ask(composed, wire, { ...plain(wire, ''), model: 'anthropic-messages' })
  expectError(wire, told, { status: 400, source: 'gateway' })
  expect((told.body['error'] as JsonObject)['param']).toMatch(new RegExp(`^${param}`))
})

it.each(wires.flatMap((wire) => wires.filter((to) => to !== wire).map((to) => ({ wire, to }))))(
  'a renamed function is called by its own name ($wire to $to)',
  async ({ wire, to }) => {
    const declared =
      wire === 'openai-chat'
        ? { type: 'function', function: { name: long } }
        : { type: 'function', name: long }
    const choice = wire === 'anthropic-messages' ? { type: 'tool', name: long } : declared
    const told = await ask(composed, wire, {
      ...plain(wire, 'what now'),
      model: to,
      tools: [tool[wire](long)],
      tool_choice: choice,
    })
    expect(told.status, JSON.stringify(told.body)).toBe(200)
    expect(JSON.stringify(told.body)).toContain(`"name":"${long}"`)
    expect(JSON.stringify(simulator.requests.at(-1)?.body)).not.toContain(long)
  },
)

const forced: { readonly [wire in Wire]: JsonObject } = {
  'openai-chat': { tool_choice: 'required', reasoning_effort: 'high' },
  'openai-responses': { tool_choice: 'required', reasoning: { effort: 'high' } },
  'anthropic-messages': {
    max_tokens: 4000,
    tool_choice: { type: 'any' },
    thinking: { type: 'enabled', budget_tokens: 1024 },
  },
}

describe.each(wires)('a forced tool with thinking, from a client of %s', (wire) => {
  const body = { ...plain(wire, 'what now'), tools: [tool[wire]('f')], ...forced[wire] }

  it('is a wish to a model that cannot be forced', async () => {
    const told = await ask(composed, wire, { ...body, model: 'newest' })
    expect(told.status, JSON.stringify(told.body)).toBe(200)
    expect(told.headers.get('x-gantry-loss')).toContain('approximated tool_choice.required /toolChoice')
    const sent = simulator.requests.at(-1)?.body as JsonObject
    expect(sent['tool_choice']).toMatchObject({ type: 'auto' })
    expect(JSON.stringify(sent['system'])).toContain('must call')
  })

  it('comes before thinking at a model that has to choose', async () => {
    const told = await ask(composed, wire, { ...body, model: 'anthropic-messages' })
    if (wire === 'anthropic-messages') {
      // On its own wire the vendor says no itself.
      expectError(wire, told, byUpstream('tool_choice'))
      return
    }
    expect(told.status, JSON.stringify(told.body)).toBe(200)
    expect(told.headers.get('x-gantry-loss')).toContain('dropped reasoning /reasoning')
    const sent = simulator.requests.at(-1)?.body as JsonObject
    expect(sent['tool_choice']).toMatchObject({ type: 'any' })
    expect(sent['thinking']).toBeUndefined()
  })
})

describe.each(wires)('a temperature, from a client of %s', (wire) => {
  it('is left out for a model that rejects it, and brought into range for one that takes it', async () => {
    const temperature = wire === 'anthropic-messages' ? 0.7 : 1.7
    const body = { ...plain(wire, 'say hello'), temperature }
    const newest = await ask(composed, wire, { ...body, model: 'newest' })
    expect(newest.status, JSON.stringify(newest.body)).toBe(200)
    expect(newest.headers.get('x-gantry-loss')).toContain('dropped sampling.temperature')
    expect(simulator.requests.at(-1)?.body).not.toHaveProperty('temperature')
    const older = await ask(composed, wire, { ...body, model: 'anthropic-messages' })
    expect(older.status, JSON.stringify(older.body)).toBe(200)
    expect(simulator.requests.at(-1)?.body).toMatchObject({ temperature: Math.min(1, temperature) })
  })
})

describe.each(wires)('a picture at a private address, from a client of %s', (wire) => {
  it.each(wires)('is never fetched on the way to %s', async (upstream) => {
    const { port } = inside.address() as AddressInfo
    for (const url of [
      `http://127.0.0.1:${port}/a.png`,
      `http://localhost:${port}/a.png`,
      `http://[::ffff:127.0.0.1]:${port}/`,
    ]) {
      const picture: { readonly [wire in Wire]: JsonObject } = {
        'openai-chat': { type: 'image_url', image_url: { url } },
        'openai-responses': { type: 'input_image', image_url: url },
        'anthropic-messages': { type: 'image', source: { type: 'url', url } },
      }
      const content = [
        picture[wire],
        { type: wire === 'openai-responses' ? 'input_text' : 'text', text: 'say hello' },
      ]
      const told = await ask(composed, wire, {
        model: upstream,
        ...(wire === 'openai-responses' ? { input: [user(content)] } : { messages: [user(content)] }),
      })
      // The address is the upstream's to follow or to refuse.
      expect(told.status, JSON.stringify(told.body)).toBe(200)
      expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain(url)
    }
    expect(visits).toBe(0)
  })
})

it('a visit to that address would have been seen', async () => {
  const { port } = inside.address() as AddressInfo
  expect(await (await fetch(`http://127.0.0.1:${port}/a.png`)).text()).toBe('secret')
  expect(visits).toBe(1)
})

/** A tool loop whose thinking is of an issuer that nobody here knows. */
const foreign: { readonly [wire in Wire]?: JsonObject } = {
  'openai-responses': {
    include: ['reasoning.encrypted_content'],
    store: false,
    tools: [tool['openai-responses']('f')],
    input: [
      user('go'),
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABofsomebodyelse' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'r' },
      hello,
    ],
  },
  'anthropic-messages': {
    max_tokens: 4000,
    thinking: { type: 'enabled', budget_tokens: 1024 },
    tools: [tool['anthropic-messages']('f')],
    messages: [
      user('go'),
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'RXNvbWVib2R5IGVsc2U=' },
          { type: 'tool_use', id: 'c1', name: 'f', input: {} },
        ],
      },
      user([
        { type: 'tool_result', tool_use_id: 'c1', content: 'r' },
        { type: 'text', text: 'say hello' },
      ]),
    ],
  },
}

describe.each(['openai-responses', 'anthropic-messages'] as const)(
  'state of another issuer, from a client of %s',
  (wire) => {
    it.each(wires)('is no reason for %s to refuse', async (upstream) => {
      const told = await ask(composed, wire, { ...foreign[wire], model: upstream })
      expect(told.status, JSON.stringify(told.body)).toBe(200)
      expect(told.headers.get('x-gantry-loss')).toContain('custody')
      const sent = JSON.stringify(simulator.requests.at(-1)?.body)
      expect(sent).not.toMatch(/gAAAAABofsomebodyelse|RXNvbWVib2R5IGVsc2U=/)
    })
  },
)
