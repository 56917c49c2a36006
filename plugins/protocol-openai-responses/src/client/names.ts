import type { LoweredTools, ToolCallPart } from '@gantry/core'
import { wireId } from '@gantry/core/codec'
import type { ResponsesQuirks } from './quirks.ts'

/** A tool as the client names it. */
export interface NamedTool {
  readonly kind: ToolCallPart['kind']
  readonly name: string
  readonly namespace?: string | undefined
}

/** A tool as the wire names it. */
export interface WireTool {
  readonly name: string
  readonly namespace?: string
  /** A freeform tool that travels as a function with one text argument. */
  readonly isWrapped: boolean
}

/** Names and ids of one request as this host accepts them. */
export interface Names {
  /** The same tool always gets the same name; two tools never share one. */
  tool(tool: NamedTool): WireTool
  /** Kind on the wire of a declared tool, for choices by name. */
  kindOf(name: string): 'function' | 'custom'
  callId(id: string): string
  /** Has core read the answer, although the name stays: a call of this function is something else to the client. */
  restore(name: string): void
  /** What core has to undo; undefined when every tool kept its name and kind. */
  lowered(): LoweredTools | undefined
}

const namePattern: RegExp = /^[a-zA-Z0-9_-]+$/
/** Longest name of a namespace (OpenAI's OpenAPI description). */
const maxNamespace = 64
const printable: RegExp = /^[\x21-\x7e]+$/

/** Starts the names of one request. Declared tools have to be named before calls of the history, whose kind is then theirs. */
export function createNames(quirks: ResponsesQuirks): Names {
  const known = new Map<string, WireTool>()
  const kinds = new Map<string, 'function' | 'custom'>()
  const taken = new Set<string>()
  const lowered = new Map<string, LoweredTools[string]>()

  const freeName = (full: string, scope: string): string => {
    let wire = wireId(full, namePattern, quirks.nameMax)
    // The blank makes it unfit, so that it is hashed with its number.
    for (let next = 2; taken.has(scope + wire); next++)
      wire = wireId(`${full} ${next}`, namePattern, quirks.nameMax)
    taken.add(scope + wire)
    return wire
  }

  /** Core gives a changed name back by the name alone, so inside a namespace no name may change. */
  const fitsNamespace = (kind: NamedTool['kind'], name: string, namespace: string): boolean =>
    quirks.namespaces &&
    (kind !== 'custom' || quirks.customTools) &&
    wireId(name, namePattern, quirks.nameMax) === name &&
    wireId(namespace, namePattern, maxNamespace) === namespace

  return {
    tool({ kind, name, namespace }) {
      const key = JSON.stringify([namespace ?? null, name])
      const before = known.get(key)
      if (before) return before
      const isFlat = namespace !== undefined && !fitsNamespace(kind, name, namespace)
      const scope = namespace === undefined || isFlat ? ' ' : `${namespace} `
      const wire = freeName(isFlat ? `${namespace}__${name}` : name, scope)
      // Core gives a renamed freeform tool back by unwrapping it, so one that cannot keep its name is wrapped.
      const isWrapped = kind === 'custom' && (!quirks.customTools || wire !== name)
      const tool: WireTool = {
        name: wire,
        isWrapped,
        ...(namespace !== undefined && !isFlat && { namespace }),
      }
      known.set(key, tool)
      if (namespace === undefined) kinds.set(name, kind === 'custom' && !isWrapped ? 'custom' : 'function')
      if (wire !== name || isWrapped) {
        lowered.set(wire, { kind, name, ...(namespace !== undefined && { namespace }) })
      }
      return tool
    },
    kindOf: (name) => kinds.get(name) ?? 'function',
    callId: (id) => wireId(id, printable, quirks.callIdMax),
    restore: (name) => void lowered.set(name, { kind: 'function', name }),
    lowered: () => (lowered.size > 0 ? Object.fromEntries(lowered) : undefined),
  }
}
