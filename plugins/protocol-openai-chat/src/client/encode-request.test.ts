import type { GenerateRequest, JsonObject, Loss, Part, Target, Turn, UpstreamRequest } from '@gantry/core'
import { restoreTools } from '@gantry/core/codec'
import { describe, expect, test } from 'vitest'
import { objectsOf } from '../own.ts'
import { targetOf } from '../recorded.fixture.ts'
import { encodeRequest } from './encode-request.ts'

const user: Turn = {
  role: 'user',
  parts: [{ type: 'text', text: 'hi', at: '/messages/0/content/0' }],
  at: '/messages/0',
}
const call = (callId: string, name = 'f', more: Partial<Part> = {}): Part =>
  ({ type: 'tool_call', kind: 'function', callId, name, arguments: '{}', ...more }) as Part
const result = (
  callId: string,
  parts: readonly Part[] = [{ type: 'text', text: 'ok' }],
  more: Partial<Part> = {},
): Part => ({ type: 'tool_result', callId, parts, ...more }) as Part

/** A request of another protocol: nothing in it is chat's. */
const encode = (
  request: Partial<GenerateRequest>,
  quirks?: JsonObject,
  target: Partial<Target> = {},
): UpstreamRequest & { losses: readonly string[]; messages: readonly JsonObject[] } => {
  const found: Loss[] = []
  const encoded = encodeRequest(
    { model: 'asked', stream: false, turns: [user], ...request },
    { target: targetOf('m', { ...(quirks && { quirks }), ...target }), report: (loss) => found.push(loss) },
  )
  expect(
    found.every(
      (loss) => loss.target === 'openai-chat' && (loss.pointer === '' || loss.pointer.startsWith('/')),
    ),
  ).toBe(true)
  return {
    ...encoded,
    losses: found.map(({ what, how, pointer }) => `${what} ${how} ${pointer}`),
    messages: encoded.body['messages'] as JsonObject[],
  }
}

test('the smallest request: model of the target, no empty fields', () => {
  expect(encode({})).toMatchObject({
    path: '/chat/completions',
    body: { model: 'm', stream: false, messages: [{ role: 'user', content: 'hi' }] },
    losses: [],
  })
  expect(Object.keys(encode({ tools: [], toolChoice: { mode: 'auto', parallel: false } }).body)).toEqual([
    'model',
    'messages',
    'stream',
  ])
})

test('streams always ask for usage, unless the host refuses', () => {
  expect(encode({ stream: true }).body['stream_options']).toEqual({ include_usage: true })
  expect(encode({ stream: true }, { includeUsage: false }).body['stream_options']).toBeUndefined()
})

test('quirks are data, by host and by model family', () => {
  const quirks = {
    maxTokens: 'max_completion_tokens',
    systemRole: 'developer',
    families: [{ models: ['gpt-4*', '*-mini'], systemRole: 'system', maxTokens: 'max_tokens' }],
  }
  const request = { maxOutputTokens: 9, instructions: [{ type: 'text' as const, text: 'Be brief.' }] }
  expect(encode(request, quirks).body).toMatchObject({
    max_completion_tokens: 9,
    messages: [{ role: 'developer' }, {}],
  })
  const older = encode(request, quirks, { model: 'gpt-4o' })
  expect(older.body).toMatchObject({
    max_tokens: 9,
    messages: [{ role: 'system', content: 'Be brief.' }, {}],
  })
  expect(older.body['max_completion_tokens']).toBeUndefined()
  expect(encode(request, quirks, { model: 'x-mini-2' }).body).toMatchObject({ max_completion_tokens: 9 })
  expect(encode(request).body).toMatchObject({ max_completion_tokens: 9, messages: [{ role: 'system' }, {}] })
})

test('a billing header of Claude Code stays here', () => {
  const { messages, losses } = encode({
    instructions: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.3c4', at: '/system/0' },
      { type: 'text', text: 'One.' },
      { type: 'text', text: 'Two.' },
    ],
  })
  expect(messages[0]).toEqual({ role: 'system', content: 'One.\n\nTwo.' })
  expect(losses).toEqual(['instructions.billing_header dropped /system/0'])
})

