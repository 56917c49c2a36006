import { GatewayError, type JsonObject } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { describe, expect, test } from 'vitest'
import { targetOf, wireOf } from '../recorded.fixture.ts'
import { encodeRequest } from '../client/encode-request.ts'
import { decodeRequest } from './decode-request.ts'

const hi = [{ role: 'user', content: 'hi' }]
const decode = (body: JsonObject): ReturnType<typeof decodeRequest> => decodeRequest(wireOf(body))

describe('wrong bodies name the field as OpenAI does', () => {
  const image = (image_url: JsonObject): JsonObject => ({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url },
        ],
      },
    ],
  })
  const call = (call: JsonObject): JsonObject => ({
    messages: [...hi, { role: 'assistant', content: null, tool_calls: [call] }],
  })
  test.each<[string, JsonObject]>([
    ['messages', {}],
    ['messages', { messages: null }],
    ['messages', { messages: 'hi' }],
    ['messages', { messages: [] }],
    ['messages[0]', { messages: ['hi'] }],
    ['messages[0].role', { messages: [{ content: 'hi' }] }],
    ['messages[1].role', { messages: [...hi, { role: 'model', content: 'hi' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 3 }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: ['hi'] }] }],
    ['messages[0].content[0].type', { messages: [{ role: 'user', content: [{ text: 'hi' }] }] }],
    ['messages[0].content[0].text', { messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] }],
    ['messages[0].content[1].image_url.url', image({ url: false })],
    [
      'messages[0].content[0].file.file_data',
      { messages: [{ role: 'user', content: [{ type: 'file', file: {} }] }] },
    ],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[1].tool_calls[0].function', call({ id: 'a', type: 'function' })],
    [
      'messages[1].tool_calls[0].function.name',
      call({ id: 'a', type: 'function', function: { arguments: '' } }),
    ],
    [
      'messages[1].tool_calls[0].function.arguments',
      call({ id: 'a', function: { name: 'f', arguments: 1 } }),
    ],
    ['model', { model: 5, messages: hi }],
    ['stream', { stream: 'yes', messages: hi }],
    ['stream_options.include_usage', { stream_options: { include_usage: 1 }, messages: hi }],
    ['temperature', { temperature: '1', messages: hi }],
    ['max_tokens', { max_tokens: 1.5, messages: hi }],
    ['max_tokens', { max_tokens: 0, messages: hi }],
    // Hosts differ in which one they take, so neither says what the answer may cost.
    ['max_tokens', { max_tokens: 100_000, max_completion_tokens: 1, messages: hi }],
    ['max_tokens', { max_tokens: 1, max_completion_tokens: 100_000, messages: hi }],
    ['n', { n: 0, messages: hi }],
    ['stop', { stop: 3, messages: hi }],
    ['stop[1]', { stop: ['a', 3], messages: hi }],
    ['tools', { tools: {}, messages: hi }],
    ['tools[0].type', { tools: [{}], messages: hi }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }], messages: hi }],
    [
      'tools[0].function.parameters',
      { tools: [{ type: 'function', function: { name: 'f', parameters: [] } }], messages: hi },
    ],
    ['tool_choice', { tool_choice: 'maybe', messages: hi }],
    ['tool_choice.function.name', { tool_choice: { type: 'function', function: {} }, messages: hi }],
    ['response_format.type', { response_format: {}, messages: hi }],
    ['response_format.json_schema', { response_format: { type: 'json_schema' }, messages: hi }],
    ['metadata', { metadata: [], messages: hi }],
    ['logit_bias', { logit_bias: 1, messages: hi }],
    ['reasoning_effort', { reasoning_effort: 3, messages: hi }],
  ])('%s', (param, body) => {
    let thrown: unknown
    try {
      decode(body)
    } catch (error) {
      thrown = error
    }
    expect(GatewayError.is(thrown) && thrown.data).toMatchObject({
      class: 'invalid_request',
      status: 400,
      param,
    })
    expect(GatewayError.is(thrown) && thrown.message).toContain(param)
    expect(GatewayError.is(thrown) && thrown.message).not.toContain('/messages')
  })
})

test('no model is the empty model, for core to fill', () => {
  expect(decode({ messages: hi })).toMatchObject({ model: '', stream: false })
})

