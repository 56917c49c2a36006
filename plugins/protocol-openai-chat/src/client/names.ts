import type { CustomTool, FunctionTool, GenerateRequest, LoweredTools, ToolCallPart } from '@gantry/core'
import { wireId } from '@gantry/core/codec'
import type { ChatQuirks } from './quirks.ts'

/** Names and ids of one request as this host accepts them. */
export interface Names {
  /** What core has to undo; undefined when every tool kept its name and kind. */
  lowered(): LoweredTools | undefined
  /** Name on the wire of a declared tool or of a call in the history. */
  tool(name: string, namespace?: string): string
  /** Whether a freeform tool has to travel as a function: the host takes no other, or its name had to change. */
  isWrapped(kind: ToolCallPart['kind'], name: string, namespace?: string): boolean
  /** Kind on the wire of a declared tool, for tool choices by name. */
  kindOf(name: string): 'function' | 'custom'
  callId(id: string): string
  /** Notes a declared tool that will come back under another name or kind. */
  declare(tool: FunctionTool | CustomTool, namespace?: string): string
}

/** OpenAI's limit on names. */
const maxName = 64
const namePattern: RegExp = /^[a-zA-Z0-9_-]+$/
const printable: RegExp = /^[\x21-\x7e]+$/

/** Starts the names of one request. */
export function namesOf(request: GenerateRequest, quirks: ChatQuirks): Names {
  const lowered: { [wireName: string]: LoweredTools[string] } = {}
  const idPattern = compiled(quirks.callIdPattern) ?? printable
  const idMax = quirks.callIdMax ?? 40
  const custom = new Set((request.tools ?? []).flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])))

  const wireName = (name: string, namespace?: string): string =>
    wireId(namespace === undefined ? name : `${namespace}__${name}`, namePattern, maxName)

  // Core restores a renamed freeform tool by unwrapping it, so one that cannot keep its name is wrapped.
  const isWrapped: Names['isWrapped'] = (kind, name, namespace) =>
    kind === 'custom' && (quirks.customTools === false || wireName(name, namespace) !== name)

  return {
    lowered: () => (Object.keys(lowered).length === 0 ? undefined : lowered),
    tool: wireName,
    isWrapped,
    kindOf: (name) => (custom.has(name) && !isWrapped('custom', name) ? 'custom' : 'function'),
    callId: (id) => wireId(id, idPattern, idMax),
    declare(tool, namespace) {
      const wire = wireName(tool.name, namespace)
      const kind = tool.type
      if (wire !== tool.name || isWrapped(kind, tool.name, namespace)) {
        // A tool may be called `__proto__`, and may be declared twice.
        Object.defineProperty(lowered, wire, {
          value: { kind, name: tool.name, ...(namespace !== undefined && { namespace }) },
          enumerable: true,
          configurable: true,
        })
      }
      return wire
    },
  }
}

function compiled(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined
  try {
    return new RegExp(pattern)
  } catch {
    // A provider's typing mistake must not fail every request; the default pattern is the safe one.
    return undefined
  }
}
