import type { Frame, Json, JsonObject, Usage } from '@gantry/core'
import type { WireRules } from '@gantry/testing'

/**
 * OpenAI Responses for the conformance suite, written without the codec. What does not matter, and is taken out of both
 * sides: `type: "message"`; one plain text as a string; lists that are null, absent or empty (`content` of reasoning,
 * `annotations`, `logprobs`); an `error` or `incomplete_details` that is null; `status: "completed"` of an item; counts of 0; the order of `include`; `store`, which is `false` towards every upstream whatever its
 * client wishes (checked by tests of its own); instructions that are empty; fields of a response
 * that only repeat the request (`echo`, checked by a test of their own); numbering, padding, progress of the response and keep-alives of streams.
 */
export const responsesRules: WireRules = {
  captures: 'responses',
  operation({ request, response }) {
    const path = request?.path.split('?')[0] ?? '/responses'
    if (path.endsWith('/responses')) return 'generate'
    if (path.endsWith('/input_tokens')) return 'countTokens'
    if (path.endsWith('/compact')) return 'compact'
    // A stored response that was read again is an answer like any other, unless it resumes in the middle.
    return response.json !== undefined ? 'generate' : undefined
  },
  request(body) {
    const { input, include, store: _store, ...rest } = objectOf(body)
    return {
      ...without(rest, (key, value) => value === (key === 'instructions' ? '' : false) && unsaid.has(key)),
      input:
        typeof input === 'string'
          ? [inputItem({ role: 'user', content: input })]
          : listOf(input).map(inputItem),
      ...(Array.isArray(include) && { include: include.map(String).toSorted() }),
    }
  },
  response(body) {
    // As JSON: it knows no negative zero.
    const { output, usage, ...rest } = objectOf(JSON.parse(JSON.stringify(body)) as Json)
    return {
      ...without(rest, (key, value) => echo.has(key) || (value === null && nullable.has(key))),
      output: listOf(output).map(outputItem),
      ...(isObject(usage) && { usage: counts(usage) }),
    }
  },
  first,
  fold(frames) {
    const items = new Map<number, JsonObject>()
    let response: JsonObject = {}
    for (const frame of first(frames)) {
      const event = eventOf(frame)
      if (isObject(event['response'])) response = { ...response, ...event['response'] }
      if (typeOf(frame) === 'response.output_item.done') {
        items.set(Number(event['output_index']), objectOf(event['item']))
      }
    }
    const done = [...items].toSorted(([left], [right]) => left - right).map(([, item]) => item)
    return { ...response, output: done.length > 0 ? done : (response['output'] ?? []) }
  },
  kinds(frames) {
    const kinds = first(frames)
      .map(typeOf)
      .filter((type) => !silent.has(type) && !(type.endsWith('.done') && !kept.has(type)))
    return kinds.filter((kind, index) => kind !== kinds[index - 1])
  },
  usage(body) {
    const usage = objectOf(objectOf(body)['usage'])
    if (usage['input_tokens'] === undefined && usage['output_tokens'] === undefined) return undefined
    const into = objectOf(usage['input_tokens_details'])
    const cached = numberOf(into['cached_tokens'])
    const written = numberOf(into['cache_write_tokens'])
    const reasoning = numberOf(objectOf(usage['output_tokens_details'])['reasoning_tokens'])
    const [input, output] = [numberOf(usage['input_tokens']), numberOf(usage['output_tokens'])]
    const onTop = reasoning > 0 && usage['total_tokens'] === input + output + reasoning
    const tokens: Usage['tokens'] = {
      input: Math.max(0, input - cached - written),
      cache_read: cached,
      cache_write: written,
      output: Math.max(0, output - (onTop ? 0 : reasoning)),
      reasoning,
    }
    return Object.fromEntries(Object.entries(tokens).filter(([, count]) => count !== 0))
  },
}

/** Fields of a response that say again what was asked, or when it was over. */
export const echo: ReadonlySet<string> = new Set([
  'background',
  'completed_at',
  'conversation',
  'frequency_penalty',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'parallel_tool_calls',
  'presence_penalty',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
])

/** Fields of a request that say nothing when they are false or empty. */
const unsaid: ReadonlySet<string> = new Set(['stream', 'store', 'instructions'])
const closing: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])
/** Some hosts state arguments only in the end. */
const silent: ReadonlySet<string> = new Set([
  'response.in_progress',
  'response.queued',
  'response.function_call_arguments.delta',
  'keepalive',
])
const nullable: ReadonlySet<string> = new Set(['error', 'incomplete_details'])
const kept: ReadonlySet<string> = new Set(['response.output_item.done', 'response.content_part.done'])
const emptyLists: ReadonlySet<string> = new Set(['content', 'annotations', 'logprobs'])

function first(frames: readonly Frame[]): readonly Frame[] {
  const last = frames.findIndex((frame) => closing.has(typeOf(frame)))
  return last < 0 ? frames : frames.slice(0, last + 1)
}

function inputItem(item: JsonObject): JsonObject {
  const { type, content, ...rest } = item
  return {
    ...(type !== 'message' && type !== undefined && { type }),
    ...without(rest, (key, value) => key === 'status' && value === 'completed'),
    ...(content !== undefined && !isEmptyList(content) && { content: plain(content) }),
  }
}

function outputItem(item: JsonObject): JsonObject {
  const { content, ...rest } = item
  return {
    ...without(rest, (key, value) => key === 'status' && value === 'completed'),
    ...(!isEmptyList(content) && {
      content: listOf(content).map((part) =>
        without(part, (key, value) => emptyLists.has(key) && isEmptyList(value)),
      ),
    }),
  }
}

/** One text and nothing else is the text. */
function plain(content: Json): Json {
  const [only, ...others] = listOf(content)
  if (!only || others.length > 0) return content
  const keys = Object.keys(only).filter((key) => !(emptyLists.has(key) && isEmptyList(only[key])))
  const isText = only['type'] === 'input_text' || only['type'] === 'output_text'
  return isText && keys.length === 2 ? (only['text'] ?? '') : content
}

function counts(usage: JsonObject): JsonObject {
  const nonZero = (value: Json | undefined): JsonObject =>
    without(objectOf(value), (_key, count) => count === 0)
  return {
    ...usage,
    input_tokens_details: nonZero(usage['input_tokens_details']),
    output_tokens_details: nonZero(usage['output_tokens_details']),
  }
}

function typeOf(frame: Frame): string {
  return String(eventOf(frame)['type'] ?? frame.event ?? '')
}

function eventOf({ data }: Frame): JsonObject {
  try {
    return objectOf(JSON.parse(data) as Json)
  } catch {
    return {}
  }
}

function without(object: JsonObject, drop: (key: string, value: Json | undefined) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => !drop(key, value)))
}

function isEmptyList(value: Json | undefined): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}
