import type {
  Frame,
  GatewayErrorData,
  Json,
  JsonObject,
  Tap,
  TapResult,
  Usage,
  WireRequest,
} from '@gantry/core'
import { GatewayError } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { decodeFinish, hasOpenCalls } from '../finish.ts'
import { objectsOf, stringOf } from '../own.ts'
import { choiceError, decodeResponse, headOf, usageOf } from './decode-response.ts'
import { errorInside } from './decode-error.ts'
import { deliveredBytes, partBytes, tellsMore } from './tap-scan.ts'

/**
 * Watches a relayed answer. Until the first output and the id are seen every frame is parsed, then only those that
 * hold usage, a reason or an error. Delivered text is counted without parsing.
 */
export function createTap(wire: WireRequest): Tap {
  const hidesUsage = !asksForUsage(wire)
  const expected = choicesAsked(wire)
  const finished = new Map<number, boolean>()
  let committed = false
  let done = false
  let hasCalls = false
  let id: string | undefined
  let usage: Usage | undefined
  let raw: string | undefined
  let error: GatewayErrorData | undefined
  let outputBytes = 0
  let counted: string | undefined

  const count = (data: string): void => {
    if (counted === data) return
    counted = data
    const delivered = deliveredBytes(data)
    outputBytes += delivered.bytes
    hasCalls ||= delivered.hasCalls
  }
  // Once committed only frames with a reason are parsed, so how many choices there are is the request's word.
  const isComplete = (): boolean =>
    done || (finished.size >= expected && Array.from(finished.values()).every(Boolean))

  const read = (chunk: JsonObject): 'pass' | 'hide' => {
    id ??= headOf(chunk).id
    const choices = objectsOf(chunk['choices'])
    error ??= errorInside(chunk) ?? choiceError(chunk)
    for (const choice of choices) {
      const index = typeof choice['index'] === 'number' ? choice['index'] : 0
      const reason = stringOf(choice['finish_reason'])
      finished.set(index, Boolean(reason) || finished.get(index) === true)
      if (reason && (index === 0 || raw === undefined)) raw = reason
      if (isObject(choice['delta']) && isOutput(choice['delta'])) committed = true
    }
    const foreign = readForeign(chunk)
    if (foreign && !error) {
      committed = true
      if (foreign.finish !== undefined) finished.set(0, true)
    }
    usage = usageOf(chunk, choices.length === 0 || isComplete()) ?? usage
    const isUsageOnly = Array.isArray(chunk['choices']) && choices.length === 0 && isObject(chunk['usage'])
    return hidesUsage && isUsageOnly && !error ? 'hide' : 'pass'
  }

  return {
    wants(data) {
      if (data === '[DONE]') return true
      counted = undefined
      count(data)
      return !looksLikeChunk(data) || !committed || id === undefined || tellsMore(data)
    },
    frame(frame: Frame) {
      const data = frame.data.trim()
      if (data === '[DONE]') {
        done = true
        return 'pass'
      }
      count(frame.data)
      const chunk = parsed(data)
      if (isObject(chunk)) return read(chunk)
      error ??= notAChunk()
      return 'pass'
    },
    body(json) {
      if (isObject(json) && isForeignBody(json)) {
        id = stringOf(json['id'])
        committed = true
        done = true
        outputBytes += Buffer.byteLength(JSON.stringify(json['message']))
        return
      }
      const response = decodeResponse(isObject(json) ? json : {})
      id = response.id
      usage = response.usage
      error = response.error
      committed = error === undefined
      done = error === undefined
      const all = [response.parts, ...(response.alternatives ?? []).map(({ parts }) => parts)]
      hasCalls = all.some(hasOpenCalls)
      raw = response.finish?.raw
      for (const parts of all) for (const part of parts) outputBytes += partBytes(part)
    },
    result(): TapResult {
      const complete = isComplete()
      const empty = done && !committed && raw === undefined && error === undefined
      const failure = error ?? (empty ? noAnswer() : undefined)
      // Asked for with every chunk of a stream.
      const result: { -readonly [K in keyof TapResult]: TapResult[K] } = {
        committed,
        complete: complete && failure === undefined,
        outputBytes,
      }
      if (id !== undefined) result.id = id
      if (usage) result.usage = usage
      if (complete && !empty) result.finish = decodeFinish(raw, hasCalls)
      if (failure) result.error = failure
      return result
    },
  }
}

/**
 * Hosts that answer this path in a wire of their own (Cohere: typed events with a `delta`, a body with `message` and a
 * reason beside it). Their bytes pass; only that there is output and an end is read of them.
 */
function readForeign(chunk: JsonObject): { readonly finish: string | undefined } | undefined {
  if ('choices' in chunk || typeof chunk['type'] !== 'string' || !isObject(chunk['delta'])) return undefined
  return { finish: stringOf(chunk['delta']['finish_reason']) }
}

function isForeignBody(json: JsonObject): boolean {
  return !('choices' in json) && isObject(json['message']) && typeof json['finish_reason'] === 'string'
}

function asksForUsage(wire: WireRequest): boolean {
  const options = wire.json()['stream_options']
  return isObject(options) && options['include_usage'] === true
}

function choicesAsked(wire: WireRequest): number {
  const { n } = wire.json()
  return typeof n === 'number' && n > 1 ? n : 1
}

/** Role and empty content are no output. */
function isOutput(delta: JsonObject): boolean {
  return outputKeys.some((key) => {
    const value = delta[key]
    if (typeof value === 'string') return value !== ''
    return Array.isArray(value) ? value.length > 0 : isObject(value)
  })
}

function noAnswer(): GatewayErrorData {
  return new GatewayError({
    class: 'upstream_truncated',
    source: 'upstream',
    message: 'The upstream ended its stream without an answer.',
  }).data
}

/** What no client of this wire can read, and what may be a page or an error text of the host, does not pass. */
function looksLikeChunk(data: string): boolean {
  return data.charCodeAt(0) === 0x7b
}

function notAChunk(): GatewayErrorData {
  return new GatewayError({
    class: 'upstream_failed',
    source: 'upstream',
    message: 'The upstream sent a frame that is not a chunk.',
  }).data
}

function parsed(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json
  } catch {
    return undefined
  }
}

const outputKeys: readonly string[] = [
  'content',
  'tool_calls',
  'function_call',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'refusal',
  'audio',
  'images',
]
