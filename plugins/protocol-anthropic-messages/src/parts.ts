import type { CacheHint, CompactionPart, Custody, Extra, JsonObject, Part, ToolCallPart } from '@gantry/core'
import { collectExtra, objectToArguments } from '@gantry/core/codec'
import { readCitations } from './citations.ts'
import { asObject, asString } from './json.ts'
import { readSource } from './media.ts'
import { protocolName } from './name.ts'
import { isErrorResult, resultParts, resultToolName, serverToolKind } from './server-tools.ts'

const textKeys: ReadonlySet<string> = new Set(['type', 'text', 'citations', 'cache_control'])
const thinkingKeys: ReadonlySet<string> = new Set(['type', 'thinking', 'signature'])
const redactedKeys: ReadonlySet<string> = new Set(['type', 'data'])
const callKeys: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input', 'caller', 'cache_control'])
const imageKeys: ReadonlySet<string> = new Set(['type', 'source', 'cache_control'])
const documentKeys: ReadonlySet<string> = new Set(['type', 'source', 'title', 'cache_control'])
const cacheKeys: ReadonlySet<string> = new Set(['type', 'ttl'])

/** Note on a compaction part that a block of this wire was its origin. */
export const compactionNote = '$compaction'

/** Note on a call of a conversation: its `caller`, where that only says that the model made it. */
export const callerNote = '$caller'

const compactionKeys: ReadonlySet<string> = new Set(['type', 'content', 'encrypted_content', 'cache_control'])

/**
 * One content block as a part. Never throws and never drops: a block it does not know, or one that lacks what its
 * type needs, becomes a native part.
 */
export function blockToPart(block: JsonObject): Part {
  switch (block['type']) {
    case 'text':
      return textPart(block)
    case 'thinking':
    case 'redacted_thinking':
      return reasoningPart(block)
    case 'tool_use':
      return callPart(block)
    case 'image':
    case 'document':
      return mediaPart(block)
    case 'compaction':
      return compactionPart(block)
    default:
      return serverToolPart(block) ?? nativePart(block)
  }
}

/** State that a thinking or compaction block carries; an empty string is none. */
export function custodyOf(
  format: 'signature' | 'redacted' | 'encrypted',
  blob: unknown,
): Custody | undefined {
  return typeof blob === 'string' && blob !== '' ? { protocol: protocolName, format, blob } : undefined
}

/** Unmodelled fields of a node as `extra`. */
export function extraOf(node: JsonObject, known: ReadonlySet<string>): { readonly extra?: Extra } {
  const rest = collectExtra(node, known)
  return rest ? { extra: { [protocolName]: rest } } : {}
}

function textPart(block: JsonObject): Part {
  const text = asString(block['text'])
  if (text === undefined) return nativePart(block)
  const citations = readCitations(block)
  return {
    type: 'text',
    text,
    ...(citations && { citations }),
    ...cacheOf(block),
    ...extraOf(block, textKeys),
  }
}

function reasoningPart(block: JsonObject): Part {
  const redacted = block['type'] === 'redacted_thinking'
  const text = redacted ? '' : (asString(block['thinking']) ?? '')
  const custody = redacted ? custodyOf('redacted', block['data']) : custodyOf('signature', block['signature'])
  return {
    type: 'reasoning',
    segments: text === '' ? [] : [{ kind: 'text', text }],
    ...(custody && { custody }),
    ...extraOf(block, redacted ? redactedKeys : thinkingKeys),
  }
}

function callPart(block: JsonObject): Part {
  const callId = asString(block['id'])
  const name = asString(block['name'])
  if (callId === undefined || name === undefined) return nativePart(block)
  const caller = callerOf(asObject(block['caller']))
  return {
    type: 'tool_call',
    kind: 'function',
    callId,
    name,
    arguments: inputText(block),
    ...(caller && { caller }),
    ...cacheOf(block),
    ...extraOf(block, callKeys),
  }
}

function callerOf(caller: JsonObject | undefined): ToolCallPart['caller'] {
  const type = asString(caller?.['type'])
  const id = asString(caller?.['tool_id'])
  return type === undefined ? undefined : { type, ...(id !== undefined && { id }) }
}

/** The whole `input` of a call block as text. */
export function inputText(block: JsonObject): string {
  return objectToArguments(asObject(block['input']) ?? {})
}

function mediaPart(block: JsonObject): Part {
  const raw = asObject(block['source'])
  const source = raw && readSource(raw, blockToPart)
  if (!source) return nativePart(block)
  if (block['type'] === 'image') {
    return { type: 'image', source, ...cacheOf(block), ...extraOf(block, imageKeys) }
  }
  const name = asString(block['title'])
  return {
    type: 'file',
    source,
    ...(name !== undefined && { name }),
    ...cacheOf(block),
    ...extraOf(block, documentKeys),
  }
}

function compactionPart(block: JsonObject): CompactionPart {
  const text = asString(block['content'])
  const custody = custodyOf('encrypted', block['encrypted_content'])
  return {
    type: 'compaction',
    ...(text !== undefined && { text }),
    ...(custody && { custody }),
    ...cacheOf(block),
    ...noted(extraOf(block, compactionKeys)),
  }
}

/** Without state a summary of this wire looks like any other's; the note tells that it may go back as a block. */
function noted({ extra }: { readonly extra?: Extra }): { readonly extra: Extra } {
  return { extra: { [protocolName]: { ...extra?.[protocolName], [compactionNote]: true } } }
}

function serverToolPart(block: JsonObject): Part | undefined {
  const type = asString(block['type']) ?? ''
  const native = { protocol: protocolName, value: block }
  const callId = asString(block['id'])
  const name = asString(block['name'])
  if (type.endsWith('_tool_use') && callId !== undefined && name !== undefined) {
    const tool = type === 'mcp_tool_use' ? 'mcp' : serverToolKind(name)
    const input = inputText(block)
    return { type: 'server_tool_call', tool, callId, name, arguments: input, native, ...cacheOf(block) }
  }
  const ran = resultToolName(type)
  const answered = asString(block['tool_use_id'])
  if (ran === undefined || answered === undefined) return undefined
  const isError = isErrorResult(block)
  return {
    type: 'server_tool_result',
    tool: serverToolKind(ran),
    callId: answered,
    parts: resultParts(block, blockToPart),
    ...(isError !== undefined && { isError }),
    native,
    ...cacheOf(block),
  }
}

function nativePart(block: JsonObject): Part {
  const text = asString(block['text'])
  return {
    type: 'native',
    native: { protocol: protocolName, value: block },
    ...(text !== undefined && { text }),
    ...cacheOf(block),
  }
}

/** The breakpoint on a block, a tool or a request; fields that the model has no place for stay with it. */
export function cacheOf(node: JsonObject): { readonly cache?: CacheHint } {
  const raw = asObject(node['cache_control'])
  if (!raw) return {}
  const mode = asString(raw['type'])
  const ttl = asString(raw['ttl'])
  return {
    cache: {
      ...(mode !== undefined && { mode }),
      ...(ttl !== undefined && { ttl }),
      ...extraOf(raw, cacheKeys),
    },
  }
}
