import type { Operation } from '../wire.ts'

// OpenAI's own list, from its SDK's types; `client_metadata` is what its own clients add and it takes.
const create = [
  'access_programs',
  'background',
  'client_metadata',
  'context_management',
  'conversation',
  'image',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'model',
  'moderation',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
]
const count = [
  'conversation',
  'input',
  'instructions',
  'model',
  'parallel_tool_calls',
  'personality',
  'previous_response_id',
  'reasoning',
  'text',
  'tool_choice',
  'tools',
  'truncation',
]
const compact = [
  'image',
  'input',
  'instructions',
  'model',
  'parallel_tool_calls',
  'previous_response_id',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'service_tier',
  'text',
  'tools',
]

/** Fields of each operation; every other one is refused. */
export const fieldsOf: { readonly [operation in Operation]: ReadonlySet<string> } = {
  generate: new Set(create),
  count: new Set(count),
  compact: new Set(compact),
}

/** Fields of the chat wire that are called otherwise here. */
export const moved: { readonly [name: string]: string } = {
  messages: 'input',
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  reasoning_effort: 'reasoning.effort',
  verbosity: 'text.verbosity',
}

/** What `include` may ask for. */
export const includable: readonly string[] = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
]

/** An item of the input: its fields, what must be there, and how its id begins. */
export interface ItemShape {
  readonly fields: readonly string[]
  readonly required: readonly string[]
  readonly prefix?: string
}

/** Fields that any item may have; the last is what Codex adds and OpenAI takes. */
export const anyItem: readonly string[] = ['type', 'id', 'internal_chat_message_metadata_passthrough']

/** Items whose fields are checked. */
export const checkedItems: { readonly [type: string]: ItemShape } = {
  message: {
    fields: ['role', 'content', 'status', 'phase'],
    required: ['role', 'content'],
    prefix: 'msg',
  },
  reasoning: {
    fields: ['summary', 'content', 'encrypted_content', 'status'],
    required: ['summary'],
    prefix: 'rs',
  },
  function_call: {
    fields: ['call_id', 'name', 'arguments', 'namespace', 'status', 'async', 'caller'],
    required: ['call_id', 'name', 'arguments'],
    prefix: 'fc',
  },
  function_call_output: {
    fields: ['call_id', 'output', 'status', 'caller', 'name', 'namespace'],
    required: ['call_id', 'output'],
  },
  custom_tool_call: {
    fields: ['call_id', 'name', 'input', 'namespace', 'status', 'async', 'caller'],
    required: ['call_id', 'name', 'input'],
    prefix: 'ctc',
  },
  custom_tool_call_output: {
    fields: ['call_id', 'output', 'status', 'caller', 'name'],
    required: ['call_id', 'output'],
  },
  tool_search_call: {
    fields: ['call_id', 'arguments', 'execution', 'status'],
    required: ['arguments'],
    prefix: 'tsc',
  },
  tool_search_output: { fields: ['call_id', 'tools', 'execution', 'status'], required: ['tools'] },
  additional_tools: { fields: ['role', 'tools'], required: ['tools'] },
  compaction: { fields: ['encrypted_content', 'created_by'], required: ['encrypted_content'], prefix: 'cmp' },
  compaction_trigger: { fields: [], required: [] },
  item_reference: { fields: [], required: ['id'] },
}

/** Items of the vendor's own tools: let through as they are. */
export const hostedItems: readonly string[] = [
  'apply_patch_call',
  'apply_patch_call_output',
  'code_interpreter_call',
  'computer_call',
  'computer_call_output',
  'configuration_update',
  'file_search_call',
  'image_generation_call',
  'local_shell_call',
  'local_shell_call_output',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'mcp_list_tools',
  'program',
  'program_output',
  'shell_call',
  'shell_call_output',
  'web_search_call',
]

/** Tools the vendor runs, or has a wire shape of its own for; they are accepted and never called. */
export const hostedTools: readonly string[] = [
  'apply_patch',
  'code_interpreter',
  'computer',
  'computer_use_preview',
  'file_search',
  'image_generation',
  'local_shell',
  'mcp',
  'programmatic_tool_calling',
  'shell',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
]

/** Fields of the parts of a content. */
export const partFields: { readonly [type: string]: readonly string[] } = {
  input_text: ['text', 'prompt_cache_breakpoint'],
  input_image: ['image_url', 'file_id', 'detail', 'prompt_cache_breakpoint'],
  input_file: ['file_data', 'file_id', 'file_url', 'filename', 'detail', 'prompt_cache_breakpoint'],
  output_text: ['text', 'annotations', 'logprobs'],
  refusal: ['refusal'],
}
