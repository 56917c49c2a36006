import type { GatewayEvent, JsonObject, ToolCallPart } from '@gantry/core'
import { collectExtra, isObject } from '@gantry/core/codec'
import { argumentsOf, decodeCall, decodeLegacyCall, signatureOf } from '../calls.ts'
import { stringOf } from '../own.ts'
import type { PartNumbers } from './choice-reader.ts'
import { mintCallId } from './mint.ts'

type Emit = (event: GatewayEvent) => void

interface Call {
  readonly position: number
  id: string | undefined
  name: string
  /** Number of its part once its name is known. */
  index: number | undefined
  /** Arguments that came before the name. */
  early: string[]
  first: JsonObject
}

/** Reads the calls of one choice. */
export interface CallReader {
  push(delta: JsonObject, emit: Emit): void
  pushLegacy(delta: JsonObject, emit: Emit): void
  end(emit: Emit): void
  count(): number
}

/**
 * Pieces of calls as hosts send them: the id may be missing, empty, or on every delta; the index may be missing or
 * used again for the next call; name and arguments may come in one delta. Calls stay open until the end, because
 * hosts interleave them.
 */
export function callReader(
  choice: number,
  parts: PartNumbers,
  head: () => { readonly id?: string; readonly createdAt?: number },
): CallReader {
  const calls: Call[] = []
  const byIndex = new Map<number, Call>()
  const byId = new Map<string, Call>()
  let legacy: Call | undefined

  const begin = (id: string | undefined, index: number | undefined, first: JsonObject): Call => {
    const call: Call = { position: calls.length, id, name: '', index: undefined, early: [], first }
    calls.push(call)
    if (index !== undefined) byIndex.set(index, call)
    if (id !== undefined) byId.set(id, call)
    return call
  }
  const find = (delta: JsonObject, name: string): Call => {
    const index = typeof delta['index'] === 'number' ? delta['index'] : undefined
    const id = stringOf(delta['id']) || undefined
    if (index !== undefined) {
      const known = byIndex.get(index)
      const isAnother =
        known !== undefined && name !== '' && id !== undefined && known.id !== undefined && known.id !== id
      return known && !isAnother ? known : begin(id, index, delta)
    }
    if (id !== undefined) return byId.get(id) ?? begin(id, undefined, delta)
    const last = calls.at(-1)
    return last && name === '' ? last : begin(undefined, undefined, delta)
  }
  const mint = (call: Call): string => {
    const { id, createdAt } = head()
    return (call.id ??= mintCallId(id, createdAt, choice, call.position))
  }
  const open = (call: Call, emit: Emit): void => {
    const { index: _index, ...first } = call.first
    const made = isObject(first['custom']) ? 'custom' : 'function'
    const inner = isObject(first[made]) ? first[made] : {}
    const whole: JsonObject =
      made === 'custom'
        ? { ...first, id: mint(call), custom: { ...inner, name: call.name, input: '' } }
        : { ...first, id: mint(call), function: { ...inner, name: call.name, arguments: '' } }
    call.index = parts.open(
      decodeCall(whole, () => mint(call)),
      emit,
    )
    for (const text of call.early) parts.delta(call.index, { type: 'arguments', text }, emit)
    call.early = []
  }
  const add = (call: Call, text: string, emit: Emit): void => {
    if (text === '') return
    if (call.index === undefined) call.early.push(text)
    else parts.delta(call.index, { type: 'arguments', text }, emit)
  }

  return {
    push(delta, emit) {
      const custom = isObject(delta['custom']) ? delta['custom'] : undefined
      const made = custom ?? (isObject(delta['function']) ? delta['function'] : {})
      const name = stringOf(made['name']) ?? ''
      const call = find(delta, name)
      const isNew = call.index === undefined
      call.id ??= stringOf(delta['id']) || undefined
      if (isNew && name !== '') {
        call.name = name
        if (call.first !== delta) call.first = { ...call.first, ...collectExtra(delta, new Set()) }
        open(call, emit)
      } else if (!isNew && call.index !== undefined && delta !== call.first) {
        const { custody } = signatureOf(delta)
        if (custody) parts.delta(call.index, { type: 'custody', custody }, emit)
      }
      add(call, argumentsOf(made), emit)
    },
    pushLegacy(delta, emit) {
      if (!legacy) {
        legacy = begin(undefined, undefined, delta)
        legacy.name = stringOf(delta['name']) ?? ''
        const part: ToolCallPart = decodeLegacyCall({ ...delta, arguments: '' }, mint(legacy))
        legacy.index = parts.open(part, emit)
      }
      add(legacy, argumentsOf(delta), emit)
    },
    end(emit) {
      for (const call of calls) {
        // A call whose name never came is still a call: the client sees what the model wrote.
        if (call.index === undefined) open(call, emit)
        if (call.index !== undefined) parts.close(call.index, emit)
      }
    },
    count: () => calls.length,
  }
}
