import type { Part } from '../model/index.ts'
import type { Envelope } from './envelope.ts'

/** A part and which of the turns that are opened together it stands in. */
export interface Slot {
  readonly part: Part
  readonly turn: number
  /** Position among all parts that the client sent. */
  readonly order: number
}

/** An envelope for this target, and the part that carried it. */
export interface Opened {
  readonly envelope: Envelope
  readonly host: Slot
  /** The client showed exactly what comes back, on the part that carried the envelope. */
  readonly shown: boolean
}

/**
 * Leaves out what the client was only shown: text of reasoning that comes back whole from its envelope (in its own
 * segments, or run together where the client has one field for all of it), empty texts, and calls and results of
 * provider-run tools.
 */
export function dropShown(visible: readonly Slot[], opened: readonly Opened[]): readonly Slot[] {
  const texts: string[] = []
  const calls = new Set<string>()
  let empty = 0
  for (const { envelope, shown } of opened) {
    if (!('part' in envelope) || shown) continue
    const { part } = envelope
    if (part.type === 'text') empty++
    else if (part.type === 'reasoning') for (const { text } of part.segments) texts.push(text)
    else calls.add(identity(part) ?? '')
  }
  if (texts.length + calls.size + empty === 0) return visible
  const known = new Set(texts)
  known.delete('')
  let next = 0
  const kept: Slot[] = []
  for (const slot of visible) {
    const { part } = slot
    if (calls.has(identity(part) ?? '-')) continue
    if (empty > 0 && part.type === 'text' && part.text === '' && !part.custody) {
      empty--
      continue
    }
    if (texts.length === 0 || part.type !== 'reasoning' || part.custody || part.segments.length === 0) {
      kept.push(slot)
      continue
    }
    const segments: { kind: 'summary' | 'text'; text: string }[] = []
    for (const { kind, text } of part.segments) {
      if (known.has(text)) continue
      let rest = text
      let at = 0
      for (;;) {
        const expected = texts[next]
        if (expected === undefined) break
        const from = afterSpace(rest, at)
        if (!rest.startsWith(expected, from)) break
        at = from + expected.length
        next++
      }
      rest = rest.slice(at)
      if (at === 0 || rest.trim() !== '') segments.push({ kind, text: rest })
    }
    if (segments.length > 0) kept.push({ ...slot, part: { ...part, segments } })
  }
  return kept
}

/** Attaches state to its part and sets whole parts where they stood; `lost` is told what found no place. */
export function putBack(
  visible: readonly Slot[],
  opened: readonly Opened[],
  lost: (envelope: Envelope, host: Slot) => void,
): readonly Slot[] {
  if (opened.length === 0) return visible
  const slots = [...visible]
  const find = finder(slots)
  const inserts: Insert[] = []
  for (const { envelope, host } of opened) {
    const { texts, calls } = envelope
    const at = host.part.at
    const place = at === undefined ? {} : { at }
    if ('part' in envelope) {
      inserts.push({ slot: { ...host, part: { ...envelope.part, ...place } }, texts, calls })
    } else {
      const index = find(envelope)
      const slot = index === undefined ? undefined : slots[index]
      if (index === undefined || !slot) lost(envelope, host)
      else slots[index] = { ...slot, part: { ...slot.part, custody: envelope.custody } }
    }
  }
  return merge(slots, inserts)
}

/** Finds the part that state belongs to: a call by its id, else the nth of its type; texts run together have one. */
function finder(
  slots: readonly Slot[],
): (envelope: {
  readonly of: Part['type']
  readonly nth: number
  readonly callId?: string
}) => number | undefined {
  const byType = new Map<Part['type'], number[]>()
  const byCall = new Map<string, number>()
  slots.forEach(({ part }, index) => {
    if (part.type === 'text' && !isText(part)) return
    const list = byType.get(part.type)
    if (list) list.push(index)
    else byType.set(part.type, [index])
    if (part.type === 'tool_call' && !byCall.has(part.callId)) byCall.set(part.callId, index)
  })
  return ({ of, nth, callId }) => {
    const called = callId === undefined ? undefined : byCall.get(callId)
    const list = byType.get(of)
    return called ?? list?.[nth] ?? (of === 'text' ? list?.at(-1) : undefined)
  }
}

interface Insert {
  readonly slot: Slot
  readonly texts: number
  readonly calls: number
}

/**
 * Where the carrier stands is where the part goes, if as many texts and calls stand before it as then. Otherwise the
 * client has moved its carriers: a part with two texts and one call before it stands before the third text and the
 * second call.
 */
function merge(slots: readonly Slot[], inserts: readonly Insert[]): readonly Slot[] {
  const merged: Slot[] = []
  let next = 0
  let texts = 0
  let calls = 0
  const flushBefore = ({ part, turn, order }: Slot): void => {
    for (let insert = inserts[next]; insert; insert = inserts[++next]) {
      const inPlace = insert.slot.order <= order && insert.texts === texts && insert.calls === calls
      const due =
        insert.calls <= calls && (part.type === 'tool_call' || (isText(part) && insert.texts <= texts))
      if (!inPlace && !due) return
      merged.push({ ...insert.slot, turn })
    }
  }
  for (const slot of slots) {
    flushBefore(slot)
    merged.push(slot)
    if (slot.part.type === 'tool_call') calls++
    if (isText(slot.part)) texts++
  }
  const lastTurn = slots.at(-1)?.turn
  for (const { slot } of inserts.slice(next)) merged.push({ ...slot, turn: lastTurn ?? slot.turn })
  return merged
}

function isText(part: Part): boolean {
  return part.type === 'text' && part.text !== ''
}

function identity(part: Part): string | undefined {
  return part.type === 'server_tool_call' || part.type === 'server_tool_result'
    ? `${part.type} ${part.callId}`
    : undefined
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}
