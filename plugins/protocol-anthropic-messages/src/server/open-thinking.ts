import type { Custody, ReasoningPart, ReasoningSegment } from '@gantry/core'
import type { OpenBlock } from './open-block.ts'
import { ownFields, ownState, type Place } from './place.ts'

/**
 * Thinking: its text as it comes, then its state in one `signature_delta`. State of the form `redacted` is a block of its
 * own, whole in its start. Thinking that says nothing and holds nothing is no block.
 */
export function openThinking(place: Place, index: number, start: ReasoningPart): OpenBlock {
  let isOpen = false
  let segment = 0
  let signature: Custody | undefined
  let redacted: Custody | undefined
  let fields = ownFields(start.extra)

  const begin = (): void => {
    if (isOpen) return
    isOpen = true
    place.open({ type: 'thinking', thinking: '', signature: '', ...fields })
  }
  const say = (number: number, text: string, extra?: ReturnType<typeof ownFields>): void => {
    if (text === '') return
    begin()
    // One field for all of it: paragraphs keep segments apart.
    if (number !== segment) {
      segment = number
      place.delta({ type: 'thinking_delta', thinking: '\n\n' })
    }
    place.delta({ type: 'thinking_delta', thinking: text, ...extra })
  }
  const keep = (custody: Custody | undefined): void => {
    if (!custody || custody.blob === '') return
    const own = ownState(custody)
    if (!own) return place.lost(index, `custody.${custody.format}`)
    if (own.format === 'redacted') redacted = own
    else signature = own
  }

  start.segments.forEach(({ text }: ReasoningSegment, number) => {
    if (!isOpen) segment = number
    say(number, text)
  })
  keep(start.custody)
  return {
    delta(delta) {
      if (delta.type === 'reasoning') {
        if (!isOpen) ({ segment } = delta)
        say(delta.segment, delta.text, ownFields(delta.extra))
      } else if (delta.type === 'custody') keep(delta.custody)
    },
    close(part) {
      if (part?.type === 'reasoning') {
        keep(part.custody)
        if (!isOpen) fields = { ...fields, ...ownFields(part.extra) }
      }
      if (signature) {
        begin()
        place.delta({ type: 'signature_delta', signature: signature.blob })
      }
      // An upstream of this wire may open a block and say nothing in it.
      if (place.own && !redacted) begin()
      if (isOpen) place.close()
      if (!redacted) return
      place.open({ type: 'redacted_thinking', data: redacted.blob, ...fields })
      place.close()
    },
  }
}
