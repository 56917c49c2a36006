import type {
  Custody,
  JsonObject,
  Part,
  ReasoningPart,
  ReasoningSegment,
  ToolCallPart,
  ToolResultPart,
} from '@gantry/core'
import { stringifyLossless } from '@gantry/core/codec'
import { argumentsOf, callIdOf } from './arguments.ts'
import { kindOfItem, serverToolOf } from './item-kinds.ts'
import { name } from './name.ts'
import { objectOf, objectsOf, restOf, stringOf } from './own.ts'
import { readHostedOutput, readOutput, toolNames } from './results.ts'

const reasoningKeys: ReadonlySet<string> = new Set([
  'type',
  'id',
  'status',
  'summary',
  'content',
  'encrypted_content',
])
const callKeys: ReadonlySet<string> = new Set([
  'type',
  'id',
  'status',
  'call_id',
  'name',
  'namespace',
  'arguments',
  'input',
  'caller',
])
const resultKeys: ReadonlySet<string> = new Set(['type', 'id', 'status', 'call_id', 'name', 'output'])
const compactionKeys: ReadonlySet<string> = new Set(['type', 'id', 'encrypted_content'])

/** Note with the item's `status`: a word about the item, not a thing that a conversion could lose. */
export const statusNote = '$status'
/** Note on a result whose item names the tool. */
export const namedNote = '$named'

/** An item that is no message as its part. Never throws and never drops. */
export function readItemPart(item: JsonObject, where: 'answer' | 'request', at?: string): Part {
  const kind = kindOfItem(item, where)
  const id = stringOf(item['id'])
  const base = id === undefined ? {} : { id }
  const native = { protocol: name, value: item }
  switch (kind) {
    case 'reasoning':
      return { ...readReasoning(item), ...base }
    case 'function_call':
    case 'custom_tool_call':
      return { ...readCall(item, kind), ...base }
    case 'hosted_call':
      return {
        type: 'tool_call',
        kind: 'hosted',
        callId: callIdOf(item),
        name: stringOf(item['name']) ?? String(item['type']).replace(/_call$/, ''),
        arguments: argumentsOf(item),
        native,
        ...base,
      }
    case 'server_call': {
      const type = String(item['type'])
      return {
        type: 'server_tool_call',
        tool: serverToolOf(type),
        callId: callIdOf(item),
        name: stringOf(item['name']) ?? type.replace(/_call$/, ''),
        arguments: argumentsOf(item),
        native,
        ...base,
      }
    }
    case 'function_result':
    case 'custom_result':
      return { ...readResult(item, kind, at), ...base }
    case 'hosted_result':
      return {
        type: 'tool_result',
        kind: 'hosted',
        callId: callIdOf(item),
        parts: readHostedOutput(item),
        native,
        ...base,
      }
    case 'server_result':
      return {
        type: 'server_tool_result',
        tool: serverToolOf(String(item['type'])),
        callId: callIdOf(item),
        parts: readHostedOutput(item),
        native,
        ...base,
      }
    case 'compaction': {
      const custody = encrypted(item['encrypted_content'])
      const type = item['type'] === 'compaction' ? undefined : { $type: item['type'] }
      return {
        type: 'compaction',
        ...base,
        ...(custody && { custody }),
        ...restOf(item, compactionKeys, type),
      }
    }
    case 'additional_tools':
      return { type: 'tools_added', names: toolNames(item), native, ...base }
    default: {
      const text = stringOf(item['text'])
      return { type: 'native', native, ...(text !== undefined && { text }), ...base }
    }
  }
}

/** State that only its issuer can read; an empty string is none. */
export function encrypted(blob: JsonObject[string]): Custody | undefined {
  return typeof blob === 'string' && blob !== '' ? { protocol: name, format: 'encrypted', blob } : undefined
}

function readReasoning(item: JsonObject): ReasoningPart {
  const custody = encrypted(item['encrypted_content'])
  return {
    type: 'reasoning',
    segments: [...segmentsOf(item['summary'], 'summary'), ...segmentsOf(item['content'], 'text')],
    ...(custody && { custody }),
    ...restOf(item, reasoningKeys, statusOf(item)),
  }
}

function segmentsOf(list: JsonObject[string], kind: ReasoningSegment['kind']): readonly ReasoningSegment[] {
  return objectsOf(list).flatMap((entry) => {
    const text = stringOf(entry['text'])
    return text === undefined ? [] : [{ kind, text }]
  })
}

function readCall(item: JsonObject, kind: 'function_call' | 'custom_tool_call'): ToolCallPart {
  const isCustom = kind === 'custom_tool_call'
  const made = isCustom ? item['input'] : item['arguments']
  const namespace = stringOf(item['namespace'])
  const caller = readCaller(objectOf(item['caller']))
  return {
    type: 'tool_call',
    kind: isCustom ? 'custom' : 'function',
    callId: callIdOf(item),
    name: stringOf(item['name']) ?? '',
    ...(namespace !== undefined && { namespace }),
    // A host that sends an object gets it written out.
    arguments:
      typeof made === 'string' ? made : made === undefined || made === null ? '' : stringifyLossless(made),
    ...(caller && { caller }),
    ...restOf(item, callKeys, statusOf(item)),
  }
}

function readCaller(caller: JsonObject | undefined): ToolCallPart['caller'] {
  const type = stringOf(caller?.['type'])
  const id = stringOf(caller?.['caller_id'])
  return type === undefined ? undefined : { type, ...(id !== undefined && { id }) }
}

function readResult(
  item: JsonObject,
  kind: 'function_result' | 'custom_result',
  at: string | undefined,
): ToolResultPart {
  const called = stringOf(item['name'])
  const notes = { ...statusOf(item), ...(called !== undefined && { [namedNote]: true }) }
  return {
    type: 'tool_result',
    kind: kind === 'custom_result' ? 'custom' : 'function',
    callId: callIdOf(item),
    ...(called !== undefined && { name: called }),
    parts: readOutput(item['output'], at),
    ...restOf(item, resultKeys, notes),
  }
}

/** The item's `status` as a note. */
export function statusOf(item: JsonObject): JsonObject {
  const status = stringOf(item['status'])
  return status === undefined ? {} : { [statusNote]: status }
}
