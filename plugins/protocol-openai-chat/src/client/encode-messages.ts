import type { GenerateRequest, JsonObject, Part, Report, ToolResultPart, Turn } from '@gantry/core'
import { joinRuns } from '@gantry/core/codec'
import { name as protocol, note, ownFields, type Draft } from '../own.ts'
import { isPlainText } from '../parts.ts'
import { encodeAssistant } from './encode-assistant.ts'
import { contentWriter, type ContentWriter } from './encode-content.ts'
import { isOwn } from './encode-options.ts'
import { reportForeign } from './hints.ts'
import type { Names } from './names.ts'
import { pairResults } from './pair-results.ts'
import type { ChatQuirks } from './quirks.ts'

/** What every message needs to be written. */
export interface MessageContext {
  readonly own: boolean
  readonly names: Names
  readonly quirks: ChatQuirks
  readonly report: Report
  readonly content: ContentWriter
}

/**
 * Writes the conversation. Turns of a chat client stay as many messages as they were; those of other protocols are
 * joined where chat needs one message (an assistant's items) and split where it needs several (results, pictures).
 */
export function encodeMessages(
  request: GenerateRequest,
  names: Names,
  quirks: ChatQuirks,
  report: Report,
): readonly JsonObject[] {
  const own = isOwn(request)
  const context: MessageContext = { own, names, quirks, report, content: contentWriter(own, quirks, report) }
  const messages: JsonObject[] = []
  const instructions = encodeInstructions(request.instructions, context)
  if (instructions) messages.push(instructions)
  let position = 0
  const turns = own
    ? request.turns
    : joinRuns(request.turns, (turn) => (turn.role === 'assistant' ? 'assistant' : `turn ${position++}`))
  turns.forEach((turn, index) => {
    reportForeign(turn.extra, turn.at ?? `/turns/${index}`, report)
    messages.push(...encodeTurn(turn, index, context))
  })
  return own ? messages : pairResults(messages, report)
}

function encodeTurn(turn: Turn, index: number, context: MessageContext): readonly JsonObject[] {
  const at = turn.at ?? `/turns/${index}`
  if (turn.phase !== undefined) {
    context.report({ pointer: at, what: 'turn.phase', how: 'dropped', target: protocol })
  }
  const head: Draft = { ...ownFields(turn), ...(turn.name !== undefined && { name: turn.name }) }
  if (turn.role === 'assistant') return encodeAssistant(turn, head, at, context)
  const results = turn.parts.filter((part) => part.type === 'tool_result')
  const others = turn.parts.filter((part) => part.type !== 'tool_result')
  const messages: JsonObject[] = []
  const pictures: Part[] = []
  for (const result of results) {
    messages.push(
      encodeResult(
        result,
        turn.role === 'tool' ? head : {},
        note(turn, '$role') === 'function',
        pictures,
        context,
      ),
    )
  }
  if (pictures.length > 0) {
    const lead: Part = { type: 'text', text: 'Attached image(s) from tool result:' }
    messages.push({ role: 'user', content: context.content.list([lead, ...pictures], at) })
  }
  if (others.length === 0 && results.length > 0) return messages
  const role = roleOf(turn.role, context.quirks)
  const content = context.content.of(
    others,
    at,
    role === 'user' ? 'list' : 'lines',
    note(turn, '$list') === true,
  )
  if (content === '' && others.length > 0 && !others.some((part) => part.type === 'text')) return messages
  messages.push({ ...(turn.role === 'tool' ? {} : head), role, content })
  return messages
}

function encodeResult(
  result: ToolResultPart,
  head: Draft,
  legacy: boolean,
  pictures: Part[],
  context: MessageContext,
): JsonObject {
  const at = result.at ?? '/turns'
  const keepsMedia = context.own || context.quirks.toolImages === true
  const inline = keepsMedia ? result.parts : result.parts.filter((part) => !isMedia(part))
  if (!keepsMedia) for (const part of result.parts) if (isMedia(part)) pictures.push(part)
  const content = context.content.of(withError(result, inline, context), at, 'list', false)
  const lost = (what: string): void => context.report({ pointer: at, what, how: 'dropped', target: protocol })
  if (result.cache && !context.own) lost('cache.breakpoint')
  if (legacy) return { ...head, role: 'function', content }
  return { ...head, role: 'tool', tool_call_id: context.names.callId(result.callId), content }
}

/** Chat has no word for a failed call: the text says it, unless it does already. */
function withError(result: ToolResultPart, parts: readonly Part[], context: MessageContext): readonly Part[] {
  if (!result.isError) return parts
  context.report({
    pointer: result.at ?? '/turns',
    what: 'tool_result.is_error',
    how: 'approximated',
    target: protocol,
  })
  const [first, ...others] = parts
  if (first?.type !== 'text') return [{ type: 'text', text: 'Error: the tool call failed.' }, ...parts]
  return /^\W*(?:error|exception|failed|failure)\b/i.test(first.text)
    ? parts
    : [{ ...first, text: `Error: ${first.text}` }, ...others]
}

function isMedia(part: Part): boolean {
  return (
    part.type === 'image' || part.type === 'audio' || (part.type === 'file' && part.source.kind !== 'text')
  )
}

/** The top-level system field of other protocols is one first message. */
function encodeInstructions(
  parts: readonly Part[] | undefined,
  context: MessageContext,
): JsonObject | undefined {
  if (!parts) return undefined
  const kept = parts.filter((part) => !isBillingHeader(part))
  if (kept.length < parts.length) {
    context.report({
      pointer: parts.find(isBillingHeader)?.at ?? '/system',
      what: 'instructions.billing_header',
      how: 'dropped',
      target: protocol,
    })
  }
  if (kept.length === 0) return undefined
  const content = context.content.of(kept, '/system', 'lines', !kept.every(isPlainText))
  return content === '' ? undefined : { role: context.quirks.systemRole ?? 'system', content }
}

/** Claude Code's first system block changes with every session; sent on, it ends all prefix caching. */
function isBillingHeader(part: Part): boolean {
  return part.type === 'text' && part.text.startsWith('x-anthropic-billing-header:')
}

function roleOf(role: Turn['role'], quirks: ChatQuirks): string {
  if (role === 'system' || role === 'developer') return quirks.systemRole ?? role
  return role === 'tool' ? 'user' : role
}
