import { GatewayError, type Part, type ToolCallPart, type ToolResultPart, type Turn } from '@gantry/core'
import { joinRuns } from '@gantry/core/codec'
import type { Block } from '../json.ts'
import { encodeParts, encodeResult, textBlock } from './encode-parts.ts'
import { ownExtra } from './losses.ts'
import { foldSystem, placeSystem } from './place-system.ts'
import type { Scope } from './scope.ts'
import { wireCallId } from './tool-names.ts'

/** A message under construction. */
export interface Message extends Block {
  readonly role: 'user' | 'assistant' | 'system'
  content: Block[]
}

/** Stands where the conversation lost the user's side; the wire wants a user to begin. */
const continued = 'Continue.'

/**
 * The conversation as alternating messages: neighbours of one side joined, tool results first in the user message that
 * follows their calls, a missing result answered as an error, a result without a call turned into text.
 */
export function encodeTurns(turns: readonly Turn[], scope: Scope): Message[] {
  const state = createState(scope)
  for (const turn of joinRuns(placeSystem(turns, scope), sideOf)) {
    const side = sideOf(turn)
    if (side === 'assistant') addAssistant(state, turn)
    else if (side === 'user') addUser(state, turn)
    else addSystem(state, turn)
  }
  answerOpenCalls(state)
  const { messages } = state
  const [first] = messages
  if (!first) {
    throw new GatewayError({
      class: 'invalid_request',
      message: 'The conversation has no message that this model could answer.',
      param: placeOf(turns[0]),
    })
  }
  if (first.role === 'assistant') messages.unshift(userMessage([{ type: 'text', text: continued }]))
  trimPrefill(messages.at(-1), scope)
  return messages
}

/** Where the client wrote it, which has another name on another wire; a turn that a hook made stands in the model only. */
function placeOf(turn: Turn | undefined): string {
  const at = turn?.at ?? '/turns'
  return at.startsWith('/turns') ? '/messages' : at
}

interface State {
  readonly scope: Scope
  readonly messages: Message[]
  /** Calls of the last assistant message without an answer: the client's id to the wire's; a host may repeat one. */
  open: Map<string, string[]>
  readonly usedIds: Set<string>
  /** How often an id was met, so that the next free number is found at once. */
  readonly repeats: Map<string, number>
}

function createState(scope: Scope): State {
  return { scope, messages: [], open: new Map(), usedIds: new Set(), repeats: new Map() }
}

function sideOf(turn: Turn): Message['role'] {
  if (turn.role === 'assistant' || turn.role === 'system') return turn.role
  return 'user'
}

function addAssistant(state: State, turn: Turn): void {
  const opened = new Map<string, string[]>()
  const callId = (part: ToolCallPart): string => {
    const id = uniqueId(state, part.callId)
    const same = opened.get(part.callId)
    if (same) same.push(id)
    else opened.set(part.callId, [id])
    return id
  }
  const pointer = turn.at ?? ''
  const blocks = encodeParts(turn.parts, 'assistant', state.scope, pointer, callId)
  const extra = ownExtra(turn.extra, pointer, state.scope.losses)
  if (blocks.length === 0) return
  answerOpenCalls(state)
  push(state, 'assistant', blocks, extra)
  state.open = opened
}

function addUser(state: State, turn: Turn): void {
  const { scope } = state
  const pointer = turn.at ?? ''
  const results: Block[] = []
  const rest: Block[] = []
  let others: Part[] = []
  const flush = (): void => {
    rest.push(...encodeParts(others, 'user', scope, pointer))
    others = []
  }
  for (const part of turn.parts) {
    if (part.type !== 'tool_result') {
      others.push(part)
      continue
    }
    const wire = state.open.get(part.callId)?.shift()
    if (wire === undefined) {
      flush()
      rest.push(...orphan(part, scope))
      continue
    }
    const block = encodeResult(part, wire, part.at ?? pointer, scope)
    results.push(block)
    scope.breakpoints.mark(results, part.cache, part.at ?? pointer)
  }
  flush()
  const extra = ownExtra(turn.extra, pointer, scope.losses)
  const blocks = [...results, ...missing(state), ...rest]
  if (blocks.length > 0) push(state, 'user', blocks, extra)
}

/** A system message stands behind a user's; anywhere else it has to be the user's. */
function addSystem(state: State, turn: Turn): void {
  answerOpenCalls(state)
  if (state.messages.at(-1)?.role === 'assistant' || state.messages.length === 0) {
    addUser(state, foldSystem(turn, state.scope))
    return
  }
  const blocks = encodeParts(turn.parts, 'user', state.scope, turn.at ?? '')
  const extra = ownExtra(turn.extra, turn.at ?? '', state.scope.losses)
  if (blocks.length > 0) push(state, 'system', blocks, extra)
}

/** Calls that nobody answered before somebody else spoke. */
function answerOpenCalls(state: State): void {
  const blocks = missing(state)
  if (blocks.length > 0) push(state, 'user', blocks, {})
}

function missing(state: State): Block[] {
  const blocks = Array.from([...state.open.values()].flat(), (id): Block => ({
    type: 'tool_result',
    tool_use_id: id,
    content: 'no result',
    is_error: true,
  }))
  state.open = new Map()
  return blocks
}

function push(state: State, role: Message['role'], blocks: Block[], extra: Block): void {
  // Nobody but an assistant may follow a system message: the user goes on before it.
  const behindSystem = role === 'user' && state.messages.at(-1)?.role === 'system'
  const last = state.messages.at(behindSystem ? -2 : -1)
  if (last?.role === role) {
    for (const block of blocks) last.content.push(block)
    Object.assign(last, extra)
  } else state.messages.push({ role, content: blocks, ...extra })
}

function userMessage(content: Block[]): Message {
  return { role: 'user', content }
}

/** A result whose call is gone, from a history that was cut: its text still matters. */
function orphan(part: ToolResultPart, scope: Scope): Block[] {
  const pointer = part.at ?? ''
  scope.losses.lowered(pointer, 'part.tool_result', 'its call is not in the turn before it; sent as text')
  const lead = textBlock(`Result of tool call ${part.name ?? part.callId}:`, pointer, scope)
  const blocks = encodeParts(part.parts, 'user', scope, pointer)
  return lead ? [lead, ...blocks] : blocks
}

/** The wire wants every call id once in a conversation; some hosts count from zero in every turn. */
function uniqueId(state: State, callId: string): string {
  let id = wireCallId(callId)
  let attempt = state.repeats.get(callId) ?? 1
  while (state.usedIds.has(id)) id = wireCallId(`${callId} ${++attempt}`)
  state.repeats.set(callId, attempt)
  state.usedIds.add(id)
  return id
}

/** The wire refuses a last assistant message that ends in white space. */
function trimPrefill(last: Message | undefined, scope: Scope): void {
  const block = last?.role === 'assistant' ? last.content.at(-1) : undefined
  const text = block?.['text']
  if (!block || block['type'] !== 'text' || typeof text !== 'string' || text === text.trimEnd()) return
  block['text'] = text.trimEnd()
  scope.losses.approximated('/turns', 'turn.prefill', 'white space at its end is cut')
}
