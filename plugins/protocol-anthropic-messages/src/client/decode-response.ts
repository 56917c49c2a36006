import {
  GatewayError,
  type ClientContext,
  type Extra,
  type GenerateResponse,
  type JsonObject,
  type Part,
} from '@gantry/core'
import { collectExtra } from '@gantry/core/codec'
import { impliedFinish, readFinish } from '../finish.ts'
import { asArray, asObject, asString, objectsIn } from '../json.ts'
import { ownAnswerNote, protocolName } from '../name.ts'
import { blockToPart } from '../parts.ts'
import { readUsage } from '../usage.ts'
import { errorFromEnvelope } from './decode-error.ts'

/** Fields of a message that the model has a place for. */
const messageKeys: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'stop_reason',
  'stop_sequence',
  'stop_details',
  'usage',
])

/**
 * A whole `message` as a response. A body that is an error envelope becomes a response with `error` and no parts;
 * one that is neither throws `GatewayError` `upstream_failed`.
 */
export function decodeResponse(body: JsonObject, _context: ClientContext): GenerateResponse {
  if (isErrorEnvelope(body)) return { parts: [], error: errorFromEnvelope(body) }
  const content = asArray(body['content'])
  if (!content && body['type'] !== 'message') {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The upstream answered with something that is not a message.',
      source: 'upstream',
    })
  }
  const id = asString(body['id'])
  const model = asString(body['model'])
  const usage = asObject(body['usage'])
  const parts: Part[] = objectsIn(content).map(blockToPart)
  return {
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    parts,
    finish: readFinish(body) ?? impliedFinish(parts.some((part) => part.type === 'tool_call')),
    ...(usage && { usage: readUsage(usage, { ...(model !== undefined && { model }), final: true }) }),
    ...answerExtra(body),
  }
}

/**
 * What a message has beyond the model, and the mark of this wire on it. A modelled field that is null stays too: clients
 * of this wire tell null from absent.
 */
export function answerExtra(message: JsonObject): { readonly extra: Extra } {
  const nulls = Object.entries(message).filter(([key, value]) => value === null && messageKeys.has(key))
  const rest = collectExtra(message, messageKeys)
  return {
    extra: { [protocolName]: { ...rest, ...Object.fromEntries(nulls), [ownAnswerNote]: true } },
  }
}

/** The wire's own envelope, or the bare `{error}` of hosts that imitate it. */
export function isErrorEnvelope(body: JsonObject): boolean {
  return body['type'] === 'error' || (body['type'] === undefined && !isEmptyError(body['error']))
}

function isEmptyError(error: JsonObject[string]): boolean {
  return error === undefined || error === null
}
