import type { Finish, GatewayErrorData, JsonObject, Part, Tap, Usage, WireRequest } from '@gantry/core'
import { GatewayError } from '@gantry/core'
import { isObject, parseJsonLossless } from '@gantry/core/codec'
import { decodeFinish } from '../finish.ts'
import { readAnswerItem } from '../items.ts'
import { objectOf, objectsOf, stringOf } from '../own.ts'
import { usageOfResponse } from '../usage.ts'
import { failureOf, readAnswer } from './answer.ts'
import { errorInside, isErrorBody } from './decode-error.ts'
import { isTerminal, withStatus } from './frames.ts'
import { deltaBytes, frameKind } from './tap-scan.ts'

/**
 * Watches a relayed response. Of a stream only the frames up to the first output, finished calls, the last frame and
 * errors are parsed; delivered text is counted without parsing.
 */
export function createTap(_wire: WireRequest): Tap {
  /** Calls and results that were streamed, for hosts whose last frame has no output. */
  const calls: Part[] = []
  let committed = false
  let complete = false
  let id: string | undefined
  let usage: Usage | undefined
  let finish: Finish | undefined
  let error: GatewayErrorData | undefined
  let outputBytes = 0
  /** Bytes of arguments in deltas, and in finished calls: some hosts state them only there. */
  let streamedArguments = 0
  let statedArguments = 0

  const last = (response: JsonObject): void => {
    id = stringOf(response['id']) ?? id
    const stated = readAnswer(response)
    const parts = stated.length > 0 ? stated : calls
    usage = usageOfResponse(response, true) ?? usage
    error ??= failureOf(response)
    if (!error) finish = decodeFinish(response, parts)
    committed ||= parts.length > 0
    // A host that sends whole items and no deltas delivers all the same.
    if (outputBytes + statedArguments === 0) for (const part of parts) outputBytes += bytesOf(part)
  }

  return {
    wants(data) {
      if (!looksLikeEvent(data)) return !isBlank(data)
      const kind = frameKind(data)
      if (kind === 'delta') {
        const bytes = deltaBytes(data)
        outputBytes += bytes
        if (data.includes('_call_')) streamedArguments += bytes
      }
      // Who relays asks for the result after each frame that was wanted: the first output has to be one.
      if (!committed) return kind !== 'other' || data.includes('"response.output_item.added"')
      return kind === 'wanted'
    },
    frame(frame) {
      if (complete) return 'pass'
      const event = parsed(frame.data)
      if (!event) {
        error ??= notAnEvent()
        return 'pass'
      }
      const type = stringOf(event['type']) ?? frame.event ?? ''
      const response = objectOf(event['response'])
      if (type === 'error' || (event['type'] === undefined && isObject(event['error']))) {
        error ??= errorInside(event)
      } else if (isTerminal(type)) {
        complete = true
        last(withStatus(response ?? {}, type))
      } else if (type === 'response.created') id ??= stringOf(response?.['id'])
      else if (type.endsWith('.delta')) committed = true
      // A message is announced before it has content; anything else is output at once.
      else if (type === 'response.output_item.added')
        committed ||= objectOf(event['item'])?.['type'] !== 'message'
      else if (type === 'response.output_item.done') {
        const item = objectOf(event['item'])
        committed = true
        for (const part of item ? readAnswerItem(item, calls.length) : []) {
          if (isCallOrResult(part)) calls.push(part)
          if (part.type === 'tool_call') statedArguments += Buffer.byteLength(part.arguments)
        }
      }
      return 'pass'
    },
    body(json) {
      complete = true
      if (isErrorBody(json)) {
        error = errorInside(json)
        return
      }
      last(json)
      // A background run is queued: it has nothing to show yet, and is an answer all the same.
      const waits = json['status'] === 'queued' || json['status'] === 'in_progress'
      committed = !error && (waits || objectsOf(json['output']).length > 0)
    },
    result: () => ({
      committed,
      complete,
      ...(id !== undefined && { id }),
      ...(usage && { usage }),
      ...(finish && { finish }),
      ...(error && { error }),
      outputBytes: outputBytes + Math.max(0, statedArguments - streamedArguments),
    }),
  }
}

function isCallOrResult({ type }: Part): boolean {
  return type === 'tool_call' || type === 'tool_result' || type === 'server_tool_result'
}

function bytesOf(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return Buffer.byteLength(part.text)
    case 'reasoning':
      return part.segments.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    case 'tool_call':
    case 'server_tool_call':
      return Buffer.byteLength(part.arguments)
    default:
      return 0
  }
}

/** What no client of this wire can read, and what may be a page or an error text of the host, does not pass. */
function looksLikeEvent(data: string): boolean {
  return data.charCodeAt(0) === 0x7b
}

function isBlank(data: string): boolean {
  const text = data.trim()
  return text === '' || text === '[DONE]'
}

function notAnEvent(): GatewayErrorData {
  return new GatewayError({
    class: 'upstream_failed',
    source: 'upstream',
    message: 'The upstream sent a frame that is not an event.',
  }).data
}

function parsed(data: string): JsonObject | undefined {
  try {
    const value = parseJsonLossless(data)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
