import type {
  GatewayEvent,
  Json,
  JsonObject,
  Part,
  PartDelta,
  ReasoningPart,
  TextPart,
  RefusalPart,
} from '@gantry/core'
import { collectExtra, isObject } from '@gantry/core/codec'
import { decodeFinish } from '../finish.ts'
import { decodeCitation, restOfMessage } from '../message.ts'
import { objectsOf, ownExtra, setField, stringOf, type Draft } from '../own.ts'
import { decodeImage } from '../media.ts'
import {
  custodyOf,
  detailsMerger,
  segmentsOf,
  splitDetails,
  thinkingText,
  type ReasoningField,
} from '../reasoning.ts'
import { audioReader } from './audio-reader.ts'
import { callReader } from './call-reader.ts'
import { logprobsOf } from './decode-response.ts'

type Emit = (event: GatewayEvent) => void

/** Reads the deltas of one choice. */
export interface ChoiceReader {
  /** False when output came after the reason: the caller passes the frame on as it is. */
  push(choice: JsonObject, emit: Emit): boolean
  /** Gives the reason now if none was given; safe to call again. */
  finish(emit: Emit): void
  finished(): boolean
}

/** Opens and closes numbered parts. */
export interface PartNumbers {
  open(part: Part, emit: Emit): number
  delta(index: number, delta: PartDelta, emit: Emit): void
  close(index: number, emit: Emit, part?: Part): void
}

