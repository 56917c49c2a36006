import {
  GatewayError,
  type ClientContext,
  type Finish,
  type Frame,
  type GatewayErrorData,
  type GatewayEvent,
  type JsonObject,
  type StreamDecoder,
} from '@gantry/core'
import { isObject, parseJsonLossless } from '@gantry/core/codec'
import { decodeFinish, hasOpenCalls } from '../finish.ts'
import { name } from '../name.ts'
import { objectOf, restOf, stringOf } from '../own.ts'
import { usageOfResponse } from '../usage.ts'
import { failureOf, responseKeys } from './answer.ts'
import { errorInside } from './decode-error.ts'
import { headOf } from './decode-response.ts'
import { isPing, isTerminal, isWaiting, withStatus } from './frames.ts'
import type { Emit } from './open-item.ts'
import { createOutput, type Output } from './output.ts'

/** A response under way. */
interface Answer {
  readonly id: string | undefined
  readonly output: Output
}

/**
 * Server-sent events of one response as gateway events. Tolerates a missing start, items that were never announced,
 * arguments and texts that come only with the finished item, item numbers with gaps, and frames it does not know
 * (`raw`). What comes after the closing `end` or `error` is ignored, except the failed response that follows an `error`
 * frame: its remaining fields come with an `end`.
 */
export function streamDecoder(_context: ClientContext): StreamDecoder<GatewayEvent> {
  let answer: Answer | undefined
  let closed: 'no' | 'by error' | 'yes' = 'no'

  const fail = (error: GatewayErrorData, emit: Emit): void => {
    closed = 'by error'
    emit({ type: 'error', error })
  }
  const begin = (response: JsonObject, emit: Emit): Answer => {
    const head = headOf(response)
    emit({ type: 'start', ...head, ...withoutNulls(restOf(response, responseKeys)) })
    return (answer = { id: head.id, output: createOutput(head.id) })
  }
  const created = (response: JsonObject, emit: Emit): boolean => {
    if (answer) {
      const id = stringOf(response['id'])
      if (id === undefined || id === answer.id) return false
      emit({ type: 'restart' })
    }
    begin(response, emit)
    return true
  }
  const finish = (type: string, response: JsonObject, emit: Emit): void => {
    const { output } = answer ?? begin(response, emit)
    output.finish(response, emit)
    const usage = usageOfResponse(response, true)
    if (usage) emit({ type: 'usage', usage })
    const error = failureOf(withStatus(response, type))
    if (error) fail(error, emit)
    else emit({ type: 'finish', finish: finishOf(response, type, output) })
    closed = 'yes'
    emit({ type: 'end', ...restOf(response, responseKeys) })
  }

  return {
    push(frame, emit) {
      if (closed === 'yes') return
      const event = parsed(frame.data)
      if (!event) {
        if (closed === 'no' && !isBlank(frame.data)) fail(notAnEvent(), emit)
        return
      }
      const type = stringOf(event['type']) ?? frame.event ?? ''
      const response = objectOf(event['response'])
      if (closed === 'by error') {
        if (type !== 'response.failed') return
        closed = 'yes'
        if (response) emit({ type: 'end', ...restOf(response, responseKeys) })
        return
      }
      if (type === 'error' || (event['type'] === undefined && isObject(event['error']))) {
        return fail(errorInside(event), emit)
      }
      if (isPing(type)) return emit({ type: 'keep-alive', raw: frame.data })
      if (isTerminal(type)) return finish(type, response ?? {}, emit)
      const known =
        type === 'response.created' || (!answer && isWaiting(type))
          ? created(response ?? {}, emit)
          : type.startsWith('response.') && takeOutput(type, event, emit)
      if (!known) emit(rawOf(frame))
    },
    end(emit) {
      if (closed !== 'no') return
      fail(
        new GatewayError({
          class: 'upstream_truncated',
          message: 'The upstream ended its stream before the response was complete.',
          source: 'upstream',
        }).data,
        emit,
      )
    },
  }

  /** A host that leaves the start out is given one once there is something to follow it. */
  function takeOutput(type: string, event: JsonObject, emit: Emit): boolean {
    if (isWaiting(type)) return false
    if (!answer && event['output_index'] === undefined && event['item_id'] === undefined && !event['item'])
      return false
    return (answer ?? begin({}, emit)).output.take(type, event, emit)
  }
}

function finishOf(response: JsonObject, type: string, { parts }: Output): Finish {
  return (
    decodeFinish(withStatus(response, type), parts) ?? { reason: hasOpenCalls(parts) ? 'tool_calls' : 'stop' }
  )
}

/** In the first snapshot fields are null because they are not known yet. */
function withoutNulls(rest: ReturnType<typeof restOf>): ReturnType<typeof restOf> {
  const fields = Object.entries(rest.extra?.[name] ?? {}).filter(
    ([key, value]) => value !== null || !responseKeys.has(key),
  )
  return fields.length > 0 ? { extra: { [name]: Object.fromEntries(fields) } } : {}
}

function rawOf(frame: Frame): GatewayEvent {
  return {
    type: 'raw',
    protocol: name,
    ...(frame.event !== undefined && { event: frame.event }),
    data: frame.data,
  }
}

function isBlank(data: string): boolean {
  const text = data.trim()
  return text === '' || text === '[DONE]'
}

function notAnEvent(): GatewayErrorData {
  return new GatewayError({
    class: 'upstream_failed',
    message: 'The upstream sent a stream event that is not JSON.',
    source: 'upstream',
  }).data
}

function parsed(data: string): JsonObject | undefined {
  try {
    const value = parseJsonLossless(data)
    return isObject(value) ? value : undefined
  } catch {
    // Half a frame, or a page: the caller ends the stream.
    return undefined
  }
}
