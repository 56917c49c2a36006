import type { LoweredTools, ToolCallPart } from '@gantry/core'
import { wireId } from '@gantry/core/codec'

const fits = /^[a-zA-Z0-9_-]+$/

/** Names that one request uses on the wire, and the way back. */
export interface ToolNames {
  /**
   * The wire's name of a tool: its own when it fits, `namespace__name` for one in a namespace, shortened or cleaned
   * with a hash when it does not. The same tool always gets the same name; two tools never share one.
   */
  wireName(tool: {
    readonly kind: ToolCallPart['kind']
    readonly name: string
    readonly namespace?: string | undefined
  }): string
  /** Tools whose name or form on the wire is not the declared one. */
  lowered(): LoweredTools | undefined
}

/** Starts an empty table; declared tools must be named before calls in the history, whose kind is then theirs. */
export function createToolNames(maxLength: number): ToolNames {
  const byTool = new Map<string, string>()
  const taken = new Set<string>()
  const lowered = new Map<string, LoweredTools[string]>()
  return {
    wireName({ kind, name, namespace }) {
      const key = JSON.stringify([namespace ?? null, name])
      const known = byTool.get(key)
      if (known !== undefined) return known
      const full = namespace === undefined ? name : `${namespace}__${name}`
      let wire = wireId(full, fits, maxLength)
      // The blank makes it unfit, so that it is hashed with its number.
      for (let attempt = 2; taken.has(wire); attempt++) wire = wireId(`${full} ${attempt}`, fits, maxLength)
      byTool.set(key, wire)
      taken.add(wire)
      if (wire !== name || kind === 'custom') {
        lowered.set(wire, { kind, name, ...(namespace !== undefined && { namespace }) })
      }
      return wire
    },
    lowered: () => (lowered.size > 0 ? Object.fromEntries(lowered) : undefined),
  }
}

/** A tool-call id as the wire accepts it. It states no length; ids longer than this are cut and hashed. */
export function wireCallId(callId: string): string {
  return wireId(callId, fits, 256)
}
