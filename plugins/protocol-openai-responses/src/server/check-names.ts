import { GatewayError, type Tool } from '@gantry/core'
import { isClientSearch } from '../tool-notes.ts'

/**
 * Refuses two different tools that a flat wire could not tell apart: a namespace is written `namespace__name` there, and
 * a call that comes back has only that name. Names are compared here once, so that every upstream gives the same answer.
 * The same tool twice is no clash: a tool search may bring what `tools` holds already.
 */
export function checkNames(tools: readonly Tool[]): void {
  const owners = new Map<string, { readonly identity: string; readonly at: string }>()
  const add = (tool: Tool, namespace?: string): void => {
    if (tool.type === 'namespace') {
      for (const inner of tool.tools) add(inner, tool.name)
      return
    }
    if (tool.type === 'server') return
    const flat = namespace === undefined ? tool.name : `${namespace}__${tool.name}`
    const identity = JSON.stringify([namespace ?? null, tool.name, kindOf(tool)])
    const owner = owners.get(flat)
    if (!owner) {
      owners.set(flat, { identity, at: tool.at ?? '/tools' })
      return
    }
    if (owner.identity === identity) return
    throw new GatewayError({
      class: 'invalid_request',
      code: 'invalid_value',
      param: `${tool.at ?? '/tools'}/name`,
      message: `Invalid tool name: '${flat.slice(0, 128)}' stands for two tools, '${tool.at ?? '/tools'}' and '${owner.at}'. Calls of them could not be told apart; rename one.`,
    })
  }
  for (const tool of tools) add(tool)
}

function kindOf(tool: Tool): string {
  return isClientSearch(tool) ? 'tool_search' : tool.type
}
