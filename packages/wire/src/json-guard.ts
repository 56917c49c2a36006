import { WireError } from './error.ts'
import { createMembers } from './json-members.ts'
import { documentStart, skipSpace, skipString } from './json-scan.ts'

/** What a JSON text may cost before it is parsed. */
export interface JsonLimits {
  /** Nested objects and arrays; 64 when absent. */
  readonly maxDepth?: number
  /** Objects, arrays and members together; 100,000 when absent. 15 MB of `{}` costs half a gigabyte to parse. */
  readonly maxNodes?: number
  /** Values that follow another in their object or array; 2,000,000 when absent. 30 MB of `0,` costs 200 MB. */
  readonly maxElements?: number
}

/** What a JSON text holds, and by that what it becomes when it is parsed. */
export interface JsonSize {
  /** Objects, arrays and members. */
  readonly nodes: number
  /** Values that follow another. */
  readonly elements: number
}

/**
 * Looks at JSON bytes before `JSON.parse` does. Linear, knows strings and escapes.
 * Throws `WireError` `json_depth`, `json_nodes`, or `json_syntax` for a string without an end, and for a member of the
 * outermost object that stands there twice: parsers differ in which of two they take, so what was authorised by one
 * could be served by the other.
 * It is no validator: other faults are left for the parser.
 */
export function guardJson(body: Uint8Array, limits?: JsonLimits): JsonSize {
  const maxDepth = limits?.maxDepth ?? 64
  const maxNodes = limits?.maxNodes ?? 100_000
  const maxElements = limits?.maxElements ?? 2_000_000
  const length = body.length
  const members = body[documentStart(body)] === 0x7b ? createMembers(body) : undefined
  let depth = 0
  let nodes = 0
  let elements = 0
  let position = 0
  while (position < length) {
    const byte = body[position]
    if (byte === 0x22) {
      const start = position
      position = skipString(body, position)
      if (depth === 1 && members !== undefined && body[skipSpace(body, position)] === 0x3a) {
        const repeated = members.add(start, position)
        if (repeated !== undefined) throw twice(repeated)
      }
      continue
    }
    position++
    if (byte === 0x7b || byte === 0x5b) {
      depth++
      nodes++
      if (depth > maxDepth)
        throw new WireError('json_depth', `The JSON body is nested deeper than ${maxDepth}.`)
    } else if (byte === 0x7d || byte === 0x5d) depth--
    else if (byte === 0x3a) nodes++
    else if (byte === 0x2c) elements++
    else continue
    if (nodes > maxNodes) {
      throw new WireError(
        'json_nodes',
        `The JSON body has more than ${maxNodes} objects, arrays and members.`,
      )
    }
    if (elements > maxElements) {
      throw new WireError('json_nodes', `The JSON body has more than ${maxElements} elements.`)
    }
  }
  return { nodes, elements }
}

function twice(name: string): WireError {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name
  return new WireError('json_syntax', `The JSON body has the member ${JSON.stringify(shown)} twice.`)
}
