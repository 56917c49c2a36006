import type { Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart } from '@gantry/core'
import { argumentsToObject, pointerTo } from '@gantry/core/codec'
import { isForeignCitation } from '../citations.ts'
import { asObject, type Block } from '../json.ts'
import { protocolName } from '../name.ts'
import { callerNote, compactionNote } from '../parts.ts'
import { encodeFile, encodeImage } from './encode-media.ts'
import { plainText } from './plain-text.ts'
import { ownExtra } from './losses.ts'
import type { Scope } from './scope.ts'

/** Encodes the parts nested in another part, whose pointer is given. */
export type PartEncoder = (parts: readonly Part[], pointer: string) => Block[]

/** Who speaks: assistants cannot send media. */
export type Speaker = 'user' | 'assistant'

/**
 * Parts as content blocks, in order. What has no block is reported; empty text disappears, because the wire refuses
 * it, and its cache breakpoint moves to the block before.
 */
export function encodeParts(
  parts: readonly Part[],
  speaker: Speaker,
  scope: Scope,
  base: string,
  callIds?: (part: ToolCallPart) => string,
  resultIds?: (part: ToolResultPart) => string,
): Block[] {
  const blocks: Block[] = []
  parts.forEach((part, index) => {
    const pointer = part.at ?? pointerTo(base, index)
    const block =
      part.type === 'tool_call' && callIds
        ? encodeCall(part, pointer, scope, callIds(part))
        : part.type === 'tool_result' && resultIds
          ? encodeResult(part, resultIds(part), pointer, scope)
          : encodePart(part, speaker, pointer, scope)
    if (block) {
      // A native block holds its own fields already.
      Object.assign(block, ownExtra(part.extra, pointer, scope.losses))
      blocks.push(block)
    } else ownExtra(part.extra, pointer, scope.losses)
    scope.breakpoints.mark(blocks, part.cache, pointer)
  })
  return blocks
}

/** A text block; undefined when there is nothing but white space in it. */
export function textBlock(text: string, pointer: string, scope: Scope): Block | undefined {
  if (text.trim() !== '' || scope.own) return { type: 'text', text }
  if (text !== '') scope.losses.dropped(pointer, 'part.text.blank', 'the wire refuses blank text')
  return undefined
}

/** The result of a call as a block that answers `toolUseId`. */
export function encodeResult(part: ToolResultPart, toolUseId: string, pointer: string, scope: Scope): Block {
  const native = ownNative(part)
  if (native) return { ...native, tool_use_id: toolUseId }
  const content = encodeParts(part.parts, 'user', scope, pointer)
  const isString = !scope.own || part.parts[0]?.at === pointerTo(pointer, 'content')
  const only = content.length === 1 && isString ? plainText(content[0]) : undefined
  const plain = only ?? content
  return {
    type: 'tool_result',
    tool_use_id: toolUseId,
    ...(content.length > 0 && { content: plain }),
    ...(part.isError !== undefined && { is_error: part.isError }),
    ...ownExtra(part.extra, pointer, scope.losses),
  }
}

function encodePart(part: Part, speaker: Speaker, pointer: string, scope: Scope): Block | undefined {
  const { losses } = scope
  const nested: PartEncoder = (parts, base) => encodeParts(parts, speaker, scope, base)
  switch (part.type) {
    case 'text':
      return encodeText(part, pointer, scope)
    case 'image':
    case 'file':
      if (speaker === 'assistant' && !scope.own) {
        losses.dropped(pointer, `part.${part.type}`, 'not taken in assistant messages')
        return undefined
      }
      return part.type === 'image'
        ? encodeImage(part, pointer, scope)
        : encodeFile(part, pointer, scope, nested)
    case 'audio':
      if (part.transcript) losses.lowered(pointer, 'part.audio', 'sent as its transcript')
      else losses.dropped(pointer, 'part.audio')
      return part.transcript ? textBlock(part.transcript, pointer, scope) : undefined
    case 'json':
      losses.lowered(pointer, 'part.json')
      return textBlock(part.json, pointer, scope)
    case 'refusal':
      losses.lowered(pointer, 'part.refusal', 'sent as text')
      return textBlock(part.text, pointer, scope)
    case 'reasoning':
      if (speaker === 'assistant') return encodeReasoning(part, pointer, scope)
      losses.dropped(pointer, 'part.reasoning', 'only assistants think')
      return undefined
    case 'server_tool_call':
    case 'server_tool_result':
    case 'tools_added':
    case 'native':
      return encodeNative(part, pointer, scope)
    case 'compaction': {
      const custody = part.custody?.protocol === protocolName ? part.custody : undefined
      if (custody || part.extra?.[protocolName]?.[compactionNote] === true) {
        return {
          type: 'compaction',
          content: part.text ?? null,
          ...(custody && { encrypted_content: custody.blob }),
        }
      }
      if (part.text) losses.lowered(pointer, 'part.compaction', 'sent as text')
      else losses.dropped(pointer, 'part.compaction')
      return textBlock(part.text ?? '', pointer, scope)
    }
    case 'tool_call':
    case 'tool_result':
      // Pairing has taken those that have a place; these stand on the wrong side.
      losses.dropped(pointer, `part.${part.type}`)
      return undefined
  }
}

