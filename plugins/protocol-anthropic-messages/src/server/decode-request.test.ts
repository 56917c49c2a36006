import { describe, expect, it, test } from 'vitest'
import { GatewayError, type GatewayErrorData, type JsonObject } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { wireOf } from './answers.test-support.ts'
import { decodeCount, decodeRequest } from './decode-request.ts'

const decode = (body: JsonObject, headers = {}): ReturnType<typeof decodeRequest> =>
  decodeRequest(wireOf(body, { headers }))
const hi = { role: 'user', content: 'hi' }
const ask = (more: JsonObject): JsonObject => ({ model: 'm', max_tokens: 10, messages: [hi], ...more })
const say = (role: string, ...content: readonly JsonObject[]): JsonObject =>
  ask({ messages: [{ role, content }] })
const user = (...content: readonly JsonObject[]): JsonObject => say('user', ...content)
const tool = { name: 'f', input_schema: { type: 'object' } }
const partsOf = (body: JsonObject): unknown => decode(body).turns[0]?.parts

function refusal(body: JsonObject, headers = {}): GatewayErrorData {
  try {
    decode(body, headers)
  } catch (error) {
    if (GatewayError.is(error)) return error.data
    throw error
  }
  throw new Error('It was read.')
}

describe('wrong bodies name the field', () => {
  test.each<[string, JsonObject]>([
    ['/messages', { model: 'm', max_tokens: 1 }],
    ['/messages', ask({ messages: [] })],
    ['/messages', ask({ messages: 'hi' })],
    ['/messages/0', ask({ messages: ['hi'] })],
    ['/messages/0/role', ask({ messages: [{ content: 'hi' }] })],
    ['/messages/0/role', ask({ messages: [{ role: 'developer', content: 'hi' }] })],
    ['/messages/0/role', ask({ messages: [{ role: 'tool', content: 'hi' }] })],
    ['/messages/0/content', ask({ messages: [{ role: 'user' }] })],
    ['/messages/0/content', ask({ messages: [{ role: 'user', content: null }] })],
    ['/messages/0/content', ask({ messages: [{ role: 'user', content: {} }] })],
    ['/messages/0/content/0', ask({ messages: [{ role: 'user', content: ['hi'] }] })],
    ['/messages/0/content/0/type', user({ text: 'hi' })],
    ['/messages/0/content/1', user({ type: 'text', text: 'a' }, { type: 'input_text', text: 'b' })],
    ['/messages/0/content/0/text', user({ type: 'text' })],
    ['/messages/0/content/0/cache_control', user({ type: 'text', text: 'a', cache_control: 'ephemeral' })],
    ['/messages/0/content/0/source', user({ type: 'image' })],
    ['/messages/0/content/0/source', user({ type: 'image', source: { type: 'text', data: 'x' } })],
    ['/messages/0/content/0/source/data', user({ type: 'image', source: { type: 'base64' } })],
    ['/messages/0/content/0/source/url', user({ type: 'document', source: { type: 'url', url: 1 } })],
    [
      '/messages/0/content/0/source/content/0',
      user({ type: 'document', source: { type: 'content', content: [{ type: 'thinking', thinking: '' }] } }),
    ],
    ['/messages/0/content/0/thinking', say('assistant', { type: 'thinking', signature: 's' })],
    ['/messages/0/content/0/signature', say('assistant', { type: 'thinking', thinking: '', signature: 1 })],
    ['/messages/0/content/0/data', say('assistant', { type: 'redacted_thinking' })],
    ['/messages/0/content/0/id', say('assistant', { type: 'tool_use', name: 'f', input: {} })],
    ['/messages/0/content/0/name', say('assistant', { type: 'tool_use', id: 'a', input: {} })],
    ['/messages/0/content/0/input', say('assistant', { type: 'tool_use', id: 'a', name: 'f', input: '{}' })],
    ['/messages/0/content/0/tool_use_id', user({ type: 'tool_result', content: 'x' })],
    ['/messages/0/content/0/content', user({ type: 'tool_result', tool_use_id: 'a', content: { a: 1 } })],
    ['/messages/0/content/0/is_error', user({ type: 'tool_result', tool_use_id: 'a', is_error: 'yes' })],
    [
      '/messages/0/content/0/content/0',
      user({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_use' }] }),
    ],
    ['/messages/0/content/0/tool_use_id', say('assistant', { type: 'web_search_tool_result', content: [] })],
    ['/messages/0/content/0/file_id', user({ type: 'container_upload' })],
    ['/messages/0/content/0/title', user({ type: 'search_result', source: 'x', content: [] })],
    ['/max_tokens', { model: 'm', messages: [hi] }],
    ['/max_tokens', ask({ max_tokens: null })],
    ['/max_tokens', ask({ max_tokens: 1.5 })],
    ['/max_tokens', ask({ max_tokens: -1 })],
    ['/model', ask({ model: 5 })],
    ['/stream', ask({ stream: 'yes' })],
    ['/system', ask({ system: 5 })],
    ['/system/0', ask({ system: [{ type: 'image', source: {} }] })],
    ['/system/0/text', ask({ system: [{ type: 'text' }] })],
    ['/temperature', ask({ temperature: '1' })],
    ['/stop_sequences/0', ask({ stop_sequences: [1] })],
    ['/thinking', ask({ thinking: 'on' })],
    ['/thinking', ask({ thinking: { type: 'sometimes' } })],
    ['/thinking/type', ask({ thinking: { budget_tokens: 1024 } })],
    ['/thinking/budget_tokens', ask({ thinking: { type: 'enabled' } })],
    ['/output_config/effort', ask({ output_config: { effort: 3 } })],
    ['/output_config/format', ask({ output_config: { format: { type: 'json' } } })],
    ['/output_config/format/schema', ask({ output_config: { format: { type: 'json_schema' } } })],
    ['/output_format/schema', ask({ output_format: { type: 'json_schema' } })],
    ['/metadata', ask({ metadata: [] })],
    ['/metadata/user_id', ask({ metadata: { user_id: 7 } })],
    ['/cache_control', ask({ cache_control: true })],
    ['/tools', ask({ tools: {} })],
    ['/tools/0', ask({ tools: [{ type: 'teleport', name: 'x' }] })],
    ['/tools/0', ask({ tools: [{ type: 'function', name: 'x' }] })],
    ['/tools/0/name', ask({ tools: [{ input_schema: {} }] })],
    ['/tools/1/input_schema', ask({ tools: [tool, { name: 'g' }] })],
    ['/tools/0/defer_loading', ask({ tools: [{ ...tool, defer_loading: 1 }] })],
    ['/tool_choice', ask({ tool_choice: 'auto' })],
    ['/tool_choice', ask({ tools: [tool], tool_choice: { type: 'required' } })],
    ['/tool_choice/name', ask({ tools: [tool], tool_choice: { type: 'tool' } })],
    ['/tool_choice/name', ask({ tools: [tool], tool_choice: { type: 'tool', name: 'g' } })],
    ['/tool_choice', ask({ tool_choice: { type: 'any' } })],
    ['/tool_choice', ask({ tools: [], tool_choice: { type: 'tool', name: 'f' } })],
  ])('%s', (pointer, body) => {
    const { param, class: kind, status, message } = refusal(body)
    expect({ param, kind, status }).toEqual({ param: pointer, kind: 'invalid_request', status: 400 })
    expect(message.startsWith(pointer.slice(1).replaceAll('/', '.'))).toBe(true)
  })
})

describe('refusals in the words that clients know', () => {
  test.each<[JsonObject, string]>([
    [{ model: 'm', messages: [hi] }, 'max_tokens: Field required'],
    [{ model: 'm', max_tokens: 1 }, 'messages: Field required'],
    [ask({ messages: [] }), 'messages: at least one message is required'],
    [
      ask({ tool_choice: { type: 'any' } }),
      'tool_choice: tool_choice may only be specified while providing tools',
    ],
    [ask({ stream: 1 }), 'stream: Input has to be a boolean, not a number.'],
  ])('%j', (body, words) => expect(refusal(body).message).toBe(words))

  it('names the tag, and those there are', () => {
    expect(refusal(user({ type: 'input_audio' })).message).toMatch(
      /^messages\.0\.content\.0: Input tag 'input_audio' found using 'type' does not match any of the expected tags: 'text', 'image', /,
    )
  })
})

describe('versions', () => {
  it.each([undefined, '2023-06-01', '2026-10-21'])('%s is taken', (version) => {
    expect(decode(ask({}), version === undefined ? {} : { 'anthropic-version': version }).turns).toHaveLength(
      1,
    )
  })

  it('another one is not, and the message says which are', () => {
    const error = refusal(ask({}), { 'anthropic-version': '2019-01-01' })
    expect(error).toMatchObject({ class: 'invalid_request', param: 'anthropic-version' })
    expect(error.message).toContain('2023-06-01, 2026-10-21')
  })
})

describe('blocks', () => {
  it('keep their place, their breakpoint with all its fields, and what nobody knows of them', () => {
    const cache_control = { type: 'ephemeral', ttl: '1h', scope: 'global' }
    expect(partsOf(user({ type: 'text', text: 'a', cache_control, speed: 9 }))).toEqual([
      {
        type: 'text',
        text: 'a',
        cache: { mode: 'ephemeral', ttl: '1h', extra: { 'anthropic-messages': { scope: 'global' } } },
        extra: { 'anthropic-messages': { speed: 9 } },
        at: '/messages/0/content/0',
      },
    ])
  })

  it('of a result are parts of it, whatever is nested', () => {
    const content = [
      { type: 'text', text: 'found' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
      { type: 'tool_reference', tool_name: 'Edit' },
      { type: 'search_result', source: 'https://a', title: 'A', content: [{ type: 'text', text: 'said' }] },
    ]
    expect(partsOf(user({ type: 'tool_result', tool_use_id: 'a', content, is_error: false }))).toEqual([
      {
        type: 'tool_result',
        callId: 'a',
        isError: false,
        at: '/messages/0/content/0',
        parts: [
          { type: 'text', text: 'found', at: '/messages/0/content/0/content/0' },
          {
            type: 'image',
            source: { kind: 'base64', mediaType: 'image/png', data: 'AA' },
            at: '/messages/0/content/0/content/1',
          },
          {
            type: 'native',
            native: { protocol: 'anthropic-messages', value: content[2] },
            text: 'Tool loaded: Edit',
            at: '/messages/0/content/0/content/2',
          },
          {
            type: 'native',
            native: { protocol: 'anthropic-messages', value: content[3] },
            text: 'A\nhttps://a\nsaid',
            at: '/messages/0/content/0/content/3',
          },
        ],
      },
    ])
  })

  it('hold their state, and an empty signature is none', () => {
    const parts = partsOf(
      say(
        'assistant',
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'thinking', thinking: 'ah', signature: '' },
        { type: 'redacted_thinking', data: 'xx' },
      ),
    )
    expect(parts).toMatchObject([
      { type: 'reasoning', custody: { format: 'signature', blob: 'sig' } },
      { type: 'reasoning', segments: [{ text: 'ah' }] },
      { type: 'reasoning', custody: { format: 'redacted', blob: 'xx' } },
    ])
    expect((parts as readonly object[])[1]).not.toHaveProperty('custody')
  })

  it('announce tools in the middle of a conversation', () => {
    const addition = { type: 'tool_addition', tool: { type: 'tool_reference', name: 'rate' } }
    expect(partsOf(say('system', addition))).toMatchObject([{ type: 'tools_added', names: ['rate'] }])
  })

  it('of the newest server tools are taken too', () => {
    expect(
      partsOf(say('assistant', { type: 'teleport_tool_result', tool_use_id: 'srvtoolu_1', content: [] })),
    ).toMatchObject([{ type: 'server_tool_result', tool: 'teleport', callId: 'srvtoolu_1' }])
  })

  it('say who made a call only when it was not the model', () => {
    const call = { type: 'tool_use', id: 'a', name: 'f', input: {} }
    expect(partsOf(say('assistant', { ...call, caller: { type: 'direct' } }))).not.toMatchObject([
      { caller: {} },
    ])
    const program = { type: 'code_execution_20260120', tool_id: 'srvtoolu_1' }
    expect(partsOf(say('assistant', { ...call, caller: program }))).toMatchObject([
      { caller: { type: program.type, id: 'srvtoolu_1' } },
    ])
  })

  it('of numbers that no double holds keep their digits', () => {
    const text =
      '{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"n":12345678901234567890}}]}]}'
    const wire = { ...wireOf({}), json: () => parseJsonLossless(text) as JsonObject }
    expect(decodeRequest(wire).turns[0]?.parts).toMatchObject([{ arguments: '{"n":12345678901234567890}' }])
  })
})

describe('the conversation', () => {
  it('may have the system speak in it, with wishes of its own', () => {
    const message = { role: 'system', content: 'Be brief.', output_config: { effort: 'low' } }
    expect(decode(ask({ messages: [hi, message] })).turns[1]).toEqual({
      role: 'system',
      parts: [{ type: 'text', text: 'Be brief.', at: '/messages/1/content' }],
      extra: { 'anthropic-messages': { output_config: { effort: 'low' } } },
      at: '/messages/1',
    })
  })

  it('keeps empty words of a user and none of an assistant', () => {
    const { turns } = decode(
      ask({
        messages: [
          { role: 'user', content: '' },
          { role: 'assistant', content: '' },
        ],
      }),
    )
    expect(turns.map(({ parts }) => parts.length)).toEqual([1, 0])
  })

  it.each([
    ['a string', 'Be kind.', [{ type: 'text', text: 'Be kind.', at: '/system' }]],
    [
      'blocks',
      [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329.3c4;' }],
      [
        {
          type: 'text',
          text: 'x-anthropic-billing-header: cc_version=2.1.329.3c4;',
          at: '/system/0',
        },
      ],
    ],
  ])('has a system of %s', (_what, system, parts) => {
    expect(decode(ask({ system })).instructions).toEqual(parts)
  })
})

describe('options', () => {
  it.each<[JsonObject, object]>([
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, { mode: 'adaptive', display: 'omitted' }],
    [{ thinking: { type: 'enabled', budget_tokens: 2048 } }, { mode: 'enabled', budgetTokens: 2048 }],
    [{ thinking: { type: 'disabled' } }, { mode: 'disabled' }],
    [
      { thinking: { type: 'between_tools' } },
      { mode: 'adaptive', extra: { 'anthropic-messages': { $type: 'between_tools' } } },
    ],
    [{ output_config: { effort: 'max' } }, { effort: 'max' }],
    [
      { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      { mode: 'adaptive', effort: 'low' },
    ],
  ])('%j', (more, reasoning) => expect(decode(ask(more)).reasoning).toEqual(reasoning))

  it.each<[JsonObject, object]>([
    [{ type: 'auto' }, { mode: 'auto' }],
    [
      { type: 'auto', disable_parallel_tool_use: true },
      { mode: 'auto', parallel: false },
    ],
    [
      { type: 'any', disable_parallel_tool_use: false },
      { mode: 'required', parallel: true },
    ],
    [
      { type: 'tool', name: 'f' },
      { mode: 'required', names: ['f'] },
    ],
    [{ type: 'none' }, { mode: 'none' }],
  ])('%j', (tool_choice, choice) => {
    expect(decode(ask({ tools: [tool], tool_choice })).toolChoice).toEqual(choice)
  })

  it('a form of the answer, in its newer and its older place', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    expect(decode(ask({ output_config: { format } })).output).toEqual(format)
    expect(decode(ask({ output_format: format })).output).toMatchObject(format)
  })

  it('tools of every kind', () => {
    const { tools } = decode(
      ask({
        tools: [
          { ...tool, type: 'custom', strict: true, defer_loading: true, eager_input_streaming: true },
          { type: 'web_search_20260318', name: 'web_search', max_uses: 3 },
          { type: 'bash_20250124', name: 'bash' },
          { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' },
          { type: 'mcp_toolset', mcp_server_name: 'deepwiki' },
          { type: 'teleporter_20270101', name: 'teleporter' },
        ],
      }),
    )
    expect(tools).toMatchObject([
      {
        type: 'function',
        name: 'f',
        strict: true,
        deferred: true,
        extra: { 'anthropic-messages': { eager_input_streaming: true, $type: 'custom' } },
      },
      { type: 'server', tool: 'web_search', name: 'web_search', native: { value: { max_uses: 3 } } },
      {
        type: 'function',
        name: 'bash',
        schema: { properties: { command: {} } },
        extra: { 'anthropic-messages': { $defined: { type: 'bash_20250124', name: 'bash' } } },
      },
      { type: 'server', tool: 'tool_search' },
      { type: 'server', tool: 'mcp' },
      { type: 'server', tool: 'teleporter', at: '/tools/5' },
    ])
  })

  it('no tools are no tools', () => {
    expect(decode(ask({ tools: [] }))).not.toHaveProperty('tools')
  })

  it('everything else goes to its place, and what is unknown is kept', () => {
    const request = decode(
      ask({
        stop_sequences: ['END'],
        temperature: 0.5,
        top_k: 3,
        service_tier: 'auto',
        metadata: { user_id: 'u', team: 't' },
        cache_control: { type: 'ephemeral' },
        context_management: { edits: [] },
        container: 'c',
        safeguards: [1],
        __unparsedToolInput: null,
      }),
      { 'anthropic-beta': 'a-1, b-2' },
    )
    expect(request).toMatchObject({
      stop: ['END'],
      sampling: { temperature: 0.5, topK: 3 },
      serviceTier: 'auto',
      endUser: 'u',
      maxOutputTokens: 10,
      cache: { breakpoint: { mode: 'ephemeral' } },
      extra: {
        'anthropic-messages': {
          metadata: { team: 't' },
          context_management: { edits: [] },
          container: 'c',
          safeguards: [1],
          __unparsedToolInput: null,
          $messages: true,
          $beta: 'a-1, b-2',
        },
      },
    })
  })
})

it('counting wants no limit and is never a stream', () => {
  const request = decodeCount(wireOf({ model: 'm', messages: [hi], stream: true, tools: [] }))
  expect(request.stream).toBe(false)
  expect(request).not.toHaveProperty('maxOutputTokens')
})
