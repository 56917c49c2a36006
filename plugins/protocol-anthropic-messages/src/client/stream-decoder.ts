import {
  GatewayError,
  type ClientContext,
  type GatewayEvent,
  type JsonObject,
  type StreamDecoder,
} from '@gantry/core'
import { collectExtra, parseJsonLossless } from '@gantry/core/codec'
import { impliedFinish, readFinish } from '../finish.ts'
import { asNumber, asObject, asString, objectsIn } from '../json.ts'
import { protocolName } from '../name.ts'
import { overlayUsage, readUsage } from '../usage.ts'
import { errorFromEnvelope } from './decode-error.ts'
import { answerExtra, isErrorEnvelope } from './decode-response.ts'
import { blockOfDelta, openBlock, type OpenBlock } from './open-block.ts'

type Emit = (event: GatewayEvent) => void

/** What is known of the message being streamed; a second `message_start` begins a new one. */
interface MessageState {
  readonly open: Map<number, OpenBlock>
  nextIndex: number
  hasCalls: boolean
  model?: string
  usage?: JsonObject
  usageFinal: boolean
  finished: boolean
  /** A start that already brings its stop reason; used when no `message_delta` comes. */
  readonly start: JsonObject
  endExtra?: JsonObject
}

const deltaFrameKeys: ReadonlySet<string> = new Set(['type', 'delta', 'usage'])
const deltaKeys: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence', 'stop_details'])

/**
 * Server-sent events of one message as gateway events. Tolerates index gaps, missing block starts and stops, input
 * given whole in the block's start, a missing `message_delta`, and frames it does not know (`raw`).
 * Whatever comes after the closing `end` or `error` is ignored.
 */
export function streamDecoder(_context: ClientContext): StreamDecoder<GatewayEvent> {
  let state: MessageState | undefined
  let closed = false
  const fail = (emit: Emit, error: ConstructorParameters<typeof GatewayError>[0]): void => {
    closed = true
    emit({ type: 'error', error: new GatewayError({ source: 'upstream', ...error }).data })
  }

  return {
    push(frame, emit) {
      if (closed) return
      const event = parse(frame.data)
      if (event === undefined) {
        if (frame.data.trim() === '' || frame.data.trim() === '[DONE]') return
        fail(emit, {
          class: 'upstream_failed',
          message: 'The upstream sent a stream event that is not JSON.',
        })
        return
      }
      const type = asString(event['type']) ?? frame.event ?? ''
      if (isErrorEnvelope(event) || type === 'error') {
        closed = true
        emit({ type: 'error', error: errorFromEnvelope(event) })
        return
      }
      if (type === 'ping') return emit({ type: 'keep-alive', raw: frame.data })
      if (type === 'message_start') {
        if (state) emit({ type: 'restart' })
        state = startMessage(asObject(event['message']) ?? {}, emit)
        return
      }
      // A host that leaves the start out is given one, so that its parts have something to follow.
      if (knownTypes.has(type)) state ??= startMessage({}, emit)
      if (!state || !handle(state, type, event, emit)) {
        return emit({
          type: 'raw',
          protocol: protocolName,
          ...(frame.event !== undefined && { event: frame.event }),
          data: frame.data,
        })
      }
      if (type === 'message_stop') closed = true
    },
    end(emit) {
      if (closed) return
      fail(emit, {
        class: 'upstream_truncated',
        message: 'The upstream ended its stream before the answer was complete.',
      })
    },
  }
}

const knownTypes: ReadonlySet<string> = new Set([
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
])

/** Handles one event of a message; false when it means nothing here. */
function handle(state: MessageState, type: string, event: JsonObject, emit: Emit): boolean {
  switch (type) {
    case 'content_block_start':
      return startBlock(state, event, emit)
    case 'content_block_delta':
      return blockDelta(state, event, emit)
    case 'content_block_stop': {
      const index = asNumber(event['index']) ?? -1
      const block = state.open.get(index)
      state.open.delete(index)
      block?.close(emit)
      return block !== undefined
    }
    case 'message_delta':
      messageDelta(state, event, emit)
      return true
    case 'message_stop':
      stopMessage(state, emit)
      return true
    default:
      return false
  }
}

