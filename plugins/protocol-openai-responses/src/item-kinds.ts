import type { JsonObject, ServerTool } from '@gantry/core'
import { objectOf, stringOf } from './own.ts'

/** Kinds of provider-run tools by the type of their call items, `_call` taken off, where the name differs. */
const kinds: ReadonlyMap<string, ServerTool> = new Map<string, ServerTool>([
  ['code_interpreter', 'code_execution'],
  ['program', 'code_execution'],
  ['local_shell', 'shell'],
  ['web_search_preview', 'web_search'],
  ['web_search_preview_2025_03_11', 'web_search'],
  ['web_search_2025_08_26', 'web_search'],
  ['computer_use_preview', 'computer'],
  ['computer_use', 'computer'],
  ['programmatic_tool_calling', 'code_execution'],
])

/** Calls that the client runs, and the item type of their answers. */
const clientRun: ReadonlySet<string> = new Set([
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'computer_call',
  'tool_search_call',
])

/** Item types that answer a call, and end in neither `_call_output` nor `_output`. */
const results: ReadonlySet<string> = new Set(['mcp_approval_response'])

/** What an item of a conversation is, whichever way it goes. */
export type ItemKind =
  | 'message'
  | 'reasoning'
  | 'function_call'
  | 'custom_tool_call'
  /** A vendor-defined call that the client runs. */
  | 'hosted_call'
  /** A call that the provider runs. */
  | 'server_call'
  | 'function_result'
  | 'custom_result'
  | 'hosted_result'
  | 'server_result'
  | 'compaction'
  | 'additional_tools'
  /** Anything else. */
  | 'native'

/**
 * Kind of an item from its type, and where that is not enough from who runs it. In an answer all results are the
 * provider's; in a request those of tools that a client can run are the client's.
 */
export function kindOfItem(item: JsonObject, where: 'answer' | 'request'): ItemKind {
  const type = stringOf(item['type']) ?? (item['role'] === undefined ? '' : 'message')
  switch (type) {
    case 'message':
    case 'reasoning':
    case 'function_call':
    case 'custom_tool_call':
    case 'additional_tools':
      return type
    case 'compaction':
    case 'compaction_summary':
      return 'compaction'
    case 'function_call_output':
      return 'function_result'
    case 'custom_tool_call_output':
      return 'custom_result'
    case 'program':
      return 'server_call'
    case 'program_output':
      return 'server_result'
  }
  if (clientRun.has(type)) return isProviderRun(item) ? 'server_call' : 'hosted_call'
  if (type.endsWith('_call')) return 'server_call'
  if (results.has(type)) return 'native'
  if (type.endsWith('_call_output') || type === 'tool_search_output')
    return where === 'answer' || isProviderRun(item) || !isClientResult(type)
      ? 'server_result'
      : 'hosted_result'
  return 'native'
}

/** Normalised kind of a provider-run tool, from the type of its definition, its call or its result. */
export function serverToolOf(type: string): ServerTool {
  const tool = type.replace(/(?:_call)?(?:_output)?$/, '')
  return kinds.get(tool) ?? tool
}

/** Whether a call or result that can be the client's is the provider's here: it searched, or it has the container. */
function isProviderRun(item: JsonObject): boolean {
  if (item['type'] === 'tool_search_call' || item['type'] === 'tool_search_output')
    return item['execution'] !== 'client'
  const environment = stringOf(objectOf(item['environment'])?.['type'])
  return environment !== undefined && environment !== 'local'
}

function isClientResult(type: string): boolean {
  return type === 'tool_search_output' || clientRun.has(type.slice(0, -'_output'.length))
}
