import type { Report, Target } from '../contract/index.ts'
import type { Custody, Part, Turn } from '../model/index.ts'
import { holdsEnvelopes, openEnvelopes, type Envelope, type SealOptions } from './envelope.ts'
import { dropShown, putBack, type Opened, type Slot } from './put-back.ts'
import { isOwnSummary, summariesAsText } from './summary.ts'

/**
 * Opens the envelopes of one answer that a client sent back: `target` gets the state it issued exactly as it was, state
 * of another issuer is left out and reported. Opaque state outside envelopes passes only to the protocol (and, where
 * it is stamped, the provider) that issued it. Changed or foreign envelopes are dropped and reported, never trusted.
 */
export function openParts(
  parts: readonly Part[],
  target: Target,
  report: Report,
  options: SealOptions = {},
): readonly Part[] {
  if (!parts.some((part) => part.custody)) return parts
  return openSlots(
    parts.map((part, order) => ({ part, turn: 0, order })),
    target,
    report,
    options,
  ).map(({ part }) => part)
}

/**
 * `openParts` for a conversation. A protocol may bring one answer as several assistant turns (an item each), so that an
 * envelope stands in another turn than the call it belongs to; such turns are opened together. Turns that are left with
 * nothing are left out.
 */
export function openTurns(
  turns: readonly Turn[],
  target: Target,
  report: Report,
  options: SealOptions = {},
): readonly Turn[] {
  if (!turns.some((turn) => turn.parts.some((part) => part.custody))) return turns
  const opened: Turn[] = []
  for (const answer of answersOf(turns)) {
    if (!answer.some((turn) => turn.parts.some((part) => part.custody))) {
      opened.push(...answer)
      continue
    }
    const slots = openSlots(
      answer
        .flatMap(({ parts }, turn) => parts.map((part) => ({ part, turn })))
        .map((slot, order) => ({ ...slot, order })),
      target,
      report,
      options,
    )
    const byTurn = Map.groupBy(slots, ({ turn }) => turn)
    answer.forEach((turn, index) => {
      const parts = (byTurn.get(index) ?? []).map(({ part }) => part)
      if (parts.length > 0 || turn.parts.length === 0) opened.push({ ...turn, parts })
    })
  }
  return summariesAsText(opened)
}

/** Neighbouring assistant turns are one answer, unless a turn holds carriers and content itself: then it is whole. */
function answersOf(turns: readonly Turn[]): readonly (readonly Turn[])[] {
  const answers: Turn[][] = []
  let joinable = false
  for (const turn of turns) {
    const alone = turn.role !== 'assistant' || isWholeAnswer(turn)
    const last = answers.at(-1)
    if (last && joinable && !alone) last.push(turn)
    else answers.push([turn])
    joinable = !alone
  }
  return answers
}

function isWholeAnswer({ parts }: Turn): boolean {
  return (
    parts.some((part) => part.custody && holdsEnvelopes(part.custody.blob)) &&
    parts.some((part) => part.type !== 'reasoning')
  )
}

function openSlots(
  slots: readonly Slot[],
  target: Target,
  report: Report,
  options: SealOptions,
): readonly Slot[] {
  const visible: Slot[] = []
  const opened: Opened[] = []
  for (const slot of slots) {
    const { part } = slot
    const { custody } = part
    if (!custody) {
      visible.push(slot)
      continue
    }
    const pointer = part.at ?? ''
    let isShown = false
    if (holdsEnvelopes(custody.blob)) {
      for (const envelope of openEnvelopes(custody.blob, options)) {
        if (!envelope) report(lossOf('custody.envelope', pointer, target, 'not an envelope of this gateway'))
        else if (isIssuer(envelope, target)) {
          const shown = isShownBy(part, envelope)
          isShown ||= shown
          opened.push({ envelope, host: slot, shown })
        } else report(lossOf(nameOf(envelope), pointer, target, 'issued by another provider'))
      }
    } else if (custody.blob === '' || isIssued(custody, target)) {
      visible.push(slot)
      continue
    } else report(lossOf(`custody.${custody.format}`, pointer, target, 'issued by another provider'))
    if (isShown) continue
    const { custody: _custody, ...rest } = part
    if (rest.type !== 'reasoning' || rest.segments.length > 0) visible.push({ ...slot, part: rest })
  }
  return putBack(dropShown(visible, opened), opened, (envelope, host) =>
    report(lossOf(nameOf(envelope), host.part.at ?? '', target, 'the part it belongs to is gone')),
  )
}

/** Whether the client brought the reasoning of an envelope back as it was shown. */
function isShownBy(host: Part, envelope: Envelope): boolean {
  if (host.type !== 'reasoning' || !('part' in envelope) || envelope.part.type !== 'reasoning') return false
  const { segments } = envelope.part
  return (
    host.segments.length === segments.length &&
    host.segments.every(({ text }, index) => text === segments[index]?.text)
  )
}

function isIssuer(envelope: Envelope, target: Target): boolean {
  if ('part' in envelope && isOwnSummary(envelope.part)) return true
  const custody = 'part' in envelope ? envelope.part.custody : envelope.custody
  if (custody && !isIssued(custody, target)) return false
  if (envelope.issuer !== undefined && envelope.issuer !== target.provider) return false
  return (
    !('part' in envelope) ||
    !('native' in envelope.part) ||
    envelope.part.native?.protocol === target.protocol
  )
}

/** State without a stamp was replayed by a client of the protocol itself. */
function isIssued({ protocol, issuer }: Custody, target: Target): boolean {
  return protocol === target.protocol && (issuer === undefined || issuer === target.provider)
}

function nameOf(envelope: Envelope): string {
  if (!('part' in envelope)) return `custody.${envelope.custody.format}`
  const { part } = envelope
  return part.type === 'reasoning' ? `custody.${part.custody?.format ?? 'unknown'}` : `part.${part.type}`
}

function lossOf(what: string, pointer: string, target: Target, note: string): Parameters<Report>[0] {
  return { pointer, what, how: 'dropped', target: target.protocol, note }
}
