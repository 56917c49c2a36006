import type { GenerateRequest, JsonObject, Part, ToolCallPart, ToolResultPart, Turn } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { name as protocol } from '../name.ts'
import { note, ownFields, stringOf, type Draft } from '../own.ts'
import { isContent, writeItem } from '../write-items.ts'
import { createCalls, type Calls } from './calls.ts'
import { encodeCall, encodeReasoning, encodeResult, isKnown, isReadable, plain } from './encode-call.ts'
import { encodeContent } from './encode-content.ts'
import type { Scope } from './scope.ts'

/**
 * `input`: every turn of a client of this wire is the item it was; those of others become messages, calls, results and
 * thinking in the order of their parts. The one text of a client that wrote no list stays one.
 */
export function encodeInput(request: GenerateRequest, scope: Scope): JsonObject[string] {
  const [only, ...others] = request.turns
  const [text] = only?.parts ?? []
  if (scope.own && others.length === 0 && only && note(only, '$string') === true && text?.type === 'text') {
    return text.text
  }
  const calls = createCalls(scope)
  request.turns.forEach((turn, index) =>
    encodeTurn(turn, turn.at ?? pointerTo('/turns', index), calls, scope),
  )
  return calls.items()
}

function encodeTurn(turn: Turn, at: string, calls: Calls, scope: Scope): void {
  const { losses, own } = scope
  losses.foreign(turn.extra, at)
  if (turn.name !== undefined && !own) losses.dropped(at, 'turn.name')
  // An item without content is one all the same.
  if (turn.parts.length === 0 && own) {
    calls.add(messageItem(turn, [], turn, scope))
    return
  }
  let run: Part[] = []
  const flush = (): void => {
    const [first] = run
    if (first) addMessage(turn, run, at, calls, scope)
    run = []
  }
  turn.parts.forEach((part, index) => {
    const place = part.at ?? pointerTo(at, 'parts', index)
    const located = part.at === undefined ? { ...part, at: place } : part
    if (isMessagePart(part, scope)) {
      if (run[0] && run[0].group?.id !== part.group?.id) flush()
      run.push(located)
      return
    }
    flush()
    encodePart(located, turn, place, calls, scope)
  })
  flush()
}

/** Content, and what has no item of its own here and may still be said in words. */
function isMessagePart(part: Part, scope: Scope): boolean {
  switch (part.type) {
    case 'compaction':
      return !(part.custody && isReadable(part.custody, scope.target))
    case 'native':
      return part.native.protocol !== protocol || isContent(part)
    case 'server_tool_result':
    case 'tools_added':
      return !isKnown(part.native, scope)
    default:
      return isContent(part)
  }
}

function encodePart(part: Part, turn: Turn, at: string, calls: Calls, scope: Scope): void {
  switch (part.type) {
    case 'tool_call':
      return addCall(part, at, calls, scope)
    case 'tool_result':
      return addResult(part, turn, at, calls, scope)
    case 'reasoning': {
      const item = encodeReasoning(part, at, scope)
      if (item) calls.add(item)
      return
    }
    default: {
      scope.losses.foreign(part.extra, at)
      const isLacking = part.type === 'server_tool_call' && !isKnown(part.native, scope)
      const item = isLacking ? undefined : writeItem(part)
      if (item) calls.add(item)
      else scope.losses.dropped(at, `part.${part.type}`)
    }
  }
}

function addCall(part: ToolCallPart, at: string, calls: Calls, scope: Scope): void {
  const callId = calls.open(part.callId)
  calls.call(encodeCall(part, callId, at, scope), callId)
}

function addResult(part: ToolResultPart, turn: Turn, at: string, calls: Calls, scope: Scope): void {
  const answered = calls.answer(part.callId)
  if (answered) {
    calls.add(encodeResult(part, answered.callId, answered.type, at, scope))
    return
  }
  scope.losses.lowered(at, 'part.tool_result', 'its call is not in the conversation; sent as text')
  const lead: Part = { type: 'text', text: `Result of tool call ${part.name ?? part.callId}:` }
  const content = encodeContent([lead, ...part.parts], 'input', at, scope)
  calls.add({ role: turn.role === 'tool' ? 'user' : turn.role, content })
}

function addMessage(turn: Turn, parts: readonly Part[], at: string, calls: Calls, scope: Scope): void {
  const side = turn.role === 'assistant' ? 'output' : 'input'
  const content = encodeContent(parts, side, at, scope)
  if (content.length > 0 || scope.own) calls.add(messageItem(turn, content, parts[0] ?? turn, scope))
}

/** `first` is where a group's own fields are: an answer's message that a client of another wire brought back. */
function messageItem(
  turn: Turn,
  content: readonly JsonObject[],
  first: Part | Turn,
  scope: Scope,
): JsonObject {
  const { own, quirks } = scope
  const group = 'group' in first ? first.group : undefined
  const phase = turn.phase ?? stringOf(ownFields(group)['phase'])
  const isSystem = turn.role === 'system' || turn.role === 'developer'
  const role = isSystem ? (quirks.systemRole ?? turn.role) : turn.role === 'tool' ? 'user' : turn.role
  const said = plain(content)
  if (!own) return { role, content: said, ...(phase !== undefined && { phase }) }
  const typed = note(turn, '$typed') === true || turn.id !== undefined || turn.status !== undefined
  const fields: Draft = {
    ...ownFields(turn),
    ...(typed && { type: 'message' }),
    ...(turn.id !== undefined && { id: turn.id }),
    ...(turn.status !== undefined && { status: turn.status }),
    role,
    ...(phase !== undefined && { phase }),
    // Full items of an answer have a list.
    content: note(turn, '$list') === true ? content : said,
  }
  return fields
}