function startMessage(message: JsonObject, emit: Emit): MessageState {
  const id = asString(message['id'])
  const model = asString(message['model'])
  const usage = asObject(message['usage'])
  const state: MessageState = {
    open: new Map(),
    nextIndex: 0,
    hasCalls: false,
    usageFinal: false,
    finished: false,
    start: message,
    ...(model !== undefined && { model }),
    ...(usage && { usage }),
  }
  emit({
    type: 'start',
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(usage && { usage: usageOf(state, usage, false) }),
    ...answerExtra(message),
  })
  for (const block of objectsIn(message['content'])) open(state, block, emit).close(emit)
  return state
}

function open(state: MessageState, block: JsonObject, emit: Emit): OpenBlock {
  if (block['type'] === 'tool_use') state.hasCalls = true
  return openBlock(block, state.nextIndex++, emit)
}

function startBlock(state: MessageState, event: JsonObject, emit: Emit): boolean {
  const block = asObject(event['content_block'])
  if (!block || state.finished) return false
  const index = asNumber(event['index']) ?? state.nextIndex
  const forgotten = state.open.get(index)
  if (forgotten) {
    state.open.delete(index)
    forgotten.close(emit)
  }
  state.open.set(index, open(state, block, emit))
  return true
}

function blockDelta(state: MessageState, event: JsonObject, emit: Emit): boolean {
  const delta = asObject(event['delta'])
  if (!delta || state.finished) return false
  const index = asNumber(event['index']) ?? state.nextIndex
  let block = state.open.get(index)
  if (!block) {
    const implied = blockOfDelta(delta)
    if (!implied) return false
    block = open(state, implied, emit)
    state.open.set(index, block)
  }
  block.delta(delta, emit)
  return true
}

function messageDelta(state: MessageState, event: JsonObject, emit: Emit): void {
  const delta = asObject(event['delta']) ?? {}
  const usage = asObject(event['usage'])
  const finish = readFinish(delta)
  const extra = {
    ...collectExtra(event, deltaFrameKeys),
    ...collectExtra(delta, deltaKeys),
    ...(delta['stop_details'] === null && { stop_details: null }),
  }
  if (Object.keys(extra).length > 0) state.endExtra = { ...state.endExtra, ...extra }
  if (finish) closeBlocks(state, emit)
  if (usage) {
    state.usage = overlayUsage(state.usage, usage)
    state.usageFinal = finish !== undefined
    emit({ type: 'usage', usage: usageOf(state, state.usage, state.usageFinal) })
  }
  if (finish && !state.finished) {
    state.finished = true
    emit({ type: 'finish', finish })
  }
}

function stopMessage(state: MessageState, emit: Emit): void {
  closeBlocks(state, emit)
  if (state.usage && !state.usageFinal) {
    emit({ type: 'usage', usage: usageOf(state, state.usage, true) })
  }
  if (!state.finished) {
    emit({ type: 'finish', finish: readFinish(state.start) ?? impliedFinish(state.hasCalls) })
  }
  emit({ type: 'end', ...(state.endExtra && { extra: { [protocolName]: state.endExtra } }) })
}

/** In order of their start: a Map keeps it. */
function closeBlocks(state: MessageState, emit: Emit): void {
  for (const block of state.open.values()) block.close(emit)
  state.open.clear()
}

function usageOf(state: MessageState, raw: JsonObject, final: boolean): ReturnType<typeof readUsage> {
  return readUsage(raw, { ...(state.model !== undefined && { model: state.model }), final })
}

function parse(data: string): JsonObject | undefined {
  try {
    return asObject(parseJsonLossless(data))
  } catch {
    return undefined
  }
}
