import type { Custody, JsonObject, ToolCallPart } from '@gantry/core'
import { collectExtra, isObject } from '@gantry/core/codec'
import { name, note, ownExtra, ownFields, restOf, stringOf, type Draft } from './own.ts'

/** Custody format for the signature that Google's compatible endpoint puts on calls. */
const signature = 'thought_signature'

/** Reads one of `tool_calls`; `mint` gives an id where the host sent none. */
export function decodeCall(call: JsonObject, mint: () => string, at?: string): ToolCallPart {
  const custom = isObject(call['custom']) ? call['custom'] : undefined
  const made = custom ?? (isObject(call['function']) ? call['function'] : {})
  const inner = collectExtra(made, custom ? customKeys : functionKeys)
  const state = signatureOf(call)
  return {
    type: 'tool_call',
    kind: custom || call['type'] === 'custom' ? 'custom' : 'function',
    callId: stringOf(call['id']) || mint(),
    name: stringOf(made['name']) ?? '',
    arguments: argumentsOf(made),
    ...(state.custody && { custody: state.custody }),
    ...restOf(call, callKeys, { ...(inner && { $made: inner }), ...state.rest }),
    ...(at !== undefined && { at }),
  }
}

/** Reads the `function_call` that came before `tool_calls`. */
export function decodeLegacyCall(call: JsonObject, callId: string, at?: string): ToolCallPart {
  return {
    type: 'tool_call',
    kind: 'function',
    callId,
    name: stringOf(call['name']) ?? '',
    arguments: argumentsOf(call),
    ...ownExtra({ ...collectExtra(call, functionKeys), $legacy: true }),
    ...(at !== undefined && { at }),
  }
}

/** Whether a call stood in `function_call`. */
export function isLegacy(part: ToolCallPart): boolean {
  return note(part, '$legacy') === true
}

/** Writes one of `tool_calls`, or the object of `function_call`. */
export function encodeCall(part: ToolCallPart, as: { id: string; name: string }): JsonObject {
  if (isLegacy(part)) return { ...ownFields(part), name: as.name, arguments: part.arguments }
  const inner = note(part, '$made')
  const made = { ...(isObject(inner) && inner), name: as.name }
  const extraContent = encodeSignature(part)
  return {
    ...ownFields(part),
    id: as.id,
    ...(part.kind === 'custom'
      ? { type: 'custom', custom: { ...made, input: part.arguments } }
      : { type: 'function', function: { ...made, arguments: part.arguments } }),
    ...(extraContent && { extra_content: extraContent }),
  }
}

/** `extra_content` of a call: own custody put back beside what else stood there. */
export function encodeSignature(part: {
  custody?: Custody
  extra?: ToolCallPart['extra']
}): JsonObject | undefined {
  const kept = note(part, '$extraContent')
  const rest: Draft = { ...(isObject(kept) && kept) }
  const { custody } = part
  if (custody?.protocol === name && custody.format === signature) {
    const google = rest['google']
    rest['google'] = { ...(isObject(google) && google), thought_signature: custody.blob }
  }
  return Object.keys(rest).length > 0 ? rest : undefined
}

/** State on a call, and the rest of `extra_content` as a note. */
export function signatureOf(call: JsonObject): { readonly custody?: Custody; readonly rest?: Draft } {
  const content = call['extra_content']
  if (!isObject(content)) return {}
  const google = isObject(content['google']) ? content['google'] : undefined
  const blob = google && stringOf(google['thought_signature'])
  if (!google || !blob) return { rest: { $extraContent: content } }
  const { google: _google, ...others } = content
  const { thought_signature: _signature, ...inGoogle } = google
  const rest: Draft = { ...others, ...(Object.keys(inGoogle).length > 0 && { google: inGoogle }) }
  return {
    custody: { protocol: name, format: signature, blob },
    ...(Object.keys(rest).length > 0 && { rest: { $extraContent: rest } }),
  }
}

/** Arguments stay text; a host that sends an object gets it written out. */
export function argumentsOf(made: JsonObject): string {
  const value = made['arguments'] ?? made['input']
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

/** Fields of a call that are modelled. */
export const callKeys: ReadonlySet<string> = new Set(['id', 'type', 'function', 'custom', 'extra_content'])
/** Fields of `function`. */
export const functionKeys: ReadonlySet<string> = new Set(['name', 'arguments'])
const customKeys = new Set(['name', 'input'])
