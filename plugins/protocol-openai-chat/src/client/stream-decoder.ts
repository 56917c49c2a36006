import {
  GatewayError,
  type ClientContext,
  type Frame,
  type GatewayErrorData,
  type GatewayEvent,
  type Json,
  type JsonObject,
  type StreamDecoder,
  type Usage,
} from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name, objectsOf, ownExtra, setField, type Draft } from '../own.ts'
import { choiceReader, type ChoiceReader } from './choice-reader.ts'
import { errorInside } from './decode-error.ts'
import { choiceError, headOf, restOfBody, usageOf } from './decode-response.ts'

type Emit = (event: GatewayEvent) => void

/** Choices beyond OpenAI's own limit on `n` are a host's mistake and cost no state. */
const maxChoices = 128

/**
 * Reads `chat.completion.chunk` frames of any host. The stream is over at `[DONE]`, or when it closes after every
 * choice gave its reason; a close before that is `upstream_truncated`.
 */
export function streamDecoder(_context?: ClientContext): StreamDecoder<GatewayEvent> {
  const choices = new Map<number, ChoiceReader>()
  const late: Draft = {}
  let head: { id?: string; model?: string; createdAt?: number } = {}
  let started = false
  let closed = false
  let lastUsage = ''

  const fail = (error: GatewayErrorData, emit: Emit): void => {
    closed = true
    start({}, emit)
    emit({ type: 'error', error })
  }
  const start = (chunk: JsonObject, emit: Emit): void => {
    if (started) return
    started = true
    head = headOf(chunk)
    emit({ type: 'start', ...head, ...ownExtra(headRest(chunk)) })
  }
  const readerOf = (index: number): ChoiceReader => {
    let reader = choices.get(index)
    if (!reader) choices.set(index, (reader = choiceReader(index, () => head)))
    return reader
  }
  const report = (usage: Usage, chunk: JsonObject, emit: Emit): void => {
    // Some hosts repeat the same numbers on every chunk.
    const text = JSON.stringify(usage.native?.value) + String(usage.final)
    if (text === lastUsage) return
    lastUsage = text
    start(chunk, emit)
    emit({ type: 'usage', usage })
  }
  const finishAll = (emit: Emit): void => {
    for (const reader of choices.values()) reader.finish(emit)
    closed = true
    emit({ type: 'end', ...ownExtra(late) })
  }

  const read = (chunk: JsonObject, frame: Frame, emit: Emit): void => {
    const list = objectsOf(chunk['choices'])
    const error = errorInside(chunk) ?? choiceError(chunk)
    const usage = usageOf(chunk, list.length === 0 || allDone(list, choices))
    if (error) {
      if (usage) report(usage, chunk, emit)
      return fail(error, emit)
    }
    if (list.length === 0 && !usage) {
      // Azure's prompt_filter_results come before anything else, moderation results after it.
      if (started) for (const [key, value] of Object.entries(restOfBody(chunk))) setField(late, key, value)
      else emit(rawOf(frame))
      return
    }
    if (list.length > 0) start(chunk, emit)
    for (const choice of list) {
      const index =
        typeof choice['index'] === 'number' && choice['index'] >= 0 ? Math.floor(choice['index']) : 0
      if (index >= maxChoices || !readerOf(index).push(choice, emit)) emit(rawOf(frame))
    }
    if (usage) report(usage, chunk, emit)
  }

  return {
    push(frame, emit) {
      if (closed) return
      const data = frame.data.trim()
      if (data === '') return
      if (data === '[DONE]') {
        // Some hosts never give a reason; without any output there was no answer.
        if (choices.size > 0) return finishAll(emit)
        return fail(truncated('The upstream ended its stream without an answer.'), emit)
      }
      const value = parsed(data)
      if (isObject(value)) return read(value, frame, emit)
      if (value === undefined && (data.startsWith('{') || data.startsWith('['))) {
        return fail(truncated('The upstream sent a frame that is not JSON.', 'upstream_failed'), emit)
      }
      emit(rawOf(frame))
    },
    end(emit) {
      if (closed) return
      const readers = [...choices.values()]
      if (readers.length > 0 && readers.every((reader) => reader.finished())) return finishAll(emit)
      fail(truncated('The upstream closed its stream in the middle.'), emit)
    },
  }
}

/** Whether this chunk is the last that can carry usage: every choice has its reason, before or in it. */
function allDone(list: readonly JsonObject[], choices: ReadonlyMap<number, ChoiceReader>): boolean {
  const ending = new Set<number>()
  for (const choice of list) {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0
    if (typeof choice['finish_reason'] === 'string') ending.add(index)
    else if (!choices.get(index)?.finished()) return false
  }
  for (const [index, reader] of choices) if (!reader.finished() && !ending.has(index)) return false
  return true
}

function headRest(chunk: JsonObject): Draft {
  const rest = restOfBody(chunk)
  for (const key of Object.keys(rest)) if (rest[key] === null) delete rest[key]
  return rest
}

function rawOf(frame: Frame): GatewayEvent {
  return {
    type: 'raw',
    protocol: name,
    ...(frame.event !== undefined && { event: frame.event }),
    data: frame.data,
  }
}

function truncated(
  message: string,
  kind: 'upstream_truncated' | 'upstream_failed' = 'upstream_truncated',
): GatewayErrorData {
  return new GatewayError({ class: kind, source: 'upstream', message }).data
}

function parsed(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json
  } catch {
    // The caller tells a broken frame from a comment that somebody sent as data.
    return undefined
  }
}
