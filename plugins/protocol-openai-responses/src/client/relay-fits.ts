import type { JsonObject, Target, WireRequest } from '@gantry/core'
import { objectsOf } from '../own.ts'
import { quirksOf, type ResponsesQuirks } from './quirks.ts'

/**
 * Whether a request may go to its host as the client wrote it. It may not where the host lacks something that is in it
 * and that the encoder lowers: freeform tools, namespaces, tool search, hosted tools, a role of system texts, thinking
 * in plain words.
 */
export function fits(wire: WireRequest, target: Target): boolean {
  const quirks = quirksOf(target)
  if (!lacksAnything(quirks) && !(quirks.reasoningText === false && mentionsReasoningText(wire))) return true
  const body = wire.json()
  return (
    objectsOf(body['tools']).every((tool) => toolFits(tool, quirks)) &&
    objectsOf(body['input']).every((item) => itemFits(item, quirks))
  )
}

function lacksAnything(quirks: ResponsesQuirks): boolean {
  const { customTools, namespaces, toolSearch, hostedTools, systemRole } = quirks
  return !customTools || !namespaces || !toolSearch || !hostedTools || systemRole !== undefined
}

const reasoningText = Buffer.from('"reasoning_text"')

/** Looked for in the bytes: nearly no request has it, and most are relayed unread. */
function mentionsReasoningText({ body }: WireRequest): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).indexOf(reasoningText) >= 0
}

function toolFits(tool: JsonObject, quirks: ResponsesQuirks): boolean {
  switch (tool['type']) {
    case 'function':
      return true
    case 'custom':
      return quirks.customTools
    case 'namespace':
      return quirks.namespaces && objectsOf(tool['tools']).every((inner) => toolFits(inner, quirks))
    case 'tool_search':
      return quirks.toolSearch
    default:
      return quirks.hostedTools
  }
}

function itemFits(item: JsonObject, quirks: ResponsesQuirks): boolean {
  const { type, role } = item
  // Thinking in words comes from hosts that show it; the vendor takes none back: "array too long".
  if (type === 'reasoning') return quirks.reasoningText !== false || objectsOf(item['content']).length === 0
  if (type === 'custom_tool_call' || type === 'custom_tool_call_output') return quirks.customTools
  if (type === 'tool_search_call' || type === 'tool_search_output' || type === 'additional_tools')
    return quirks.toolSearch
  if (type === 'function_call' && typeof item['namespace'] === 'string') return quirks.namespaces
  const isSystem = role === 'system' || role === 'developer'
  return !isSystem || quirks.systemRole === undefined || role === quirks.systemRole
}