/** Starts a choice; `head` is the stream's, for ids that hosts forget. */
export function choiceReader(
  choice: number,
  head: () => { readonly id?: string; readonly createdAt?: number },
): ChoiceReader {
  const at = choice === 0 ? {} : { choice }
  let count = 0
  const parts: PartNumbers = {
    open(part, emit) {
      emit({ type: 'part-start', index: count, part, ...at })
      return count++
    },
    delta: (index, delta, emit) => emit({ type: 'part-delta', index, delta, ...at }),
    close: (index, emit, part) => emit({ type: 'part-end', index, ...(part && { part }), ...at }),
  }
  const calls = callReader(choice, parts, head)
  const audio = audioReader(parts)
  const details = detailsMerger()
  const message: Draft = {}
  const fields: Draft = {}
  /** The open part of running text; the last text part takes citations until the end. */
  let open: { type: 'text' | 'reasoning' | 'refusal'; index: number; from?: 'field' | 'details' } | undefined
  let lastText: number | undefined
  let raw: string | undefined
  let done = false

  const close = (emit: Emit): void => {
    if (!open) return
    const { index, type } = open
    open = undefined
    if (type === 'reasoning') {
      const native = details.take()
      if (native.length > 0) {
        parts.delta(index, { type: 'custody', custody: custodyOf(JSON.stringify(native)) }, emit)
      }
    }
    parts.close(index, emit)
  }
  const enter = (type: 'text' | 'reasoning' | 'refusal', emit: Emit, field?: ReasoningField): number => {
    if (open?.type === type) return open.index
    close(emit)
    const index = parts.open(emptyPart(type, field), emit)
    open = { type, index }
    if (type === 'text') lastText = index
    return index
  }
  const say = (text: string, logprobs: readonly Json[] | undefined, emit: Emit): void => {
    if (text === '' && !logprobs?.length) return
    parts.delta(enter('text', emit), { type: 'text', text, ...(logprobs?.length && { logprobs }) }, emit)
  }
  const think = (text: string, field: ReasoningField, emit: Emit): void => {
    if (text === '') return
    // Thinking that was read off the details so far is that of another part.
    if (open?.from === 'details') close(emit)
    const index = enter('reasoning', emit, field)
    if (open) open.from = 'field'
    parts.delta(index, { type: 'reasoning', segment: 0, kind: 'text', text }, emit)
  }
  const readDetails = (delta: JsonObject, hasText: boolean, emit: Emit): void => {
    const { native, envelopes } = splitDetails(delta['reasoning_details'])
    if (native.length > 0) {
      const index = enter('reasoning', emit, hasText ? undefined : 'details')
      details.add(native)
      // Only where no field says it: hosts write the text twice, in one chunk or in two.
      if (!hasText && open?.from !== 'field') {
        if (open) open.from = 'details'
        for (const { kind, text } of segmentsOf(native)) {
          parts.delta(index, { type: 'reasoning', segment: 0, kind, text }, emit)
        }
      }
    }
    for (const custody of envelopes) {
      // A part has room for one state; the host's own array comes when its part closes.
      if (!details.isEmpty()) close(emit)
      const index = enter('reasoning', emit)
      parts.delta(index, { type: 'custody', custody }, emit)
      close(emit)
    }
  }
  const readContent = (
    content: Json | undefined,
    logprobs: readonly Json[] | undefined,
    emit: Emit,
  ): void => {
    if (typeof content === 'string') return say(content, logprobs, emit)
    for (const item of objectsOf(content)) {
      if (item['type'] === 'thinking') think(thinkingText(item), 'content', emit)
      else say(stringOf(item['text']) ?? '', logprobs, emit)
    }
  }
  const readDelta = (delta: JsonObject, logprobs: readonly Json[] | undefined, emit: Emit): void => {
    const content = stringOf(delta['reasoning_content']) ?? ''
    const plain = stringOf(delta['reasoning']) ?? ''
    if (content !== '') think(content, content === plain ? 'both' : 'reasoning_content', emit)
    else think(plain, 'reasoning', emit)
    readDetails(delta, content !== '' || plain !== '', emit)
    readContent(delta['content'], logprobs, emit)
    const refusal = stringOf(delta['refusal']) ?? ''
    if (refusal !== '') parts.delta(enter('refusal', emit), { type: 'text', text: refusal }, emit)
    for (const annotation of objectsOf(delta['annotations'])) {
      lastText ??= enter('text', emit)
      parts.delta(lastText, { type: 'citation', citation: decodeCitation(annotation) }, emit)
    }
    for (const image of objectsOf(delta['images'])) {
      close(emit)
      parts.close(parts.open(decodeImage(image), emit), emit)
    }
    if (isObject(delta['audio'])) {
      if (!audio.isOpen()) close(emit)
      audio.push(delta['audio'], emit)
    }
    const list = objectsOf(delta['tool_calls'])
    if (list.length > 0) close(emit)
    for (const call of list) calls.push(call, emit)
    if (isObject(delta['function_call'])) {
      close(emit)
      calls.pushLegacy(delta['function_call'], emit)
    }
  }
  const finish = (emit: Emit): void => {
    if (done) return
    done = true
    close(emit)
    audio.end(emit)
    calls.end(emit)
    const extra: Draft = { ...fields, ...(Object.keys(message).length > 0 && { $message: message }) }
    emit({ type: 'finish', finish: decodeFinish(raw, calls.count() > 0), ...at, ...ownExtra(extra) })
  }

  return {
    push(choice, emit) {
      const found = choice['delta'] ?? choice['message']
      const delta = isObject(found) ? found : {}
      if (done) return !hasOutput(delta)
      const logprobs = logprobsOf(choice['logprobs'])
      for (const [key, value] of Object.entries(collectExtra(choice, choiceKeys) ?? {})) {
        if (value !== null) setField(fields, key, value)
      }
      for (const [key, value] of Object.entries(restOfMessage(delta))) {
        if (value !== null && value !== '' && key !== 'index') setField(message, key, value)
      }
      readDelta(delta, logprobs.content, emit)
      const reason = stringOf(choice['finish_reason'])
      if (reason) {
        raw = reason
        finish(emit)
      }
      return true
    },
    finish,
    finished: () => done,
  }
}

function emptyPart(
  type: 'text' | 'reasoning' | 'refusal',
  field?: ReasoningField,
): TextPart | ReasoningPart | RefusalPart {
  if (type !== 'reasoning') return { type, text: '' }
  return {
    type,
    segments: [],
    ...ownExtra(field && field !== 'reasoning_content' ? { $field: field } : undefined),
  }
}

/** Whether a delta says anything: hosts repeat the role and empty content after the reason. */
function hasOutput(delta: JsonObject): boolean {
  return outputKeys.some((key) => {
    const value = delta[key]
    return Array.isArray(value)
      ? value.length > 0
      : typeof value === 'object'
        ? value !== null
        : Boolean(value)
  })
}

const outputKeys: readonly string[] = [
  'content',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'refusal',
  'annotations',
  'images',
  'audio',
  'tool_calls',
  'function_call',
]
const choiceKeys: ReadonlySet<string> = new Set([
  'index',
  'delta',
  'message',
  'finish_reason',
  'logprobs',
  'error',
])
