import type { Tool } from '@gantry/core'
import { note } from './own.ts'

/**
 * Note on a tool of the request that `input` brought, in an `additional_tools` or `tool_search_output` item: it is in
 * `tools` so that other wires can offer it. This wire has it in the item already and must not send it twice.
 */
export const addedNote = '$added'

/**
 * Note on a function tool that was declared as another type. Only `tool_search` with `execution: "client"` is: as a
 * function of that name every wire can offer it, and its calls become `tool_search_call` items again. On this wire it is
 * declared as what it was: `{type: <note>, description, parameters, …ownFields}`, without a name.
 */
export const declaredNote = '$type'

/** Name of the function that stands for a tool search which the client runs. */
export const toolSearch = 'tool_search'

/** Whether `input` brought the tool. */
export function isAdded(tool: Tool): boolean {
  return note(tool, addedNote) === true
}

/** Whether a tool stands for a tool search that the client runs. */
export function isClientSearch(tool: Tool): boolean {
  return tool.type === 'function' && note(tool, declaredNote) === toolSearch
}