function encodeText(part: TextPart, pointer: string, scope: Scope): Block | undefined {
  const block = textBlock(part.text, pointer, scope)
  if (part.logprobs?.length) scope.losses.dropped(pointer, 'part.text.logprobs')
  if (!part.citations?.length) return block
  const own = part.citations.flatMap(({ native: { protocol, value } }) =>
    protocol === protocolName && !isForeignCitation(value) ? [value] : [],
  )
  if (own.length < part.citations.length) scope.losses.dropped(pointer, 'part.text.citations')
  if (block && own.length > 0) block['citations'] = own
  return block
}

function encodeCall(part: ToolCallPart, pointer: string, scope: Scope, id: string): Block {
  const native = ownNative(part)
  if (native) return { ...native, id }
  const name = scope.names.wireName(part)
  if (part.kind === 'hosted')
    scope.losses.lowered(pointer, 'part.tool_call.hosted', 'sent as a function call')
  const input =
    part.kind === 'custom'
      ? { input: part.arguments }
      : argumentsToObject(part.arguments, () =>
          scope.losses.approximated(
            pointer,
            'part.tool_call.arguments',
            'not a JSON object; wrapped as {"__raw"}',
          ),
        )
  const caller = part.caller && {
    type: part.caller.type,
    ...(part.caller.id !== undefined && { tool_id: part.caller.id }),
  }
  const written = caller ?? asObject(part.extra?.[protocolName]?.[callerNote])
  return { type: 'tool_use', id, name, input, ...(written && { caller: written }) }
}

/** Only thinking with Anthropic's own state can be sent back; anything else is refused. */
function encodeReasoning(part: ReasoningPart, pointer: string, scope: Scope): Block | undefined {
  const text = part.segments.map((segment) => segment.text).join('')
  const custody = part.custody?.protocol === protocolName ? part.custody : undefined
  if (custody?.format === 'signature') {
    return { type: 'thinking', thinking: text, signature: custody.blob }
  }
  if (custody?.format === 'redacted') return { type: 'redacted_thinking', data: custody.blob }
  // A host that signs nothing gets back what it gave.
  if (scope.own && !scope.rules.signedThinking && text !== '' && !part.custody) {
    return { type: 'thinking', thinking: text, signature: '' }
  }
  if (text !== '') scope.losses.dropped(pointer, 'part.reasoning', 'it has no signature')
  if (part.custody) scope.losses.dropped(pointer, `custody.${part.custody.format}`)
  return undefined
}

function encodeNative(
  part: Extract<Part, { type: 'server_tool_call' | 'server_tool_result' | 'tools_added' | 'native' }>,
  pointer: string,
  scope: Scope,
): Block | undefined {
  const native = ownNative(part)
  if (native) {
    // Streamed arguments count: the block began with `input: {}`.
    return part.type === 'server_tool_call' ? { ...native, input: argumentsToObject(part.arguments) } : native
  }
  const what = `part.${part.type}`
  const text =
    part.type === 'native'
      ? (part.text ?? '')
      : part.type === 'server_tool_result'
        ? part.parts.map((inner) => (inner.type === 'text' ? inner.text : '')).join('\n')
        : ''
  if (text.trim() === '') {
    scope.losses.dropped(pointer, what)
    return undefined
  }
  scope.losses.lowered(pointer, what, 'sent as text')
  return textBlock(text, pointer, scope)
}

function ownNative(part: { readonly native?: { protocol: string; value: object } }): Block | undefined {
  const native = part.native
  return native?.protocol === protocolName ? { ...asObject({ ...native.value }) } : undefined
}
