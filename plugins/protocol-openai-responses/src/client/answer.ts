import { GatewayError, type GatewayErrorData, type JsonObject, type Part } from '@gantry/core'
import { objectOf, objectsOf, stringOf } from '../own.ts'
import { readAnswerItem } from '../items.ts'
import { errorInside } from './decode-error.ts'

/** Fields of a response that the model has a place for. */
export const responseKeys: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created_at',
  'model',
  'status',
  'output',
  'usage',
  'error',
  'incomplete_details',
])

/** The whole `output` of a response as parts. */
export function readAnswer(response: JsonObject): readonly Part[] {
  const answer = stringOf(response['id'])
  return objectsOf(response['output']).flatMap((item, position) =>
    readAnswerItem(item, position).map((part) => withCallId(part, answer, position)),
  )
}

/** Gives a call that its host sent without any id one that reading the same bytes again gives it too. */
export function withCallId<P extends Part>(part: P, answer: string | undefined, position: number): P {
  if (part.type !== 'tool_call' || part.callId !== '') return part
  const from = (answer ?? '').replace(/[^a-zA-Z0-9]/g, '').slice(-24)
  return { ...part, callId: `call_${from}_${position}` }
}

/** Why a response failed; undefined when it did not. */
export function failureOf(response: JsonObject): GatewayErrorData | undefined {
  const error = objectOf(response['error'])
  const status = stringOf(response['status'])
  if (status === 'cancelled') {
    return new GatewayError({
      class: 'cancelled',
      message: 'The response was cancelled at the upstream.',
      source: 'upstream',
    }).data
  }
  if (error) return errorInside({ error })
  if (status !== 'failed') return undefined
  return new GatewayError({
    class: 'upstream_failed',
    message: 'The upstream says that the response failed, and not why.',
    source: 'upstream',
  }).data
}
