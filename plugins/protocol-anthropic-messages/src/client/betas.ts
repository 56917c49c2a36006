import type { Json } from '@gantry/core'
import { asObject, objectsIn, type Block } from '../json.ts'

/**
 * Fields and values of a body that the API takes only with a beta named in `anthropic-beta`.
 * Source: `AnthropicBeta` in the API's OpenAPI description and the pages of the features.
 */
const toolBetas: readonly (readonly [RegExp, string])[] = [
  [/^computer_20241022$/, 'computer-use-2024-10-22'],
  [/^computer_20250124$/, 'computer-use-2025-01-24'],
  [/^computer_20251124$/, 'computer-use-2025-11-24'],
  [/^code_execution_20250522$/, 'code-execution-2025-05-22'],
  [/^code_execution_20250825$/, 'code-execution-2025-08-25'],
  [/^web_fetch_20250910$/, 'web-fetch-2025-09-10'],
  [/^memory_20250818$/, 'context-management-2025-06-27'],
  [/^advisor_20260301$/, 'advisor-tool-2026-03-01'],
  [/^mcp_toolset$/, 'mcp-client-2025-11-20'],
]

/** Value of `anthropic-beta` for a body that we built; undefined when it needs none. Sorted, so that it is stable. */
export function betasOf(body: Block): string | undefined {
  const found = new Set<string>()
  const tools = objectsIn(body['tools'])
  for (const tool of tools) {
    for (const [pattern, beta] of toolBetas) if (pattern.test(String(tool['type']))) found.add(beta)
  }
  if (body['mcp_servers'] !== undefined) {
    const toolset = tools.some((tool) => tool['type'] === 'mcp_toolset')
    found.add(toolset ? 'mcp-client-2025-11-20' : 'mcp-client-2025-04-04')
  }
  for (const edit of objectsIn(asObject(body['context_management'])?.['edits'])) {
    const compacts = String(edit['type']).startsWith('compact_')
    found.add(compacts ? 'compact-2026-01-12' : 'context-management-2025-06-27')
  }
  if (asObject(body['container'])?.['skills'] !== undefined) found.add('skills-2025-10-02')
  if (body['speed'] === 'fast') found.add('fast-mode-2026-02-01')
  for (const message of objectsIn(body['messages'])) contentBetas(message['content'], found)
  return found.size > 0 ? [...found].toSorted().join(',') : undefined
}

function contentBetas(content: Json | undefined, found: Set<string>): void {
  for (const block of objectsIn(content)) {
    if (block['type'] === 'compaction') found.add('compact-2026-01-12')
    if (block['type'] === 'container_upload') found.add('files-api-2025-04-14')
    if (asObject(block['source'])?.['type'] === 'file') found.add('files-api-2025-04-14')
    if (block['type'] === 'tool_result') contentBetas(block['content'], found)
  }
}
