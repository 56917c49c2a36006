import type {
  CompactionPart,
  JsonObject,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
} from '@gantry/core'
import { withArguments } from './arguments.ts'
import { contentNote, isPlainText, writeContent } from './content.ts'
import { namedNote, statusNote } from './item-parts.ts'
import { name } from './name.ts'
import { note, ownFields, stringOf, type Draft } from './own.ts'

/** What a part is called on the wire where that is not what the part says. */
export interface WireNames {
  readonly callId?: string
  readonly name?: string
  /** Undefined leaves the part's own namespace out as well. */
  readonly namespace?: string | undefined
}

/**
 * A part that is an item of its own, as that item; undefined for content of messages and for what has no form here.
 * `id`, `status` and unmodelled fields are those of the part. Parts inside a result that have no form are left out:
 * the caller reports them.
 */
export function writeItem(part: Part, names: WireNames = {}): JsonObject | undefined {
  switch (part.type) {
    case 'reasoning':
      return writeReasoning(part)
    case 'tool_call':
      return writeCall(part, names)
    case 'tool_result':
      return writeResult(part, names)
    case 'server_tool_call':
      return part.native.protocol === name ? withArguments(part.native.value, part.arguments) : undefined
    case 'compaction':
      return writeCompaction(part)
    case 'native':
      if (note(part, contentNote) === true) return undefined
      return part.native.protocol === name ? part.native.value : undefined
    case 'server_tool_result':
    case 'tools_added':
      return part.native.protocol === name ? part.native.value : undefined
    default:
      return undefined
  }
}

/** Whether a part stands in a message, and is no item of its own. */
export function isContent(part: Part): boolean {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'image':
    case 'file':
    case 'audio':
    case 'json':
      return true
    case 'native':
      return note(part, contentNote) === true
    default:
      return false
  }
}

/** The `output` of a result: one plain text as a string, anything else as a list. */
export function writeOutput(parts: readonly Part[]): JsonObject[string] {
  const [only, ...others] = parts
  if (!only) return ''
  if (others.length === 0 && isPlainText(only)) return only.text
  return parts.map((part) => writeContent(part, 'input')).filter((found) => found !== undefined)
}

function writeReasoning(part: ReasoningPart): JsonObject {
  const own = ownFields(part)
  const texts = part.segments.filter(({ kind }) => kind === 'text')
  const custody =
    part.custody?.protocol === name && part.custody.format === 'encrypted' ? part.custody : undefined
  return withStatus(part, {
    ...own,
    type: 'reasoning',
    ...(part.id !== undefined && { id: part.id }),
    summary: part.segments
      .filter(({ kind }) => kind === 'summary')
      .map(({ text }) => ({ type: 'summary_text', text })),
    ...(texts.length > 0 && { content: texts.map(({ text }) => ({ type: 'reasoning_text', text })) }),
    ...(custody && { encrypted_content: custody.blob }),
  })
}

function writeCall(part: ToolCallPart, names: WireNames): JsonObject | undefined {
  const callId = names.callId ?? part.callId
  if (part.kind === 'hosted' && part.native?.protocol === name) {
    const item = withArguments(part.native.value, part.arguments)
    return stringOf(item['call_id']) === undefined || item['call_id'] === callId
      ? item
      : { ...item, call_id: callId }
  }
  const namespace = 'namespace' in names ? names.namespace : part.namespace
  const { caller } = part
  const isCustom = part.kind === 'custom'
  return withStatus(part, {
    ...ownFields(part),
    type: isCustom ? 'custom_tool_call' : 'function_call',
    ...(part.id !== undefined && { id: part.id }),
    call_id: callId,
    ...(namespace !== undefined && { namespace }),
    name: names.name ?? part.name,
    ...(isCustom ? { input: part.arguments } : { arguments: part.arguments }),
    ...(caller && {
      caller: { type: caller.type, ...(caller.id !== undefined && { caller_id: caller.id }) },
    }),
  })
}

function writeResult(part: ToolResultPart, names: WireNames): JsonObject {
  const callId = names.callId ?? part.callId
  if (part.kind === 'hosted' && part.native?.protocol === name) {
    const item = part.native.value
    return stringOf(item['call_id']) === undefined ? item : { ...item, call_id: callId }
  }
  return withStatus(part, {
    ...ownFields(part),
    type: part.kind === 'custom' ? 'custom_tool_call_output' : 'function_call_output',
    ...(part.id !== undefined && { id: part.id }),
    call_id: callId,
    ...(note(part, namedNote) === true && { name: part.name }),
    output: writeOutput(part.parts),
  })
}

/** Without state that this wire can read there is nothing to send. */
function writeCompaction(part: CompactionPart): JsonObject | undefined {
  const { custody } = part
  if (custody?.protocol !== name || custody.format !== 'encrypted') return undefined
  return {
    ...ownFields(part),
    type: stringOf(note(part, '$type')) ?? 'compaction',
    ...(part.id !== undefined && { id: part.id }),
    encrypted_content: custody.blob,
  }
}

function withStatus(part: Part, item: Draft): JsonObject {
  const status = note(part, statusNote)
  if (status !== undefined) item['status'] = status
  return item
}
