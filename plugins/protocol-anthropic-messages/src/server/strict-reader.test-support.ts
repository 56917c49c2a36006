import type { Json, JsonObject } from '@gantry/core'

/** What a stream said, as its strictest readers take it. */
export interface StrictReading {
  readonly message: JsonObject
  /** The error it ended in. */
  readonly error?: JsonObject
}

interface Open {
  readonly index: number
  readonly block: { [key: string]: Json | undefined }
  input: string
  signatures: number
}

/**
 * Reads a stream as the strictest client would, and throws where one of them breaks: the SDK on a gap in the indexes and
 * a missing end, the AI SDK on missing counts, Claude Code on an unknown block. See the matrix of stream defects.
 */
export function readStrictly(events: readonly JsonObject[]): StrictReading {
  let message: JsonObject | undefined
  let open: Open | undefined
  let next = 0
  let isDone = false
  const content: JsonObject[] = []
  const must = (holds: boolean, rule: string): void => {
    if (!holds) throw new Error(`A stream: ${rule}.`)
  }

  for (const event of events) {
    const { type } = event
    if (type === 'ping') continue
    must(!isDone, 'nothing follows its last event')
    if (type === 'error') {
      must(typeof object(event['error'])['message'] === 'string', 'an error says what is wrong')
      return { message: { ...message, content }, error: object(event['error']) }
    }
    if (type !== 'message_start') must(message !== undefined, 'message_start comes first')
    const delta = object(event['delta'])
    switch (type) {
      case 'message_start':
        must(message === undefined, 'message_start comes once')
        message = object(event['message'])
        must(isCount(object(message['usage'])['input_tokens']), 'input_tokens is there from the start')
        must(isCount(object(message['usage'])['output_tokens']), 'output_tokens is there from the start')
        must(message['stop_reason'] === null, 'nothing has stopped at the start')
        break
      case 'content_block_start': {
        must(open === undefined, 'one block is open at a time')
        must(event['index'] === next, 'indexes count from 0 without gaps')
        const block = { ...object(event['content_block']) }
        open = { index: next++, block, input: '', signatures: 0 }
        break
      }
      case 'content_block_delta':
        must(open !== undefined && event['index'] === open.index, 'a delta is about the open block')
        if (open) add(open, delta, must)
        break
      case 'content_block_stop':
        must(open !== undefined && event['index'] === open.index, 'a stop is about the open block')
        if (open) content.push(closed(open, must))
        open = undefined
        break
      case 'message_delta':
        must(open === undefined, 'blocks end before the message does')
        must(typeof delta['stop_reason'] === 'string', 'a message says why it stopped')
        must(isCount(object(event['usage'])['output_tokens']), 'output_tokens is there at the end')
        message = {
          ...message,
          ...beside(event),
          ...delta,
          usage: { ...object(message?.['usage']), ...object(event['usage']) },
        }
        break
      case 'message_stop':
        must(typeof message?.['stop_reason'] === 'string', 'message_delta comes before message_stop')
        isDone = true
        break
      default:
        must(false, `${String(type)} is no event`)
    }
  }
  must(isDone, 'it ends with message_stop')
  return { message: { ...message, content } }
}

/** What `message_delta` says of the message beside its delta: `context_management`. */
function beside(event: JsonObject): JsonObject {
  const { type: _type, delta: _delta, usage: _usage, ...rest } = event
  return rest
}

type Must = (holds: boolean, rule: string) => void

function add(open: Open, delta: JsonObject, must: Must): void {
  const { block } = open
  const suits = (type: string | RegExp): void =>
    must(
      typeof type === 'string' ? block['type'] === type : type.test(String(block['type'])),
      `${String(delta['type'])} suits its block`,
    )
  must(open.signatures === 0, 'a signature is the last of its block')
  switch (delta['type']) {
    case 'text_delta':
      suits('text')
      must(delta['text'] !== '', 'a delta says something')
      block['text'] = String(block['text']) + String(delta['text'])
      return
    case 'citations_delta':
      suits('text')
      block['citations'] = [...list(block['citations']), delta['citation'] ?? null]
      return
    case 'thinking_delta':
      suits('thinking')
      block['thinking'] = String(block['thinking']) + String(delta['thinking'])
      return
    case 'signature_delta':
      suits('thinking')
      open.signatures++
      block['signature'] = delta['signature']
      return
    case 'input_json_delta':
      suits(/_use$/)
      open.input += String(delta['partial_json'])
      return
    case 'compaction_delta':
      suits('compaction')
      block['content'] = delta['content']
      return
    default:
      must(false, `${String(delta['type'])} is a delta`)
  }
}

function closed({ block, input }: Open, must: Must): JsonObject {
  if (input === '') return block
  let value: Json = input
  try {
    value = JSON.parse(input) as Json
  } catch {
    // A call that was cut: readers keep what they have of it.
    return { ...block, input }
  }
  must(typeof value === 'object' && value !== null && !Array.isArray(value), 'input is an object')
  return { ...block, input: value }
}

function isCount(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}
