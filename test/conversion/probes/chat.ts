import type { JsonObject } from '@gantry/core'

const user = { role: 'user', content: 'hello' }
const weather = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }
const png = 'data:image/png;base64,iVBORw0KGgo='

/** One feature of the chat wire each, on top of a plain request. */
export const chatProbes: { readonly [name: string]: JsonObject } = {
  plain: {},
  'system and developer messages': {
    messages: [{ role: 'system', content: 'a' }, { role: 'developer', content: 'b' }, user],
  },
  'system message in the middle': {
    messages: [user, { role: 'assistant', content: 'x' }, { role: 'system', content: 'late' }, user],
  },
  'message names': { messages: [{ ...user, name: 'ann' }] },
  'image by URL with detail': {
    messages: [
      {
        role: 'user',
        content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } }],
      },
    ],
  },
  'image as data': {
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: png } }] }],
  },
  'audio in': {
    messages: [
      user,
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
    ],
  },
  'file as data': {
    messages: [
      {
        role: 'user',
        content: [
          {
            type: 'file',
            file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          },
        ],
      },
    ],
  },
  'file by id': { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] },
  'function tools, strict': {
    tools: [{ type: 'function', function: { ...weather.function, strict: true, description: 'd' } }],
  },
  'custom tools with a grammar': {
    tools: [
      {
        type: 'custom',
        custom: {
          name: 'patch',
          format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } },
        },
      },
    ],
  },
  'web search': { web_search_options: { search_context_size: 'low' } },
  'tool choice none': { tools: [weather], tool_choice: 'none' },
  'tool choice required': { tools: [weather], tool_choice: 'required' },
  'tool choice by name': {
    tools: [weather],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  },
  'allowed tools': {
    tools: [weather],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'weather' } }] },
    },
  },
  'one call at a time': { tools: [weather], parallel_tool_calls: false },
  'a tool loop with parallel calls': {
    tools: [weather],
    messages: [
      user,
      {
        role: 'assistant',
        content: null,
        tool_calls: ['a', 'b'].map((id) => ({
          id,
          type: 'function',
          function: { name: 'weather', arguments: '{"city": "Oslo"}' },
        })),
      },
      { role: 'tool', tool_call_id: 'a', content: 'cold' },
      { role: 'tool', tool_call_id: 'b', content: 'warm' },
    ],
  },
  'invalid JSON arguments': {
    tools: [weather],
    messages: [
      user,
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'cold' },
    ],
  },
  'reasoning effort': { reasoning_effort: 'high' },
  'reasoning text in history': {
    messages: [user, { role: 'assistant', content: 'x', reasoning_content: 'because' }, user],
  },
  temperature: { temperature: 1.4 },
  top_p: { top_p: 0.5 },
  seed: { seed: 7 },
  penalties: { presence_penalty: 0.5, frequency_penalty: 0.5 },
  'logit bias': { logit_bias: { '50256': -100 } },
  'log probabilities': { logprobs: true, top_logprobs: 3 },
  'several choices': { n: 3 },
  'stop sequences': { stop: ['END'] },
  'token limit': { max_completion_tokens: 100 },
  'JSON mode': { response_format: { type: 'json_object' } },
  'JSON schema': {
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'a',
        strict: true,
        schema: { type: 'object', properties: { n: { type: 'number' } } },
      },
    },
  },
  verbosity: { verbosity: 'low' },
  'audio out': { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
  prediction: { prediction: { type: 'content', content: 'x' } },
  'cache key and retention': { prompt_cache_key: 'k', prompt_cache_retention: '24h' },
  'end user and safety id': { user: 'u', safety_identifier: 's' },
  metadata: { metadata: { a: 'b' } },
  'service tier': { service_tier: 'flex' },
  store: { store: true },
}
