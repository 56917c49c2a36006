import type { Json, JsonObject } from '@gantry/core'
import { objects } from '../json.ts'
import { streamErrorWords } from '../openai.ts'
import type { Fault } from '../script.ts'
import { createdAt } from '../wire.ts'
import type { Reply, StreamFrame } from '../wire.ts'
import { typeOf } from './check-items.ts'
import { compactionOf, contentOf, itemId, itemsOf } from './items.ts'
import type { OutputItem } from './items.ts'
import { finalState, responseId, responseObject, usageOf } from './response.ts'

/** A whole answer on the responses wire. */
export function wholeResponse(reply: Reply): JsonObject {
  if (reply.operation === 'compact') return compacted(reply)
  // In the background an answer is asked for again later; then it is there.
  return responseObject(reply, reply.body.background === true ? 'queued' : finalState(reply))
}

/** A streamed answer on the responses wire, one event a frame, numbered from 0. */
export function* framesResponse(reply: Reply): Iterable<StreamFrame> {
  let number = 0
  for (const { frame, ...marks } of events(reply)) {
    yield { text: event({ ...frame, sequence_number: number++ }), ...marks }
  }
}

/** The vendor's two events for an answer that fails on its way. */
export function failedResponse(
  reply: Reply,
  { code = 'server_error' }: Extract<Fault, { kind: 'error' }>,
  written: number,
): string {
  const error = { type: code, code, message: streamErrorWords, param: null }
  const response = responseObject(reply, 'failed', { code, message: streamErrorWords })
  return (
    event({ type: 'error', error, sequence_number: written }) +
    event({ type: 'response.failed', response, sequence_number: written + 1 })
  )
}

type Event = JsonObject & { readonly type: string }
interface Marked extends Omit<StreamFrame, 'text'> {
  readonly frame: Event
}

function event(data: Event): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

function* events(reply: Reply): Iterable<Marked> {
  if (reply.body.background === true) {
    yield { frame: { type: 'response.queued', response: responseObject(reply, 'queued') } }
  }
  const begun = responseObject(reply, 'in_progress')
  yield { frame: { type: 'response.created', response: begun } }
  yield { frame: { type: 'response.in_progress', response: begun } }
  for (const [index, item] of itemsOf(reply).entries()) {
    yield { frame: { type: 'response.output_item.added', output_index: index, item: item.opened } }
    yield* pieces(item, { item_id: item.id, output_index: index })
    yield { frame: { type: 'response.output_item.done', output_index: index, item: item.done } }
  }
  const state = finalState(reply)
  yield { frame: { type: `response.${state}`, response: responseObject(reply, state) }, end: true }
}

type Place = { readonly item_id: string; readonly output_index: number }

function* pieces(item: OutputItem, place: Place): Iterable<Marked> {
  const whole = item.pieces.join('')
  switch (item.type) {
    case 'function_call':
    case 'custom_tool_call': {
      const [kind, field] =
        item.type === 'function_call'
          ? (['response.function_call_arguments', 'arguments'] as const)
          : (['response.custom_tool_call_input', 'input'] as const)
      yield* deltas(`${kind}.delta`, item.pieces, place)
      yield { frame: { type: `${kind}.done`, ...place, [field]: whole } }
      return
    }
    case 'reasoning': {
      if (item.hidden) return
      const at = { ...place, summary_index: 0 }
      const part = (text: string): JsonObject => ({ part: { type: 'summary_text', text } })
      yield { frame: { type: 'response.reasoning_summary_part.added', ...at, ...part('') } }
      yield* deltas('response.reasoning_summary_text.delta', item.pieces, at)
      yield { frame: { type: 'response.reasoning_summary_text.done', ...at, text: whole } }
      yield { frame: { type: 'response.reasoning_summary_part.done', ...at, ...part(whole) } }
      return
    }
    case 'text':
    case 'refusal': {
      const { type } = item
      const at = { ...place, content_index: 0 }
      const kind = type === 'text' ? 'response.output_text' : 'response.refusal'
      const extra: JsonObject = type === 'text' ? { logprobs: [] } : {}
      yield { frame: { type: 'response.content_part.added', ...at, part: contentOf(type, '') } }
      yield* deltas(`${kind}.delta`, item.pieces, { ...at, ...extra })
      yield {
        frame: { type: `${kind}.done`, ...at, ...extra, [type]: whole },
      }
      yield { frame: { type: 'response.content_part.done', ...at, part: contentOf(type, whole) } }
      return
    }
    case 'compaction':
      yield { frame: { type: 'response.compaction.compacting', ...place } }
  }
}

function* deltas(type: string, given: readonly string[], at: JsonObject): Iterable<Marked> {
  for (const delta of given) yield { frame: { type, ...at, delta }, token: true }
}

/** A conversation made shorter: what the user said as it was, and one item for all the rest. */
function compacted(reply: Reply): JsonObject {
  const said = objects(reply.body.input).filter((item) => typeOf(item) === 'message' && item.role === 'user')
  return {
    id: responseId(reply),
    object: 'response.compaction',
    created_at: createdAt,
    output: [
      ...said.map((item, index) => ({
        id: itemId('msg', reply, index + 1),
        type: 'message',
        status: 'completed',
        content: contentParts(item.content ?? ''),
        role: 'user',
      })),
      compactionOf(reply).done,
    ],
    usage: usageOf(reply),
  }
}

function contentParts(content: Json): Json {
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : content
}