describe('turns of other protocols', () => {
  test("an assistant's items are one message, results follow their calls", () => {
    const { messages, losses } = encode({
      turns: [
        user,
        { role: 'assistant', parts: [{ type: 'text', text: 'Let me ' }] },
        { role: 'assistant', parts: [{ type: 'text', text: 'see.' }, call('a')] },
        { role: 'assistant', parts: [call('b')] },
        { role: 'tool', parts: [result('b', [{ type: 'text', text: 'B' }])] },
        { role: 'user', parts: [{ type: 'text', text: 'wait' }] },
        { role: 'tool', parts: [result('a', [{ type: 'text', text: 'A' }])] },
      ],
    })
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
          { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'B' },
      { role: 'user', content: 'wait' },
    ])
    expect(losses).toEqual([])
  })

  test('one user message with results, pictures and text is split; pictures stand behind all results', () => {
    const picture: Part = { type: 'image', source: { kind: 'base64', data: 'AAAA', mediaType: 'image/png' } }
    const { messages } = encode({
      turns: [
        user,
        { role: 'assistant', parts: [call('a'), call('b')] },
        {
          role: 'user',
          parts: [
            result('a', [{ type: 'text', text: 'A' }, picture]),
            result('b'),
            { type: 'text', text: 'so?' },
          ],
        },
      ],
    })
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'ok' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Attached image(s) from tool result:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      { role: 'user', content: 'so?' },
    ])
  })

  test('a failed call says so once; interrupted and orphaned ones are repaired', () => {
    const { messages, losses } = encode({
      turns: [
        user,
        { role: 'assistant', parts: [call('a'), call('b')] },
        {
          role: 'user',
          parts: [
            result('a', [{ type: 'text', text: 'no file' }], { isError: true, at: '/messages/2/content/0' }),
          ],
        },
        {
          role: 'user',
          parts: [
            result('z', [{ type: 'text', text: 'Error: old' }], {
              isError: true,
              at: '/messages/3/content/0',
            }),
          ],
        },
      ],
    })
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'Error: no file' },
      { role: 'tool', tool_call_id: 'b', content: 'No result: the call was interrupted.' },
      { role: 'user', content: 'Result of an earlier tool call:\nError: old' },
    ])
    expect(losses.map((loss) => loss.split(' ')[0]).toSorted()).toEqual([
      'tool_call.unanswered',
      'tool_result.is_error',
      'tool_result.is_error',
      'tool_result.orphan',
    ])
  })

  test('ids fit and stay paired', () => {
    const long = `toolu_${'x'.repeat(80)}`
    const { messages } = encode({
      turns: [
        user,
        { role: 'assistant', parts: [call(long), call('functions.Bash:0')] },
        { role: 'user', parts: [result(long), result('functions.Bash:0')] },
      ],
    })
    const [first, second] = objectsOf(messages[1]?.['tool_calls'])
    expect(String(first?.['id']).length).toBeLessThanOrEqual(40)
    expect(second?.['id']).toBe('functions.Bash:0')
    expect(messages.slice(2).map((message) => message['tool_call_id'])).toEqual([
      first?.['id'],
      second?.['id'],
    ])
  })

  test('thinking needs a field that the host knows', () => {
    const turns: Turn[] = [
      user,
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', segments: [{ kind: 'text', text: 'hm' }], at: '/messages/1/content/0' },
          { type: 'text', text: 'yes' },
        ],
      },
    ]
    expect(encode({ turns }).messages[1]).toEqual({ role: 'assistant', content: 'yes' })
    expect(encode({ turns }).losses).toEqual(['part.reasoning dropped /messages/1/content/0'])
    expect(encode({ turns }, { reasoningField: 'reasoning_content' }).messages[1]).toEqual({
      role: 'assistant',
      content: 'yes',
      reasoning_content: 'hm',
    })
  })

  test('envelopes of core and own arrays go back as reasoning_details', () => {
    const custody = { protocol: 'openai-chat', format: 'reasoning_details' }
    const { messages } = encode({
      turns: [
        user,
        {
          role: 'assistant',
          parts: [
            {
              type: 'reasoning',
              segments: [],
              custody: { ...custody, blob: '[{"type":"reasoning.encrypted","data":"x","index":0}]' },
            },
            { type: 'text', text: 'yes' },
          ],
        },
      ],
    })
    expect(messages[1]?.['reasoning_details']).toEqual([{ type: 'reasoning.encrypted', data: 'x', index: 0 }])
  })

  test('what has no place is named, with where it stood', () => {
    const native = { protocol: 'anthropic-messages', value: {} }
    const parts: Part[] = [
      { type: 'image', source: { kind: 'file_id', id: 'f' }, at: '/m/0' },
      { type: 'audio', source: { kind: 'url', url: 'https://example.com/a.wav' }, at: '/m/1' },
      { type: 'file', source: { kind: 'text', text: 'body' }, name: 'a.txt', at: '/m/2' },
      { type: 'native', native, at: '/m/3' },
      { type: 'native', native, text: 'shown', at: '/m/4' },
      { type: 'compaction', text: 'so far', at: '/m/5' },
      { type: 'compaction', at: '/m/6' },
      { type: 'json', json: '{"a":1.0}', at: '/m/7' },
      { type: 'text', text: 'x', cache: { mode: 'ephemeral' }, at: '/m/8' },
      {
        type: 'text',
        text: 'y',
        extra: { 'anthropic-messages': { odd: 1, empty: null, $note: 1 } },
        at: '/m/9',
      },
    ]
    const { messages, losses } = encode({ turns: [{ role: 'user', parts }] })
    expect(objectsOf(messages[0]?.['content']).map((part) => part['text'])).toEqual([
      'a.txt:\nbody',
      'shown',
      'Summary of the earlier conversation:\nso far',
      '{"a":1.0}',
      'x',
      'y',
    ])
    expect(losses).toEqual([
      'part.image dropped /m/0',
      'part.audio dropped /m/1',
      'part.file approximated /m/2',
      'part.native dropped /m/3',
      'part.native approximated /m/4',
      'part.compaction approximated /m/5',
      'part.compaction dropped /m/6',
      'cache.breakpoint dropped /m/8',
      'extra.odd dropped /m/9/odd',
    ])
    expect(
      encode({ turns: [{ role: 'user', parts: parts.slice(8, 9) }] }, { cacheHints: 'cache_control' })
        .messages[0],
    ).toEqual({
      role: 'user',
      content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }],
    })
  })
})

