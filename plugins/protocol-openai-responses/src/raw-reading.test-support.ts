import type { Frame, Json, JsonObject } from '@gantry/core'

/** What an answer says, read from the wire without the codec. */
export interface Reading {
  readonly id: Json | undefined
  readonly text: string
  readonly refusal: string
  readonly thinking: string
  readonly sealed: readonly string[]
  /** Calls that the client runs: id, name, namespace, and arguments exactly as they came. */
  readonly calls: readonly string[][]
  /** Types of all items that are no messages, thinking or calls of the client's own tools. */
  readonly hosted: readonly string[]
  readonly sources: readonly Json[]
  readonly status: Json | undefined
  readonly why: Json | undefined
  /** Only buckets that are not zero. */
  readonly buckets: { readonly [bucket: string]: number }
}

const own = new Set(['message', 'reasoning', 'function_call', 'custom_tool_call'])

/** Reads a whole response. */
export function readResponse(response: JsonObject): Reading {
  const items = list(response['output'])
  const ofType = (type: string): readonly JsonObject[] => items.filter((item) => item['type'] === type)
  const content = ofType('message').flatMap((item) => list(item['content']))
  return {
    id: response['id'],
    text: content.map((part) => string(part['text'])).join(''),
    refusal: content.map((part) => string(part['refusal'])).join(''),
    thinking: ofType('reasoning')
      .flatMap((item) => [...list(item['summary']), ...list(item['content'])])
      .map((part) => string(part['text']))
      .join(''),
    sealed: [...ofType('reasoning'), ...ofType('compaction')]
      .map((item) => string(item['encrypted_content']))
      .filter((blob) => blob !== ''),
    calls: items
      .filter((item) => item['type'] === 'function_call' || item['type'] === 'custom_tool_call')
      .map((item) => [
        string(item['call_id']),
        string(item['namespace']),
        string(item['name']),
        string(item['arguments']) + string(item['input']),
      ]),
    hosted: items.map((item) => string(item['type'])).filter((type) => !own.has(type)),
    sources: content.flatMap((part) => list(part['annotations'])),
    status: response['status'],
    why: object(response['incomplete_details'])['reason'],
    buckets: buckets(object(response['usage'])),
  }
}

/** Reads a stream by what its finished items and its last frame say. */
export function readStream(frames: readonly Frame[]): Reading {
  return readResponse(foldStream(frames))
}

/** A stream as the clients that take only finished items read it. */
export function foldStream(frames: readonly Frame[]): JsonObject {
  const items: JsonObject[] = []
  let last: JsonObject = {}
  for (const frame of frames) {
    if (frame.data === '[DONE]') continue
    const event = JSON.parse(frame.data) as JsonObject
    if (event['type'] === 'response.output_item.done') items.push(object(event['item']))
    if (event['response'] !== undefined) last = object(event['response'])
    // A recording may hold several streams: the first counts.
    if (/^response\.(completed|incomplete|failed)$/.test(string(event['type']))) break
  }
  return { ...last, output: items }
}

/** What each delta of a kind brought, in order of the frames, without those that brought nothing. */
export function deltasOf(frames: readonly Frame[], type: string): readonly string[] {
  return frames
    .filter(({ data }) => data !== '[DONE]')
    .map(({ data }) => JSON.parse(data) as JsonObject)
    .filter((event) => event['type'] === type)
    .map((event) => string(event['delta']))
    .filter((delta) => delta !== '')
}

function buckets(usage: JsonObject): { readonly [bucket: string]: number } {
  const into = object(usage['input_tokens_details'])
  const out = object(usage['output_tokens_details'])
  const cached = number(into['cached_tokens'])
  const written = number(into['cache_write_tokens'])
  const reasoning = number(out['reasoning_tokens'])
  const all = {
    input: number(usage['input_tokens']) - cached - written,
    cache_read: cached,
    cache_write: written,
    output: number(usage['output_tokens']) - reasoning,
    reasoning,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== 0))
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
