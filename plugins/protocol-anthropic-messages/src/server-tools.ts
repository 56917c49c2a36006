import type { JsonObject, Part, ServerTool } from '@gantry/core'
import { asObject, asString, objectsIn } from './json.ts'

/** Anthropic's names that stand for a kind with another name. */
const kinds: ReadonlyMap<string, ServerTool> = new Map([
  ['bash_code_execution', 'code_execution'],
  ['text_editor_code_execution', 'code_execution'],
  ['tool_search_tool_regex', 'tool_search'],
  ['tool_search_tool_bm25', 'tool_search'],
])

/** Normalised kind of a tool that Anthropic runs, from the name in its call or the prefix of its result's type. */
export function serverToolKind(name: string): ServerTool {
  return kinds.get(name) ?? name
}

/** `web_search` of `web_search_tool_result`, or undefined for another block. */
export function resultToolName(type: string): string | undefined {
  return type.endsWith('_tool_result') ? type.slice(0, -'_tool_result'.length) : undefined
}

/** Whether a result block says that the tool failed. */
export function isErrorResult(block: JsonObject): boolean | undefined {
  const flag = block['is_error']
  if (typeof flag === 'boolean') return flag
  const content = asObject(block['content'])
  return asString(content?.['type'])?.endsWith('_error') ? true : undefined
}

/**
 * What a result says, for protocols that cannot carry the block itself. The exact block stays in `native`;
 * encrypted page content is left out, because only Anthropic can read it.
 */
export function resultParts(block: JsonObject, readPart: (block: JsonObject) => Part): readonly Part[] {
  const content = block['content']
  if (typeof content === 'string') return textOf(content)
  const object = asObject(content)
  return object ? ofObject(object, readPart) : objectsIn(content).flatMap((item) => ofItem(item, readPart))
}

function ofItem(item: JsonObject, readPart: (block: JsonObject) => Part): readonly Part[] {
  if (item['type'] === 'web_search_result') return lines(item['title'], item['url'], item['page_age'])
  return [readPart(item)]
}

function ofObject(content: JsonObject, readPart: (block: JsonObject) => Part): readonly Part[] {
  const type = asString(content['type']) ?? ''
  if (type.endsWith('_error')) return lines(content['error_code'], content['error_message'])
  const document = asObject(content['content'])
  if (document && type === 'web_fetch_result') return [...lines(content['url']), readPart(document)]
  const references = objectsIn(content['tool_references']).map((reference) => reference['tool_name'])
  if (references.length > 0) return lines(...references)
  const changed = Array.isArray(content['lines']) ? content['lines'] : []
  return lines(content['text'], content['stdout'], content['stderr'], content['content'], ...changed)
}

function lines(...values: readonly JsonObject[string][]): readonly Part[] {
  return textOf(values.filter((value) => typeof value === 'string' && value !== '').join('\n'))
}

function textOf(text: string): readonly Part[] {
  return text === '' ? [] : [{ type: 'text', text }]
}
