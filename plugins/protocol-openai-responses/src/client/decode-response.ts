import { GatewayError, type ClientContext, type GenerateResponse, type JsonObject } from '@gantry/core'
import { decodeFinish } from '../finish.ts'
import { statusNote } from '../item-parts.ts'
import { numberOf, restOf, stringOf } from '../own.ts'
import { usageOfResponse } from '../usage.ts'
import { failureOf, readAnswer, responseKeys } from './answer.ts'
import { errorInside, isErrorBody } from './decode-error.ts'

/**
 * A whole response. One that failed, and a body that is an error envelope, become a response with `error`; one that is
 * neither throws `GatewayError` `upstream_failed`. Without `finish` it is still queued or in progress.
 */
export function decodeResponse(body: JsonObject, _context: ClientContext): GenerateResponse {
  if (isErrorBody(body)) return { parts: [], error: errorInside(body) }
  if (!Array.isArray(body['output']) && body['object'] !== 'response') {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The upstream answered with something that is not a response.',
      source: 'upstream',
    })
  }
  const parts = readAnswer(body)
  const error = failureOf(body)
  const finish = decodeFinish(body, parts)
  const usage = usageOfResponse(body, finish !== undefined)
  // Queued or in progress: the model has no word for which.
  const notes = finish ? undefined : { [statusNote]: stringOf(body['status']) }
  return {
    ...headOf(body),
    parts,
    ...(finish && { finish }),
    ...(usage && { usage }),
    ...(error && { error }),
    ...restOf(body, responseKeys, notes),
  }
}

/** What names a response. */
export function headOf(response: JsonObject): Pick<GenerateResponse, 'id' | 'model' | 'createdAt'> {
  const id = stringOf(response['id'])
  const model = stringOf(response['model'])
  const createdAt = numberOf(response['created_at'])
  return {
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(createdAt !== undefined && { createdAt }),
  }
}
