import type { Json, JsonObject } from '@gantry/core'
import { createSseReader } from '@gantry/wire'

/** The wires that are converted into each other. */
export type Wire = 'openai-chat' | 'openai-responses' | 'anthropic-messages'

/** The wires, in the order of every table. */
export const wires: readonly Wire[] = ['openai-chat', 'openai-responses', 'anthropic-messages']

/** What an answer says, read from its bytes without any of our code for that wire. */
export interface Reading {
  readonly text: string
  readonly refusal: string
  readonly calls: readonly Call[]
  readonly finish: 'stop' | 'length' | 'tools' | 'filter' | 'other'
  /** Tokens; input with everything that was read or written in a cache, output with reasoning. */
  readonly usage: Counts | undefined
}

/** A call that the client runs. */
export interface Call {
  readonly name: string
  readonly namespace?: string
  readonly input: Json
}

/** The buckets that all three wires have a word for. */
export interface Counts {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
}

/** Reads a whole answer. */
export function readWhole(wire: Wire, body: JsonObject): Reading {
  if (wire === 'openai-chat') return readChat(body)
  if (wire === 'openai-responses') return readResponse(body)
  return readMessage(body)
}

/** Reads a stream to its end. */
export function readStream(wire: Wire, bytes: string): Reading {
  const frames = framesOf(bytes)
  if (wire === 'openai-chat') return readChat(foldChat(frames))
  if (wire === 'openai-responses') return readResponse(lastResponse(frames))
  return readMessage(foldMessage(frames))
}

/** The events of a stream as JSON, without the closing mark of the chat wire. */
export function framesOf(bytes: string): readonly JsonObject[] {
  const frames: JsonObject[] = []
  const reader = createSseReader(({ data }) => {
    if (data !== '[DONE]') frames.push(JSON.parse(data) as JsonObject)
  })
  reader.push(Buffer.from(bytes))
  reader.end()
  return frames
}

// --- chat

function readChat(body: JsonObject): Reading {
  const choice = object(list(body['choices'])[0])
  const message = object(choice['message'])
  const calls = list(message['tool_calls']).map((item) => {
    const call = object(item)
    const called = object(call['function'] ?? call['custom'])
    return { name: string(called['name']), input: inputOf(called['arguments'] ?? called['input']) }
  })
  const usage = body['usage'] ? object(body['usage']) : undefined
  const details = object(usage?.['prompt_tokens_details'])
  const reasoning = number(object(usage?.['completion_tokens_details'])['reasoning_tokens'])
  const [input, output] = [number(usage?.['prompt_tokens']), number(usage?.['completion_tokens'])]
  // One host counts thinking beside the completion; its total says so.
  const isBeside = reasoning > 0 && number(usage?.['total_tokens']) === input + output + reasoning
  return {
    text: textOf(message['content']),
    refusal: string(message['refusal']),
    calls,
    finish: finishOf(string(choice['finish_reason']), calls.length > 0),
    usage: usage && {
      input,
      cached: number(details['cached_tokens']),
      written: number(details['cache_write_tokens']),
      output: isBeside ? output + reasoning : output,
    },
  }
}

function foldChat(frames: readonly JsonObject[]): JsonObject {
  let content = ''
  let refusal = ''
  let finish: Json = null
  let usage: Json | undefined
  const calls = new Map<number, { id?: string; function: { name: string; arguments: string } }>()
  for (const frame of frames) {
    usage = frame['usage'] ?? usage
    for (const item of list(frame['choices'])) {
      const choice = object(item)
      if (number(choice['index']) !== 0) continue
      const delta = object(choice['delta'])
      content += textOf(delta['content'])
      refusal += string(delta['refusal'])
      finish = choice['finish_reason'] ?? finish
      list(delta['tool_calls']).forEach((one, place) => {
        const call = object(one)
        const index = typeof call['index'] === 'number' ? call['index'] : place
        const called = object(call['function'] ?? call['custom'])
        const known = calls.get(index) ?? { function: { name: '', arguments: '' } }
        // Hosts that repeat the whole call give the index a second time with another id.
        known.function.name ||= string(called['name'])
        known.function.arguments += argumentsOf(called['arguments'] ?? called['input'])
        calls.set(index, known)
      })
    }
  }
  const tool_calls = [...calls.entries()].toSorted(([a], [b]) => a - b).map(([, call]) => call)
  return {
    choices: [{ finish_reason: finish, message: { content, refusal, tool_calls } }],
    ...(usage !== undefined && usage !== null && { usage }),
  } as unknown as JsonObject
}

// --- responses

function readResponse(body: JsonObject): Reading {
  const output = list(body['output']).map(object)
  const contents = output
    .filter(({ type }) => type === 'message')
    .flatMap((item) => list(item['content']).map(object))
  const answered = new Set(output.filter(({ output }) => output !== undefined).map(({ call_id }) => call_id))
  const calls = output
    // What the vendor has answered itself is nothing for the client to run.
    .filter(({ type, call_id }) => callTypes.has(string(type)) && !answered.has(call_id))
    .map(callOf)
  const usage = body['usage'] ? object(body['usage']) : undefined
  const details = object(usage?.['input_tokens_details'])
  return {
    text: contents.map((part) => string(part['text'])).join(''),
    refusal: contents.map((part) => string(part['refusal'])).join(''),
    calls,
    finish: statusOf(body, calls.length > 0),
    usage: usage && {
      input: number(usage['input_tokens']),
      cached: number(details['cached_tokens']),
      written: number(details['cache_write_tokens']),
      output: number(usage['output_tokens']),
    },
  }
}

