import { WireError } from './error.ts'
import { skipString } from './json-scan.ts'

/** What a JSON text may cost before it is parsed. */
export interface JsonLimits {
  /** Nested objects and arrays; 64 when absent. */
  readonly maxDepth?: number
  /** Objects, arrays and members together; 100,000 when absent. 15 MB of `{}` costs half a gigabyte to parse. */
  readonly maxNodes?: number
}

/**
 * Looks at JSON bytes before `JSON.parse` does. Linear, allocates nothing, knows strings and escapes.
 * Throws `WireError` `json_depth`, `json_nodes`, or `json_syntax` for a string without an end.
 * It is no validator: other faults are left for the parser.
 */
export function guardJson(body: Uint8Array, limits?: JsonLimits): void {
  const maxDepth = limits?.maxDepth ?? 64
  const maxNodes = limits?.maxNodes ?? 100_000
  const length = body.length
  let depth = 0
  let nodes = 0
  let position = 0
  while (position < length) {
    const byte = body[position]
    if (byte === 0x22) {
      position = skipString(body, position)
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
    else continue
    if (nodes > maxNodes) {
      throw new WireError(
        'json_nodes',
        `The JSON body has more than ${maxNodes} objects, arrays and members.`,
      )
    }
  }
}