describe('tools', () => {
  const patch = {
    type: 'custom' as const,
    name: 'apply_patch',
    description: 'Edits.',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: x' },
    at: '/tools/0',
  }

  test('freeform tools stay, or are wrapped and come back', () => {
    const kept = encode({ tools: [patch], toolChoice: { mode: 'required', names: ['apply_patch'] } })
    expect(kept.body).toMatchObject({
      tools: [
        {
          type: 'custom',
          custom: {
            name: 'apply_patch',
            format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: x' } },
          },
        },
      ],
      tool_choice: { type: 'custom', custom: { name: 'apply_patch' } },
    })
    expect(kept.lowered).toBeUndefined()

    const turns: Turn[] = [
      user,
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', kind: 'custom', callId: 'c', name: 'apply_patch', arguments: '*** "x"' },
        ],
      },
      { role: 'tool', parts: [result('c')] },
    ]
    const lowered = encode(
      { tools: [patch], turns, toolChoice: { mode: 'required', names: ['apply_patch'] } },
      { customTools: false },
    )
    expect(lowered.body).toMatchObject({
      tools: [{ type: 'function', function: { name: 'apply_patch', parameters: { required: ['input'] } } }],
      tool_choice: { type: 'function', function: { name: 'apply_patch' } },
    })
    expect(JSON.stringify(lowered.body['tools'])).toContain('start: x')
    expect(lowered.messages[1]?.['tool_calls']).toEqual([
      { id: 'c', type: 'function', function: { name: 'apply_patch', arguments: '{"input":"*** \\"x\\""}' } },
    ])
    expect(lowered.lowered).toEqual({ apply_patch: { kind: 'custom', name: 'apply_patch' } })
    expect(lowered.losses).toEqual(['tool.custom lowered /tools/0'])
  })

  test('namespaces are flattened, long names shortened, and core can undo both', () => {
    const long = `mcp__${'x'.repeat(80)}`
    const { body, lowered, losses } = encode({
      tools: [
        {
          type: 'namespace',
          name: 'ns',
          tools: [{ type: 'function', name: 'do', schema: { type: 'object' }, at: '/tools/0/tools/0' }],
        },
        { type: 'function', name: long, at: '/tools/1' },
      ],
      turns: [
        user,
        { role: 'assistant', parts: [call('a', 'do', { namespace: 'ns' }), call('b', long)] },
        { role: 'tool', parts: [result('a'), result('b')] },
      ],
    })
    const names = (body['tools'] as JsonObject[]).map(
      (tool) => (tool['function'] as JsonObject)['name'] as string,
    )
    expect(names[0]).toBe('ns__do')
    expect(names[1]).toMatch(/^[\w-]{1,64}$/)
    const used = objectsOf(objectsOf(body['messages'])[1]?.['tool_calls']).map(
      (made) => (made['function'] as JsonObject)['name'],
    )
    expect(used).toEqual(names)
    expect(losses).toEqual(['tool.namespace lowered /tools/0/tools/0'])
    const restore = restoreTools(lowered ?? {})
    expect(restore({ type: 'part-start', index: 0, part: call('x', names[0]) })).toMatchObject({
      part: { name: 'do', namespace: 'ns' },
    })
    expect(restore({ type: 'part-start', index: 1, part: call('y', names[1]) })).toMatchObject({
      part: { name: long },
    })
  })

  test("another vendor's hosted tools are reported; Gemini's schemas become JSON Schema", () => {
    const { body, losses } = encode({
      tools: [
        {
          type: 'server',
          tool: 'web_search',
          native: { protocol: 'anthropic-messages', value: { type: 'web_search_20250305' } },
          at: '/tools/0',
        },
        {
          type: 'function',
          name: 'f',
          dialect: 'openapi',
          schema: {
            type: 'OBJECT',
            properties: {
              type: { type: 'STRING', nullable: true },
              list: { type: 'ARRAY', minItems: '2', items: { type: 'INTEGER' } },
            },
            propertyOrdering: ['list'],
          },
        },
      ],
    })
    expect(losses).toEqual(['tool.web_search dropped /tools/0'])
    expect(body['tools']).toEqual([
      {
        type: 'function',
        function: {
          name: 'f',
          parameters: {
            type: 'object',
            properties: {
              type: { type: ['string', 'null'] },
              list: { type: 'array', minItems: 2, items: { type: 'integer' } },
            },
          },
        },
      },
    ])
  })

  test('several names are allowed_tools', () => {
    const tools = ['f', 'g'].map((name) => ({ type: 'function' as const, name }))
    expect(encode({ tools, toolChoice: { mode: 'auto', names: ['f'], parallel: false } }).body).toMatchObject(
      {
        parallel_tool_calls: false,
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
        },
      },
    )
  })
})

