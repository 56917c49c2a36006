import { GatewayError, type GenerateRequest, type JsonObject, type WireRequest } from '@gantry/core'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { describe, expect, it } from 'vitest'
import { attempt, captures } from '../captures.test-support.ts'
import { lostLeaves } from '../leaves.test-support.ts'
import { refusals } from '../validator.test-support.ts'
import { encodeRequest } from './encode-request.ts'

const bodies = captures('chat').flatMap(({ file, requestBody }) =>
  requestBody ? [[file, requestBody] as const] : [],
)

/** One of every family in the table, and a host's own. */
const models = [
  'claude-sonnet-4-5',
  'claude-opus-4-8',
  'claude-opus-5-5',
  'claude-opus-4-6',
  'claude-3-5-haiku',
  'deepseek-chat',
]

describe('recorded chat requests', () => {
  it('are as many as this test thinks', () => {
    expect(bodies).toHaveLength(78)
  })

  it.each(bodies)('%s is a request that Anthropic takes, and nothing is lost in silence', (_file, body) => {
    const request = decode(body)
    for (const model of models) {
      const context = attempt(model)
      const count = request.sampling?.count ?? 1
      if (count > 1) {
        expect(() => encodeRequest(request, context)).toThrow(/^n is \d+/)
        continue
      }
      const { body: out, path, headers } = encodeRequest(request, context)
      expect(path).toBe('/messages')
      expect(headers).toMatchObject({ 'anthropic-version': '2023-06-01' })
      expect(refusals(out)).toEqual([])
      expect(lostLeaves(request, out, context.losses)).toEqual([])
    }
  })

  it.each(['claude-sonnet-4-5', 'claude-opus-5-5', 'a-host'])(
    'with every field of the wire lose nothing in silence towards %s',
    (model) => {
      const request = decode(everything)
      const context = attempt(model)
      const { body } = encodeRequest(request, context)
      expect(refusals(body)).toEqual([])
      expect(lostLeaves(request, body, context.losses)).toEqual([])
    },
  )

  it('are encoded the same way twice', () => {
    for (const [, body] of bodies) {
      const request = decode(body)
      if ((request.sampling?.count ?? 1) > 1) continue
      const [first, second] = [encodeRequest(request, attempt()), encodeRequest(decode(body), attempt())]
      expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    }
  })

  it('name n when it asks for several choices', () => {
    const request = { ...decode({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], n: 3 }) }
    try {
      encodeRequest(request, attempt())
      expect.unreachable()
    } catch (error) {
      expect(GatewayError.is(error) && error.data).toMatchObject({
        class: 'unsupported',
        status: 400,
        param: '/n',
      })
    }
  })
})

/** No recording uses these fields, so they stand here. */
const everything: JsonObject = {
  model: 'alias',
  messages: [
    { role: 'developer', content: 'Be brief.', name: 'boss' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'high' } },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0xLjQ=', filename: 'a.pdf' } },
        { type: 'file', file: { file_id: 'file-abc' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'I should look.',
      tool_calls: [
        {
          id: 'functions.look:0',
          type: 'function',
          function: { name: 'look', arguments: '{"at": 12345678901234567890}' },
        },
        { id: 'call_2', type: 'custom', custom: { name: 'patch', input: '*** Begin' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'patched' }] },
    { role: 'tool', tool_call_id: 'functions.look:0', content: 'seen' },
    { role: 'assistant', refusal: 'I will not.' },
    { role: 'system', content: 'Speak French.' },
    { role: 'user', content: 'Go on.' },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'look',
        description: 'Looks',
        parameters: { type: 'object', properties: { at: { type: 'integer', maximum: 9 } } },
        strict: true,
      },
    },
    {
      type: 'custom',
      custom: {
        name: 'patch',
        description: 'Patches',
        format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: /x/' } },
      },
    },
    { type: 'function', function: { name: 'never' } },
  ],
  tool_choice: {
    type: 'allowed_tools',
    allowed_tools: {
      mode: 'required',
      tools: [
        { type: 'function', function: { name: 'look' } },
        { type: 'custom', custom: { name: 'patch' } },
      ],
    },
  },
  parallel_tool_calls: false,
  max_completion_tokens: 777,
  temperature: 1.4,
  top_p: 0.8,
  presence_penalty: 0.1,
  frequency_penalty: 0.2,
  seed: 42,
  logit_bias: { '50256': -100 },
  logprobs: true,
  top_logprobs: 3,
  stop: ['STOP', '\n'],
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'shape',
      description: 'A shape',
      strict: true,
      schema: { type: 'object', properties: { size: { type: 'number', minimum: 3 } } },
    },
  },
  reasoning_effort: 'minimal',
  verbosity: 'low',
  user: 'user-1',
  safety_identifier: 'safe-1',
  service_tier: 'flex',
  store: true,
  metadata: { project: 'blue' },
  modalities: ['text', 'audio'],
  audio: { voice: 'alloy', format: 'mp3' },
  prediction: { type: 'content', content: 'guess' },
  prompt_cache_key: 'key-1',
  prompt_cache_retention: '24h',
  web_search_options: {
    search_context_size: 'high',
    user_location: { type: 'approximate', approximate: { city: 'Bern' } },
  },
  stream_options: { include_usage: true },
  stream: true,
  brand_new_field: { deep: [1, 'two'] },
}

function decode(body: JsonObject): GenerateRequest {
  const wire: WireRequest = {
    method: 'POST',
    path: '/chat/completions',
    params: {},
    headers: new Headers(),
    body: new TextEncoder().encode(JSON.stringify(body)),
    json: () => body,
  }
  const codec = chat.server?.codecs.generate
  if (!codec) throw new Error('the chat protocol has no server end')
  return codec.decodeRequest(wire)
}
