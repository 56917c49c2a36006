import type { JsonObject } from '@gantry/core'
import type { AnswerPart } from '../answer.ts'
import { digest } from '../hash.ts'
import type { Reply } from '../wire.ts'
import { isCompaction } from './check.ts'
import { seal } from './seal.ts'

/** One item of an answer: what it is, and how it looks before and after its pieces came. */
export interface OutputItem {
  readonly type: ItemType
  readonly id: string
  readonly pieces: readonly string[]
  readonly opened: JsonObject
  readonly done: JsonObject
  /** Where its pieces are not shown, only that they were thought. */
  readonly hidden: boolean
}

/** Kinds of items that this wire answers with. */
export type ItemType =
  | 'reasoning'
  | 'text'
  | 'refusal'
  | 'function_call'
  | 'custom_tool_call'
  | 'tool_search_call'
  | 'compaction'

/** The items of an answer, in order. */
export function itemsOf(reply: Reply): readonly OutputItem[] {
  const { answer } = reply
  if (isCompaction(reply.body)) return [compactionOf(reply)]
  return answer.parts.map((part, index) => {
    // Only the last thing said can have been cut short.
    const cut = answer.finish === 'length' && index === answer.parts.length - 1
    return itemOf(reply, part, index, cut ? 'incomplete' : 'completed')
  })
}

/** What a compacted conversation is put into. */
export function compactionOf(reply: Reply): OutputItem {
  const id = itemId('cmp', reply, 0)
  const pieces = reply.answer.parts.flatMap((part) => part.pieces)
  const item = { id, type: 'compaction', encrypted_content: seal(id, reply.hash, reply.prompt.round) }
  return { type: 'compaction', id, pieces, opened: item, done: item, hidden: true }
}

/** An id that begins as the vendor's do for this kind of item. */
export function itemId(prefix: string, { hash }: Reply, index: number): string {
  return `${prefix}_${digest(hash, `item ${index}`).slice(0, 48)}`
}

type Status = 'completed' | 'incomplete'

function itemOf(reply: Reply, part: AnswerPart, index: number, status: Status): OutputItem {
  const { pieces } = part
  const whole = pieces.join('')
  if (part.type === 'call') return callOf(reply, part, index, status)
  if (part.type === 'reasoning') {
    const id = itemId('rs', reply, index)
    const hidden = reply.prompt.reasoning === 'omitted'
    const summary = hidden ? [] : [{ type: 'summary_text', text: whole }]
    const state = keepsReasoning(reply) ? { encrypted_content: seal(id, reply.hash) } : {}
    const opened = { id, type: 'reasoning', ...state, summary: [] }
    return { type: 'reasoning', id, pieces, hidden, opened, done: { ...opened, summary } }
  }
  const id = itemId('msg', reply, index)
  const message = (state: string, content: readonly JsonObject[]): JsonObject => ({
    id,
    type: 'message',
    status: state,
    content: [...content],
    role: 'assistant',
  })
  return {
    type: part.type,
    id,
    pieces,
    hidden: false,
    opened: message('in_progress', []),
    done: message(status, [contentOf(part.type, whole)]),
  }
}

/** A part of a message. */
export function contentOf(type: 'text' | 'refusal', whole: string): JsonObject {
  if (type === 'refusal') return { type: 'refusal', refusal: whole }
  return { type: 'output_text', annotations: [], logprobs: [], text: whole }
}

function callOf(
  reply: Reply,
  { tool, pieces }: Extract<AnswerPart, { type: 'call' }>,
  index: number,
  status: Status,
): OutputItem {
  const { kind, name, namespace } = tool
  const whole = pieces.join('')
  const prefix = { function: 'fc', custom: 'ctc', search: 'tsc' }[kind]
  const id = itemId(prefix, reply, index)
  const callId = `call_${digest(reply.hash, `call ${index}`).slice(0, 24)}`
  const call = (state: string, given: string): JsonObject => {
    if (kind === 'search') {
      const head = { id, type: 'tool_search_call', status: state, call_id: callId, execution: 'client' }
      return { ...head, arguments: given === '' ? {} : searched(given) }
    }
    return {
      id,
      type: kind === 'custom' ? 'custom_tool_call' : 'function_call',
      status: state,
      ...(kind === 'custom' ? { input: given } : { arguments: given }),
      call_id: callId,
      name,
      ...(namespace !== undefined && { namespace }),
    }
  }
  return {
    type: kind === 'search' ? 'tool_search_call' : kind === 'custom' ? 'custom_tool_call' : 'function_call',
    id,
    pieces,
    hidden: kind === 'search',
    opened: call('in_progress', ''),
    done: call(status, whole),
  }
}

// Arguments of a search are an object on this wire, not text.
function searched(given: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(given)
    return typeof parsed === 'object' && parsed !== null ? (parsed as JsonObject) : {}
  } catch {
    return {}
  }
}

/** Encrypted content is given to those who ask for it. */
function keepsReasoning({ body }: Reply): boolean {
  return Array.isArray(body.include) && body.include.includes('reasoning.encrypted_content')
}
