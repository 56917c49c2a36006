import type { Frame, Json, JsonObject } from '@gantry/core'

/** What an answer says, read from the wire without the codec. */
export interface Reading {
  readonly id: Json | undefined
  readonly text: string
  readonly thinking: string
  readonly signatures: readonly string[]
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: Json }[]
  readonly hosted: readonly string[]
  readonly stopReason: Json | undefined
  /** Only buckets that are not zero. */
  readonly buckets: { readonly [bucket: string]: number }
  readonly searches: number
}

interface Mutable {
  [key: string]: Json | undefined
}

/** Reads a whole message. */
export function readMessage(message: JsonObject): Reading {
  const blocks = list(message['content'])
  const ofType = (type: string): readonly JsonObject[] => blocks.filter((block) => block['type'] === type)
  const calls = ofType('tool_use')
  return {
    id: message['id'],
    text: ofType('text')
      .map((block) => string(block['text']))
      .join(''),
    thinking: ofType('thinking')
      .map((block) => string(block['thinking']))
      .join(''),
    signatures: [...ofType('thinking'), ...ofType('redacted_thinking')]
      .map((block) => string(block['signature'] ?? block['data']))
      .filter((signature) => signature !== ''),
    calls: calls.map((block) => ({
      id: string(block['id']),
      name: string(block['name']),
      input: block['input'] ?? {},
    })),
    hosted: blocks
      .map((block) => string(block['type']))
      .filter((type) => /_tool_(use|result)$/.test(type) || type === 'server_tool_use'),
    stopReason: message['stop_reason'],
    buckets: buckets(dig(message, 'usage')),
    searches: number(dig(message, 'usage', 'server_tool_use', 'web_search_requests')),
  }
}

/** Reads the first message of a stream. */
export function readStream(frames: readonly Frame[]): Reading {
  return readMessage(foldStream(frames))
}

/** Folds the first message of a stream as a client would: the last start before the first stop counts. */
export function foldStream(frames: readonly Frame[]): JsonObject {
  let message: Mutable = {}
  let blocks: Mutable[] = []
  let inputs: string[] = []
  for (const frame of frames) {
    const event = JSON.parse(frame.data) as JsonObject
    if (event['type'] === 'message_stop') break
    if (event['type'] === 'message_start') {
      message = { ...object(event['message']) }
      blocks = []
      inputs = []
    }
    const index = number(event['index'])
    if (event['type'] === 'content_block_start') {
      blocks[index] = { ...object(event['content_block']) }
      inputs[index] = ''
    }
    const delta = object(event['delta'])
    const block = blocks[index]
    if (event['type'] === 'content_block_delta' && block) {
      if (delta['type'] === 'text_delta') block['text'] = string(block['text']) + string(delta['text'])
      if (delta['type'] === 'thinking_delta') {
        block['thinking'] = string(block['thinking']) + string(delta['thinking'])
      }
      if (delta['type'] === 'citations_delta') {
        block['citations'] = [...list(block['citations']), object(delta['citation'])]
      }
      if (delta['type'] === 'signature_delta') block['signature'] = string(delta['signature'])
      if (delta['type'] === 'input_json_delta') inputs[index] += string(delta['partial_json'])
    }
    if (event['type'] === 'message_delta') {
      message = { ...message, ...delta }
      message['usage'] = { ...object(message['usage']), ...object(event['usage']) }
    }
  }
  blocks.forEach((block, index) => {
    const text = inputs[index]
    if (text) block['input'] = parsed(text)
  })
  return { ...message, content: blocks }
}

/** JSON, or the text itself where a call was cut in the middle. */
export function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function buckets(usage: Json | undefined): { readonly [bucket: string]: number } {
  const hour = number(dig(usage, 'cache_creation', 'ephemeral_1h_input_tokens'))
  const thinking = number(dig(usage, 'output_tokens_details', 'thinking_tokens'))
  const all = {
    input: number(dig(usage, 'input_tokens')),
    cache_read: number(dig(usage, 'cache_read_input_tokens')),
    cache_write: number(dig(usage, 'cache_creation_input_tokens')) - hour,
    cache_write_1h: hour,
    output: number(dig(usage, 'output_tokens')) - thinking,
    reasoning: thinking,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== 0))
}

function dig(node: Json | undefined, ...steps: readonly string[]): Json | undefined {
  return steps.reduce<Json | undefined>((at, step) => object(at)[step], node)
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function list(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.map((item: Json) => object(item)) : []
}

function string(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}
