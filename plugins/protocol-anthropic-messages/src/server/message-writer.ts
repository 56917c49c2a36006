import type { Finish, GatewayErrorData, GatewayEvent, JsonObject, ServerContext, Usage } from '@gantry/core'
import { GatewayError } from '@gantry/core'
import { ownAnswerNote, protocolName } from '../name.ts'
import { blockQueue } from './block-queue.ts'
import { errorBody } from './encode-error.ts'
import { baseOf, callIds, messageId } from './message-ids.ts'
import { lossesOf, ownFields, type Place, type Send } from './place.ts'
import { writeFinish } from './write-finish.ts'
import { writeUsage } from './write-usage.ts'

/** One answer under construction. */
export interface MessageWriter {
  /** Takes the events after `start`, up to `end` or `error`. */
  push(event: GatewayEvent): void
}

/** Fields that stand in `message_delta.delta`; others stand beside it. */
const deltaFields: ReadonlySet<string> = new Set(['container', 'stop_details'])

/**
 * Starts an answer and sends `message_start`. Counts are numbers from the first event on, because readers refuse a
 * message without them; the truth, input included, is in `message_delta`.
 */
export function messageWriter(
  start: Extract<GatewayEvent, { type: 'start' }>,
  context: ServerContext<'generate'>,
  send: Send,
): MessageWriter {
  const own = start.extra?.[protocolName]?.[ownAnswerNote] === true
  const base = baseOf(context.requestId)
  let usage: Usage | undefined = start.usage
  let finish: Finish | undefined
  let refused = false
  let index = -1
  const place: Place = {
    base,
    own,
    open: (block) => send('content_block_start', { index: ++index, content_block: block }),
    delta: (delta) => send('content_block_delta', { index, delta }),
    close: () => send('content_block_stop', { index }),
    callId: callIds(base),
    lost: lossesOf(context.report),
  }
  const blocks = blockQueue(place)

  const end = (extra: JsonObject): void => {
    blocks.finish()
    if (finish?.reason === 'error') return fail(unfinished)
    const inside: { [key: string]: JsonObject[string] } = {}
    const beside: { [key: string]: JsonObject[string] } = {}
    for (const [key, value] of Object.entries(extra)) (deltaFields.has(key) ? inside : beside)[key] = value
    send('message_delta', {
      delta: { ...inside, ...writeFinish(finish, own, refused) },
      usage: writeUsage(usage, own),
      ...beside,
    })
    send('message_stop', {})
  }
  const fail = (error: GatewayErrorData): void => {
    const { type: _type, ...fields } = errorBody(error, context.requestId)
    send('error', fields)
  }

  send('message_start', {
    message: {
      ...(!own && { container: null, stop_details: null }),
      ...ownFields(start.extra),
      id: messageId(start.id, base, own),
      type: 'message',
      role: 'assistant',
      model: start.model ?? context.request.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeUsage(usage, own),
    },
  })
  return {
    push(event) {
      if ('choice' in event && (event.choice ?? 0) > 0) return
      switch (event.type) {
        case 'part-start':
          refused ||= event.part.type === 'refusal'
          return blocks.start(event.index, event.part)
        case 'part-delta':
          return blocks.delta(event.index, event.delta)
        case 'part-end':
          return blocks.end(event.index, event.part)
        case 'usage':
          usage = event.usage
          return
        case 'finish':
          ;({ finish } = event)
          return blocks.finish()
        case 'end':
          return end(ownFields(event.extra))
        case 'error':
          return fail(event.error)
        default:
      }
    },
  }
}

const unfinished: GatewayErrorData = new GatewayError({
  class: 'upstream_failed',
  message: 'The model did not finish its answer.',
  source: 'upstream',
}).data