/** Every field of the wire; what comes back is compared with what was sent. */
const full: JsonObject = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.', vendor: { deep: [1, null] } },
    {
      role: 'developer',
      content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h', odd: 1 } }],
    },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'look', odd: true },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high', odd: 1 } },
        {
          type: 'image_url',
          image_url: { url: 'https://example.com/a.png' },
          cache_control: { type: 'ephemeral' },
        },
        { type: 'image_url', image_url: 'https://example.com/b.png' },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
        { type: 'file', file: { file_id: 'file-1' } },
        { type: 'file', file: { file_data: 'https://example.com/a.pdf', filename: 'b.pdf' } },
        { type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } },
      ],
    },
    {
      role: 'assistant',
      content: 'thinking aloud',
      reasoning_content: 'hm',
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a": 1.0}' } },
        { id: 'call_2', type: 'custom', custom: { name: 'patch', input: '*** Begin' } },
        {
          id: 'call_3',
          type: 'function',
          function: { name: 'g', arguments: '' },
          extra_content: { google: { thought_signature: 'sig', odd: 1 }, other: true },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'one' },
    {
      role: 'tool',
      tool_call_id: 'call_2',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    },
    {
      role: 'tool',
      tool_call_id: 'call_3',
      content: [{ type: 'image_url', image_url: { url: 'https://example.com/c.png' } }],
    },
    {
      role: 'assistant',
      content: [{ type: 'refusal', refusal: 'no' }],
      reasoning: 'x',
      reasoning_details: [{ type: 'reasoning.text', text: 'x', signature: 's' }],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
      refusal: 'still no',
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 't' }] },
        { type: 'text', text: 'x' },
      ],
    },
    { role: 'assistant', audio: { id: 'audio_1' } },
    { role: 'assistant', function_call: { name: 'old', arguments: '{}' } },
    { role: 'function', name: 'old', content: 'done' },
    { role: 'user', content: '' },
  ],
  stream: true,
  stream_options: { include_usage: true, include_obfuscation: false },
  tools: [
    {
      type: 'function',
      function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true, odd: 1 },
      cache_control: { type: 'ephemeral' },
      odd: 2,
    },
    { type: 'function', function: { name: 'g' } },
    {
      type: 'custom',
      custom: {
        name: 'patch',
        description: 'p',
        format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: x' } },
      },
    },
    { type: 'openrouter:web_search', parameters: { max_uses: 1 } },
  ],
  functions: [{ name: 'old', parameters: { type: 'object' } }],
  web_search_options: { search_context_size: 'low' },
  tool_choice: {
    type: 'allowed_tools',
    allowed_tools: {
      mode: 'required',
      tools: [
        { type: 'function', function: { name: 'f' } },
        { type: 'custom', custom: { name: 'patch' } },
      ],
    },
  },
  parallel_tool_calls: false,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'out', schema: { type: 'object' }, strict: true, description: 'x' },
  },
  verbosity: 'low',
  modalities: ['text', 'audio'],
  max_completion_tokens: 100,
  stop: 'END',
  n: 2,
  temperature: 0,
  top_p: 0.5,
  top_k: 4,
  seed: 7,
  presence_penalty: -1,
  frequency_penalty: 1,
  logit_bias: { 5: -100 },
  logprobs: true,
  top_logprobs: 3,
  reasoning_effort: 'high',
  service_tier: 'flex',
  user: 'u',
  safety_identifier: 's',
  metadata: { a: 'b' },
  store: true,
  prompt_cache_key: 'k',
  prompt_cache_retention: '24h',
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
  audio: { voice: 'alloy', format: 'wav' },
  prediction: null,
  chat_template_kwargs: { enable_thinking: false },
}

const again = (body: JsonObject): JsonObject => {
  const request = decode(body)
  return encodeRequest(request, {
    target: targetOf(request.model),
    report: (loss) => expect.unreachable(JSON.stringify(loss)),
  }).body
}

test('every field comes back to the same protocol', () => {
  const sent = again(full)
  const messages = sent['messages'] as JsonObject[]
  // One element that is not a plain text stays a list; `content: null` stands for none.
  expect(messages).toEqual(
    (full['messages'] as JsonObject[]).map((message) =>
      message['content'] === undefined ? { ...message, content: null } : message,
    ),
  )
  expect({ ...sent, messages: 0 }).toEqual({ ...full, messages: 0 })
})

