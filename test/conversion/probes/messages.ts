import type { JsonObject } from '@gantry/core'

const user = { role: 'user', content: 'hello' }
const weather = { name: 'weather', input_schema: { type: 'object' } }
const use = { type: 'tool_use', id: 'toolu_a', name: 'weather', input: { city: 'Oslo' } }
const result = { type: 'tool_result', tool_use_id: 'toolu_a', content: 'cold' }
const loop = (block: JsonObject): JsonObject => ({
  tools: [weather],
  messages: [user, { role: 'assistant', content: [use] }, { role: 'user', content: [block] }],
})
const content = (part: JsonObject): JsonObject => ({ messages: [{ role: 'user', content: [part] }] })

/** One feature of the Messages wire each, on top of a plain request. */
export const messagesProbes: { readonly [name: string]: JsonObject } = {
  plain: {},
  'system as text': { system: 'be brief' },
  'system blocks with a cache breakpoint': {
    system: [{ type: 'text', text: 'be brief', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  },
  'billing block of Claude Code': {
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329.3c4; cc_entrypoint=cli;' },
      { type: 'text', text: 'be brief' },
    ],
  },
  'system message in the middle': {
    messages: [user, { role: 'assistant', content: 'x' }, user, { role: 'system', content: 'late' }],
  },
  'cache breakpoints': content({ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }),
  'image as data': content({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
  }),
  'image by URL': content({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }),
  'image by id': content({ type: 'image', source: { type: 'file', file_id: 'file_1' } }),
  'document as data': content({
    type: 'document',
    title: 't',
    source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
  }),
  'document as text with citations': content({
    type: 'document',
    source: { type: 'text', media_type: 'text/plain', data: 'a' },
    citations: { enabled: true },
  }),
  'search results': content({
    type: 'search_result',
    source: 's',
    title: 't',
    content: [{ type: 'text', text: 'a' }],
  }),
  'function tools, strict': { tools: [{ ...weather, strict: true, description: 'd' }] },
  'deferred tools': { tools: [{ ...weather, defer_loading: true }] },
  'web search': { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] },
  'code execution': { tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] },
  'text editor': { tools: [{ type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' }] },
  'MCP servers': { mcp_servers: [{ type: 'url', url: 'https://example.com/mcp', name: 'a' }] },
  'tool choice none': { tools: [weather], tool_choice: { type: 'none' } },
  'tool choice any': { tools: [weather], tool_choice: { type: 'any' } },
  'tool choice by name': { tools: [weather], tool_choice: { type: 'tool', name: 'weather' } },
  'one call at a time': {
    tools: [weather],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  },
  'a tool loop': loop(result),
  'a failed result': loop({ ...result, is_error: true }),
  'a result with an image': loop({
    ...result,
    content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
  }),
  'tool references': loop({ ...result, content: [{ type: 'tool_reference', tool_name: 'weather' }] }),
  'thinking with a foreign signature': {
    tools: [weather],
    messages: [
      user,
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'because', signature: 'EqQB' }, use] },
      { role: 'user', content: [result] },
    ],
  },
  'redacted thinking': {
    messages: [user, { role: 'assistant', content: [{ type: 'redacted_thinking', data: 'EqQB' }] }, user],
  },
  'web search in history': {
    messages: [
      user,
      {
        role: 'assistant',
        content: [
          { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
          { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
          { type: 'text', text: 'x' },
        ],
      },
      user,
    ],
  },
  'thinking with a budget': { thinking: { type: 'enabled', budget_tokens: 2048 }, max_tokens: 8192 },
  'adaptive thinking': {
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'high' },
  },
  'thinking off': { thinking: { type: 'disabled' } },
  temperature: { temperature: 0.4 },
  top_p: { top_p: 0.5 },
  top_k: { top_k: 40 },
  'stop sequences': { stop_sequences: ['END'] },
  'JSON schema': {
    output_config: {
      format: { type: 'json_schema', schema: { type: 'object', properties: { n: { type: 'number' } } } },
    },
  },
  'end user': { metadata: { user_id: 'u' } },
  'service tier': { service_tier: 'standard_only' },
  'context management': { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } },
  containers: { container: 'container_1' },
}
