import type {
  Custody,
  JsonObject,
  Native,
  Part,
  ReasoningPart,
  Target,
  ToolCallPart,
  ToolResultPart,
} from '@gantry/core'
import { envelopePrefix } from '@gantry/core/codec'
import { name as protocol } from '../name.ts'
import { writeItem } from '../write-items.ts'
import { encodeContent } from './encode-content.ts'
import type { Scope } from './scope.ts'

/** A call as an item that goes by `callId` on the wire. */
export function encodeCall(part: ToolCallPart, callId: string, at: string, scope: Scope): JsonObject {
  const { losses, names, own } = scope
  losses.foreign(part.extra, at)
  if (part.kind === 'hosted' && isKnown(part.native, scope)) return writeItem(part, { callId }) ?? {}
  if (part.kind === 'hosted') losses.lowered(at, 'part.tool_call.hosted', 'sent as a function call')
  if (part.custody && part.custody.protocol !== protocol) losses.dropped(at, `custody.${part.custody.format}`)
  const tool = names.tool(part)
  const { caller, ...call } = part
  if (caller && !own) losses.dropped(at, 'part.tool_call.caller')
  const sent: ToolCallPart = {
    ...call,
    ...(own && caller && { caller }),
    ...(part.kind === 'hosted' && { kind: 'function' }),
    ...(tool.isWrapped && { kind: 'function', arguments: JSON.stringify({ input: part.arguments }) }),
  }
  return writeItem(sent, { callId, name: tool.name, namespace: tool.namespace }) ?? {}
}

/** The answer to a call that went out as `callId`; `type` is that call's type on the wire, when it is known. */
export function encodeResult(
  part: ToolResultPart,
  callId: string,
  type: string | undefined,
  at: string,
  scope: Scope,
): JsonObject {
  const { losses } = scope
  losses.foreign(part.extra, at)
  if (part.kind === 'hosted' && isKnown(part.native, scope)) return writeItem(part, { callId }) ?? {}
  if (part.kind === 'hosted')
    losses.lowered(at, 'part.tool_result.hosted', 'sent as the result of a function')
  if (part.cache) losses.dropped(at, 'cache.breakpoint', 'not on results')
  const said = encodeContent(withError(part, at, scope), 'result', at, scope)
  const isCustom =
    type === undefined ? part.kind === 'custom' && scope.quirks.customTools : type === 'custom_tool_call'
  const item = writeItem({ ...part, parts: [], kind: isCustom ? 'custom' : 'function' }, { callId })
  return { ...item, output: plain(said) }
}

/** Thinking with state of this target's own; anything else is refused by vendors and left out. */
export function encodeReasoning(part: ReasoningPart, at: string, scope: Scope): JsonObject | undefined {
  const { losses, own, quirks, target } = scope
  losses.foreign(part.extra, at)
  const { custody } = part
  if (custody && isReadable(custody, target)) return writeItem(part)
  if (custody && custody.blob !== '')
    losses.dropped(at, `custody.${custody.format}`, 'issued by another provider')
  else if (own && (quirks.reasoningText !== false || !part.segments.some(({ kind }) => kind === 'text')))
    return writeItem(part)
  const texts = part.segments.filter(({ text }) => text !== '')
  if (texts.length === 0) return undefined
  if (quirks.reasoningText) {
    return {
      type: 'reasoning',
      summary: [],
      content: texts.map(({ text }) => ({ type: 'reasoning_text', text })),
    }
  }
  if (!custody) losses.dropped(at, 'part.reasoning', 'it has no state of this provider')
  return undefined
}

/** Whether the host knows a vendor-defined item: it is of this wire, and of no kind that the host lacks. */
export function isKnown(native: Native | undefined, { quirks }: Scope): boolean {
  if (native?.protocol !== protocol) return false
  const type = String(native.value['type'])
  const isSearch = type.startsWith('tool_search_') || type === 'additional_tools'
  return isSearch ? quirks.toolSearch : quirks.hostedTools
}

/** Whether the target made this state. One of the gateway's own envelopes, left closed, is nothing to a vendor. */
export function isReadable(custody: Custody, target: Target): boolean {
  return (
    custody.protocol === protocol &&
    custody.format === 'encrypted' &&
    custody.blob !== '' &&
    !custody.blob.startsWith(envelopePrefix) &&
    (custody.issuer === undefined || custody.issuer === target.provider)
  )
}

/** This wire has no word for a failed call: the text says it, unless it does already. */
function withError(part: ToolResultPart, at: string, { losses }: Scope): readonly Part[] {
  const { parts } = part
  if (!part.isError) return parts
  losses.approximated(at, 'tool_result.is_error', 'said in its text')
  const [first, ...others] = parts
  if (first?.type !== 'text') return [{ type: 'text', text: 'Error: the tool call failed.' }, ...parts]
  return /^\W*(?:error|exception|failed|failure)\b/i.test(first.text)
    ? parts
    : [{ ...first, text: `Error: ${first.text}` }, ...others]
}

/** One text and nothing else is written as a string. */
export function plain(content: readonly JsonObject[]): JsonObject[string] {
  const [only, ...others] = content
  if (!only) return ''
  const isPlain = others.length === 0 && Object.keys(only).length === 2 && typeof only['text'] === 'string'
  return isPlain ? only['text'] : content
}