test.each<[string, JsonObject]>([
  ['max_tokens', { max_tokens: 5 }],
  ['both limits', { max_tokens: 5, max_completion_tokens: 5 }],
  ['stop as a list of one', { stop: ['x'] }],
  ['json_object', { response_format: { type: 'json_object' } }],
  ['text format', { response_format: { type: 'text' } }],
  ['unknown format', { response_format: { type: 'grammar', grammar: 'x' } }],
  ['only verbosity', { verbosity: 'high' }],
  ['reasoning of OpenRouter', { reasoning: { effort: 'high', enabled: true, exclude: false, odd: 1 } }],
  ['budget of OpenRouter', { reasoning: { max_tokens: 2000, exclude: true } }],
  ['thinking of DeepSeek', { thinking: { type: 'disabled' } }],
  ['thinking with a budget', { thinking: { type: 'enabled', budget_tokens: 2048, odd: 1 } }],
  [
    'effort beside others',
    { reasoning_effort: 'low', thinking: { type: 'enabled' }, reasoning: { effort: 'low' } },
  ],
  ['safety identifier alone', { safety_identifier: 's' }],
  ['top-level cache_control', { cache_control: { type: 'ephemeral', ttl: '5m' } }],
  ['logprobs: false', { logprobs: false }],
  [
    'empty thinking',
    { messages: [...hi, { role: 'assistant', content: 'x', reasoning_content: '', reasoning: null }] },
  ],
  [
    'two fields of thinking',
    { messages: [...hi, { role: 'assistant', content: 'x', reasoning_content: 'a', reasoning: 'a' }] },
  ],
  [
    'two different thoughts',
    { messages: [...hi, { role: 'assistant', content: 'x', reasoning_content: 'a', reasoning: 'b' }] },
  ],
  ['function_call: auto', { functions: [{ name: 'f' }], function_call: 'auto' }],
  ['function_call by name', { functions: [{ name: 'f' }], function_call: { name: 'f' } }],
  ['any (Mistral)', { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'any' }],
  [
    'named',
    {
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
    },
  ],
  [
    'named custom',
    {
      tools: [{ type: 'custom', custom: { name: 'f' } }],
      tool_choice: { type: 'custom', custom: { name: 'f' } },
    },
  ],
  ['hosted choice', { tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } }],
  ['only parallel', { tools: [{ type: 'function', function: { name: 'f' } }], parallel_tool_calls: true }],
])('spelling comes back: %s', (_name, fields) => {
  const body = { model: 'm', messages: hi, stream: false, ...fields }
  expect(again(body)).toEqual(body)
})

test('edits show, whatever the notes say', () => {
  const request = decode({
    model: 'm',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    max_tokens: 9,
    stop: 'x',
    response_format: { type: 'json_object' },
  })
  const [turn] = request.turns
  const edited = {
    ...request,
    maxOutputTokens: 3,
    stop: ['y', 'z'],
    output: { type: 'text' as const },
    turns: [{ role: 'user' as const, ...turn, parts: [{ type: 'text' as const, text: 'c' }] }],
  }
  const { body } = encodeRequest(edited, { target: targetOf('m'), report: () => {} })
  expect(body).toEqual({
    model: 'm',
    stream: false,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'c' }] }],
    max_tokens: 3,
    stop: ['y', 'z'],
    response_format: { type: 'text' },
  })
})

test('a field named like a prototype stays data', () => {
  const body = JSON.parse(
    '{"model":"m","messages":[{"role":"user","content":"hi","__proto__":{"x":1}}],"stream":false,"__proto__":{"a":1}}',
  ) as JsonObject
  const sent = JSON.stringify(again(body))
  expect(sent).toContain('"__proto__":{"a":1}')
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
})

test('numbers that a double cannot hold go back as written', () => {
  const text =
    '{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":false,"seed":12345678901234567890,"odd":1.00000000000000000001}'
  const sent = again(parseJsonLossless(text) as JsonObject)
  expect(JSON.stringify(sent)).toContain('"seed":12345678901234567890')
  expect(JSON.stringify(sent)).toContain('1.00000000000000000001')
})
