import { GatewayError, type ClientContext, type CompactResponse, type JsonObject } from '@gantry/core'
import { readTurn } from '../items.ts'
import { numberOf, objectsOf, restOf, stringOf } from '../own.ts'
import { usageOfResponse } from '../usage.ts'
import { errorInside, isErrorBody } from './decode-error.ts'

const keys: ReadonlySet<string> = new Set(['id', 'object', 'created_at', 'output', 'usage'])

/**
 * A compacted conversation: what of it stays readable, and its sealed summary, as turns. Throws `GatewayError`: what the
 * upstream says in a 200 that is an error, `upstream_failed` for anything else that is no conversation.
 */
export function decodeCompact(body: JsonObject, _context: ClientContext): CompactResponse {
  if (isErrorBody(body)) throw new GatewayError(errorInside(body))
  if (!Array.isArray(body['output'])) {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The upstream answered with something that is not a compacted conversation.',
      source: 'upstream',
    })
  }
  const id = stringOf(body['id'])
  const createdAt = numberOf(body['created_at'])
  const usage = usageOfResponse(body, true)
  return {
    ...(id !== undefined && { id }),
    ...(createdAt !== undefined && { createdAt }),
    turns: objectsOf(body['output']).map((item) => readTurn(item)),
    ...(usage && { usage }),
    ...restOf(body, keys),
  }
}