test('options of other protocols: mapped, or named', () => {
  const { body, losses } = encode({
    sampling: { topK: 5 },
    reasoning: { mode: 'enabled', budgetTokens: 10_000, display: 'summarized', opaque: true },
    output: { type: 'json_schema', schema: { type: 'object' } },
    continuation: { previousResponseId: 'resp_1', background: true, store: false },
    cache: { resource: 'cachedContents/1' },
    serviceTier: 'standard_only',
    endUser: 'u',
    extra: { 'anthropic-messages': { context_management: { edits: [1] }, empty: {} } },
  })
  expect(body).toMatchObject({
    reasoning_effort: 'medium',
    response_format: { type: 'json_schema', json_schema: { name: 'response', schema: { type: 'object' } } },
    store: false,
    service_tier: 'default',
    user: 'u',
  })
  expect(losses.toSorted()).toEqual([
    'cache.resource dropped /cachedContent',
    'continuation.background dropped /background',
    'continuation.previous_response_id dropped /previous_response_id',
    'extra.context_management dropped /context_management',
    'reasoning.budget approximated /thinking/budget_tokens',
    'reasoning.display dropped /reasoning',
    'reasoning.opaque dropped /include',
    'sampling.top_k dropped /top_k',
    'service_tier approximated /service_tier',
  ])
})
