import type { JsonObject } from '@gantry/core'
import { type Frame, isCount, isName, type Must, objectIn, objectsIn, parsed } from './strict-frames.ts'

const stops = new Set([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'pause_turn',
  'refusal',
  'compaction',
  'model_context_window_exceeded',
])

/** What a block may be, and the deltas that suit it. Any other ends a turn of Claude Code with an error. */
const blocks: { readonly [type: string]: readonly string[] } = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  redacted_thinking: [],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
  web_search_tool_result: [],
}

/** The field of a delta that has to be text. */
const pieces: { readonly [type: string]: string } = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
  input_json_delta: 'partial_json',
}

interface Open {
  readonly index: number
  readonly type: string
  input: string
  signed: boolean
}

/** What Anthropic's SDK, the AI SDK and Claude Code ask of a stream of a message. */
export function readStrictMessages(frames: readonly Frame[], must: Must): void {
  const events = frames.map((frame) => {
    const event = parsed(frame, must)
    must(frame.event === event['type'], 'the event line is the type')
    return event
  })
  const real = events.filter(({ type }) => type !== 'ping')
  const [start, last] = [real[0], real.at(-1)]
  must(start?.['type'] === 'message_start', 'message_start comes first')
  must(last?.['type'] === 'message_stop', 'it ends with message_stop')
  readStart(objectIn(start, 'message'), must)
  const end = real.at(-2)
  must(end?.['type'] === 'message_delta', 'message_delta comes before message_stop')
  const called = readBlocks(real.slice(1, -2), must)
  const reason = objectIn(end, 'delta')?.['stop_reason']
  must(typeof reason === 'string' && stops.has(reason), `stop_reason is known, not ${String(reason)}`)
  if (called) must(reason !== 'end_turn', 'calls stop with tool_use')
  else must(reason !== 'tool_use', 'tool_use comes with calls')
  must(isCount(objectIn(end, 'usage')?.['output_tokens']), 'message_delta has output_tokens')
}

function readStart(message: JsonObject | undefined, must: Must): void {
  must(message?.['type'] === 'message' && message['role'] === 'assistant', 'message_start has the message')
  must(isName(message['id']) && isName(message['model']), 'the message has an id and a model')
  must(objectsIn(message, 'content')?.length === 0, 'the message has no content yet')
  must(message['stop_reason'] === null, 'the message has not stopped yet')
  const usage = objectIn(message, 'usage')
  must(isCount(usage?.['input_tokens']), 'message_start has input_tokens')
  must(isCount(usage['output_tokens']), 'message_start has output_tokens')
}

/** Reads the blocks; gives whether a tool of the client was called. */
function readBlocks(events: readonly JsonObject[], must: Must): boolean {
  let open: Open | undefined
  let next = 0
  const ids = new Set<string>()
  for (const event of events) {
    const { type, index } = event
    if (type === 'content_block_start') {
      must(open === undefined, 'one block is open at a time')
      must(index === next, 'indexes have no gaps')
      open = begin(next++, objectIn(event, 'content_block'), ids, must)
      continue
    }
    must(type === 'content_block_delta' || type === 'content_block_stop', `${String(type)} is an event`)
    must(open !== undefined && index === open.index, 'an open block is meant')
    if (type === 'content_block_delta') readDelta(open, objectIn(event, 'delta'), must)
    else {
      if (open.input !== '') must(isObjectText(open.input), 'input is a JSON object')
      open = undefined
    }
  }
  must(open === undefined, 'every block is closed')
  return ids.size > 0
}

function begin(index: number, block: JsonObject | undefined, ids: Set<string>, must: Must): Open {
  const type = block?.['type']
  must(typeof type === 'string' && Object.hasOwn(blocks, type), `a block is known, not ${String(type)}`)
  if (type === 'text') must(block?.['text'] === '', 'text starts empty')
  if (type === 'thinking') must(block?.['thinking'] === '', 'thinking starts empty')
  if (type === 'tool_use') {
    const { id, name, input } = block ?? {}
    must(isName(id) && /^[\w-]+$/.test(id) && !ids.has(id), 'a call has an id of its own')
    must(isName(name), 'a call has a name')
    must(JSON.stringify(input) === '{}', 'input starts empty')
    ids.add(id)
  }
  return { index, type, input: '', signed: false }
}

function readDelta(open: Open, delta: JsonObject | undefined, must: Must): void {
  const type = delta?.['type']
  must(typeof type === 'string' && blocks[open.type]!.includes(type), `${String(type)} suits ${open.type}`)
  must(!open.signed, 'a signature is the last of its block')
  const field = pieces[type]
  if (field !== undefined) must(typeof delta?.[field] === 'string', `${type} has ${field}`)
  if (type === 'input_json_delta') open.input += String(delta?.['partial_json'])
  if (type === 'signature_delta') open.signed = true
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
