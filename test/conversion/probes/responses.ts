import type { JsonObject } from '@gantry/core'

const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] }
const weather = { type: 'function', name: 'weather', parameters: { type: 'object' }, strict: false }
const call = { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{"city":"Oslo"}' }
const result = { type: 'function_call_output', call_id: 'call_a', output: 'cold' }

const content = (part: JsonObject): JsonObject => ({ input: [{ role: 'user', content: [part] }] })

/** One feature of the Responses wire each, on top of a plain request. */
export const responsesProbes: { readonly [name: string]: JsonObject } = {
  plain: {},
  instructions: { instructions: 'be brief' },
  'developer and system items': {
    input: [{ role: 'developer', content: 'a' }, { role: 'system', content: 'b' }, user],
  },
  'developer item in the middle': {
    input: [
      user,
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'x', annotations: [] }] },
      { role: 'developer', content: 'late' },
      user,
    ],
  },
  'image by URL with detail': content({
    type: 'input_image',
    image_url: 'https://example.com/a.png',
    detail: 'low',
  }),
  'image by id': content({ type: 'input_image', file_id: 'file-1' }),
  'file as data': content({
    type: 'input_file',
    filename: 'a.pdf',
    file_data: 'data:application/pdf;base64,JVBERi0=',
  }),
  'file by URL': content({ type: 'input_file', file_url: 'https://example.com/a.pdf' }),
  'function tools, strict': { tools: [{ ...weather, strict: true, description: 'd' }] },
  'custom tools with a grammar': {
    tools: [
      {
        type: 'custom',
        name: 'patch',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
      },
    ],
  },
  namespaces: { tools: [{ type: 'namespace', name: 'mcp', description: 'd', tools: [weather] }] },
  'client tool search': {
    tools: [
      { type: 'tool_search', execution: 'client', description: 'd', parameters: { type: 'object' } },
      { ...weather, defer_loading: true },
    ],
  },
  'web search': { tools: [{ type: 'web_search', external_web_access: false }] },
  'code interpreter': { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] },
  'file search': { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] },
  'image generation': { tools: [{ type: 'image_generation' }] },
  'MCP servers': {
    tools: [
      { type: 'mcp', server_label: 'a', server_url: 'https://example.com/mcp', require_approval: 'never' },
    ],
  },
  'tool choice none': { tools: [weather], tool_choice: 'none' },
  'tool choice required': { tools: [weather], tool_choice: 'required' },
  'tool choice by name': { tools: [weather], tool_choice: { type: 'function', name: 'weather' } },
  'allowed tools': {
    tools: [weather],
    tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'weather' }] },
  },
  'one call at a time': { tools: [weather], parallel_tool_calls: false },
  'most tool calls': { tools: [weather], max_tool_calls: 3 },
  'a tool loop': { tools: [weather], input: [user, call, result] },
  'a result of parts': {
    tools: [weather],
    input: [user, call, { ...result, output: [{ type: 'input_text', text: 'cold' }] }],
  },
  'a custom tool loop': {
    tools: [{ type: 'custom', name: 'patch' }],
    input: [
      user,
      { type: 'custom_tool_call', call_id: 'call_a', name: 'patch', input: '*** Begin Patch' },
      { type: 'custom_tool_call_output', call_id: 'call_a', output: 'done' },
    ],
  },
  'web search in history': {
    input: [
      user,
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
      user,
    ],
  },
  'opaque reasoning of another issuer': {
    input: [user, { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' }, call, result],
    tools: [weather],
  },
  'reasoning summary in history': {
    input: [
      user,
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'because' }], encrypted_content: null },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'x', annotations: [] }] },
      user,
    ],
  },
  phases: {
    input: [
      user,
      {
        type: 'message',
        role: 'assistant',
        phase: 'commentary',
        content: [{ type: 'output_text', text: 'x', annotations: [] }],
      },
      user,
    ],
  },
  'references to items': { input: [{ type: 'item_reference', id: 'msg_1' }, user] },
  'reasoning effort and summary': { reasoning: { effort: 'high', summary: 'auto' } },
  'opaque reasoning asked for': { include: ['reasoning.encrypted_content'], store: false },
  temperature: { temperature: 1.4 },
  top_p: { top_p: 0.5 },
  'log probabilities': { include: ['message.output_text.logprobs'], top_logprobs: 3 },
  'token limit': { max_output_tokens: 100 },
  'JSON mode': { text: { format: { type: 'json_object' } } },
  'JSON schema': {
    text: {
      format: {
        type: 'json_schema',
        name: 'a',
        strict: true,
        schema: { type: 'object', properties: { n: { type: 'number' } } },
      },
    },
  },
  verbosity: { text: { verbosity: 'low' } },
  truncation: { truncation: 'auto' },
  'cache key and retention': { prompt_cache_key: 'k', prompt_cache_retention: '24h' },
  'end user and safety id': { user: 'u', safety_identifier: 's' },
  metadata: { metadata: { a: 'b' } },
  'service tier': { service_tier: 'flex' },
  'stored prompts': { prompt: { id: 'pmpt_1' } },
  'automatic compaction': { context_management: [{ type: 'compaction', compact_threshold: 1000 }] },
}
