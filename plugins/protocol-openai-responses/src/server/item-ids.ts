import { stringOf } from '../own.ts'
import type { JsonObject, Part } from '@gantry/core'
import { note } from '../own.ts'
import { mintedNote } from '../items.ts'

/** First letters of item ids, by type: clients drop ids that begin otherwise. Source: recorded traffic. */
const prefixes: ReadonlyMap<string, string> = new Map([
  ['message', 'msg'],
  ['reasoning', 'rs'],
  ['function_call', 'fc'],
  ['custom_tool_call', 'ctc'],
  ['tool_search_call', 'tsc'],
  ['tool_search_output', 'tso'],
  ['compaction', 'cmp'],
  ['image_generation_call', 'ig'],
  ['web_search_call', 'ws'],
  ['file_search_call', 'fs'],
  ['code_interpreter_call', 'ci'],
  ['mcp_call', 'mcp'],
  ['mcp_list_tools', 'mcpl'],
  ['mcp_approval_request', 'mcpr'],
  ['shell_call', 'sh'],
  ['shell_call_output', 'sho'],
  ['local_shell_call', 'lsh'],
  ['apply_patch_call', 'apc'],
  ['computer_call', 'cu'],
  ['additional_tools', 'at'],
])

/** Gives each item of one answer its id. The same answer always gets the same ids, and none twice. */
export interface ItemIds {
  of(type: string, outputIndex: number, wanted: string | undefined): string
}

/** `own`: the answer comes from an upstream of this wire, whose ids are kept whatever they look like. */
export function itemIds(base: string, own: boolean): ItemIds {
  const used = new Set<string>()
  return {
    of(type, outputIndex, wanted) {
      const prefix = `${prefixes.get(type) ?? 'item'}_`
      const fits = wanted !== undefined && wanted !== '' && (own || wanted.startsWith(prefix))
      // Readers refuse an answer in which two items share an id.
      const id = fits && !used.has(wanted) ? wanted : `${prefix}${base}_${outputIndex}`
      used.add(id)
      return id
    },
  }
}

/** The id that an upstream gave to the item of a part. */
export function wantedId(part: Part, item: JsonObject | undefined): string | undefined {
  if (part.group) return note(part.group, mintedNote) === true ? undefined : part.group.id
  return stringOf(item?.['id']) ?? part.id
}
