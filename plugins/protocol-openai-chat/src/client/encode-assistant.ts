import type { JsonObject, Part, ToolCallPart, Turn } from '@gantry/core'
import { encodeCall, isLegacy } from '../calls.ts'
import { name as protocol, note, type Draft } from '../own.ts'
import { encodeImage, encodeSpokenAnswer } from '../media.ts'
import { encodeReasoning, type ReasoningField } from '../reasoning.ts'
import { reportForeign } from './hints.ts'
import type { MessageContext } from './encode-messages.ts'

/** Writes an assistant's turn as one message; a turn without anything this wire can say is none. */
export function encodeAssistant(
  turn: Turn,
  head: Draft,
  at: string,
  context: MessageContext,
): readonly JsonObject[] {
  const content: Part[] = []
  const calls: JsonObject[] = []
  const images: JsonObject[] = []
  const message: Draft = { ...head, role: 'assistant' }
  const lose = (part: Part, what: string, how: 'dropped' | 'lowered' | 'approximated' = 'dropped'): void =>
    context.report({ pointer: part.at ?? at, what, how, target: protocol })
  let refusal = ''

  for (const part of turn.parts) {
    if (part.type === 'tool_call' || part.type === 'reasoning')
      reportForeign(part.extra, part.at ?? at, context.report)
    switch (part.type) {
      case 'refusal':
        if (note(part, '$part') === true) content.push(part)
        else refusal += part.text
        break
      case 'reasoning':
        if (note(part, '$field') === 'content') content.push(part)
        break
      case 'tool_call':
        if (part.kind === 'hosted') lose(part, 'tool_call.hosted', 'lowered')
        if (isLegacy(part)) message['function_call'] = callOf(part, context)
        else calls.push(callOf(part, context))
        break
      case 'audio': {
        const audio = encodeSpokenAnswer(part)
        if (audio) message['audio'] = audio
        else lose(part, 'part.audio')
        break
      }
      case 'image': {
        const image = context.own ? encodeImage(part) : undefined
        if (image) images.push(image)
        else lose(part, 'part.image')
        break
      }
      case 'server_tool_call':
      case 'server_tool_result':
      case 'tools_added':
      case 'tool_result':
        lose(part, `part.${part.type}`)
        break
      default:
        content.push(part)
    }
  }
  const reasoning = encodeReasoning(turn.parts, reasoningField(turn.parts, context, lose), true)
  if (context.quirks.reasoningField === 'none') {
    delete reasoning['reasoning_content']
    delete reasoning['reasoning']
  }
  const said = context.content.of(content, at, 'text', note(turn, '$list') === true)
  Object.assign(message, reasoning)
  if (refusal !== '') message['refusal'] = refusal
  if (images.length > 0) message['images'] = images
  if (calls.length > 0) message['tool_calls'] = calls
  const says = beside.some((key) => message[key] !== undefined)
  if (said === '' && !says && !context.own) return []
  // Null content is for messages that say something beside it.
  message['content'] = said !== '' ? said : says ? null : ''
  return [message]
}

const beside: readonly string[] = [
  'tool_calls',
  'function_call',
  'refusal',
  'audio',
  'images',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
]

/** Thinking goes back where the host or the client has a field for it. */
function reasoningField(
  parts: readonly Part[],
  context: MessageContext,
  lose: (part: Part, what: string) => void,
): ReasoningField {
  const { reasoningField: wanted } = context.quirks
  if (wanted !== undefined && wanted !== 'none') return wanted
  if (context.own && wanted === undefined) return 'reasoning_content'
  for (const part of parts) {
    if (
      part.type === 'reasoning' &&
      part.segments.some(({ text }) => text !== '') &&
      note(part, '$field') === undefined
    ) {
      lose(part, 'part.reasoning')
    }
  }
  return 'details'
}

function callOf(part: ToolCallPart, context: MessageContext): JsonObject {
  const { names } = context
  const as = { id: names.callId(part.callId), name: names.tool(part.name, part.namespace) }
  if (!names.isWrapped(part.kind, part.name, part.namespace)) {
    return encodeCall(part.kind === 'hosted' ? { ...part, kind: 'function' } : part, as)
  }
  return encodeCall({ ...part, kind: 'function', arguments: JSON.stringify({ input: part.arguments }) }, as)
}