/** Calls that the client runs; those that the vendor defines have their arguments as an object. */
const callTypes: ReadonlySet<string> = new Set([
  'function_call',
  'custom_tool_call',
  'apply_patch_call',
  'local_shell_call',
  'shell_call',
])

function callOf(item: JsonObject): Call {
  const { namespace } = item
  return {
    name: string(item['name']) || string(item['type']).replace(/_call$/, ''),
    ...(typeof namespace === 'string' && { namespace }),
    input: inputOf(item['arguments'] ?? item['input'] ?? item['operation'] ?? item['action']),
  }
}

function statusOf(body: JsonObject, called: boolean): Reading['finish'] {
  // One host writes it without its last letter.
  if (body['status'] === 'completed' || body['status'] === 'complete') return called ? 'tools' : 'stop'
  const reason = string(object(body['incomplete_details'])['reason'])
  if (reason === 'max_output_tokens') return 'length'
  return reason === 'content_filter' ? 'filter' : 'other'
}

function lastResponse(frames: readonly JsonObject[]): JsonObject {
  const ends = ['response.completed', 'response.incomplete', 'response.failed']
  // One recording holds two streams: a client stops reading at the first end.
  const end = frames.findIndex((frame) => ends.includes(string(frame['type'])))
  const response = object(frames[end]?.['response'])
  if (list(response['output']).length > 0) return response
  // Some hosts leave the output of the last event empty: the items were whole in their own events.
  const items = frames
    .slice(0, end)
    .filter(({ type }) => type === 'response.output_item.done')
    .map((frame) => object(frame['item']))
  return { ...response, output: items }
}

// --- messages

function readMessage(body: JsonObject): Reading {
  const blocks = list(body['content']).map(object)
  const calls = blocks
    .filter(({ type }) => type === 'tool_use')
    .map((block) => ({ name: string(block['name']), input: block['input'] ?? {} }))
  const usage = body['usage'] ? object(body['usage']) : undefined
  const cached = number(usage?.['cache_read_input_tokens'])
  const written = number(usage?.['cache_creation_input_tokens'])
  return {
    text: blocks.map((block) => (block['type'] === 'text' ? string(block['text']) : '')).join(''),
    refusal: '',
    calls,
    finish: finishOf(string(body['stop_reason']), calls.length > 0),
    usage: usage && {
      input: number(usage['input_tokens']) + cached + written,
      cached,
      written,
      output: number(usage['output_tokens']),
    },
  }
}

function foldMessage(frames: readonly JsonObject[]): JsonObject {
  let head: JsonObject = {}
  const blocks: { [key: string]: Json }[] = []
  const inputs: string[] = []
  for (const event of frames) {
    // Recordings that hold several streams: a client stops reading at the first end.
    if (event['type'] === 'message_stop') break
    if (event['type'] === 'message_start') {
      head = object(event['message'])
      blocks.length = 0
      inputs.length = 0
    }
    const index = number(event['index'])
    const delta = object(event['delta'])
    if (event['type'] === 'content_block_start') {
      blocks[index] = { ...object(event['content_block']) } as { [key: string]: Json }
      inputs[index] = ''
    }
    const block = blocks[index]
    if (event['type'] === 'content_block_delta' && block) {
      if (delta['type'] === 'text_delta') block['text'] = string(block['text']) + string(delta['text'])
      if (delta['type'] === 'input_json_delta') inputs[index] += string(delta['partial_json'])
    }
    if (event['type'] === 'message_delta') {
      head = { ...head, ...delta, usage: { ...object(head['usage']), ...object(event['usage']) } }
    }
  }
  blocks.forEach((block, index) => {
    if (inputs[index]) block['input'] = inputOf(inputs[index])
  })
  return { ...head, content: blocks }
}

// --- values

function finishOf(word: string, called: boolean): Reading['finish'] {
  // Hosts say `stop` when they called a tool: what the answer holds counts.
  if (called && ['stop', 'tool_calls', 'end_turn', 'tool_use', 'function_call'].includes(word)) return 'tools'
  if (['stop', 'end_turn', 'stop_sequence', 'pause_turn', 'compaction'].includes(word)) return 'stop'
  if (['length', 'max_tokens', 'model_context_window_exceeded'].includes(word)) return 'length'
  if (['content_filter', 'refusal'].includes(word)) return 'filter'
  return 'other'
}

/** Arguments as a value: two wires write them as JSON text, one as an object; invalid JSON stays text. */
function inputOf(value: Json | undefined): Json {
  if (typeof value !== 'string') return value ?? {}
  if (value.trim() === '') return {}
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

function argumentsOf(value: Json | undefined): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : string(value)
}

function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return list(value)
    .map((part) => (object(part)['type'] === 'text' ? string(object(part)['text']) : ''))
    .join('')
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

function string(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}
