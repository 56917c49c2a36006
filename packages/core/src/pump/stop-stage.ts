import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform } from '../contract/index.ts'

type Delta = Extract<GatewayEvent, { type: 'part-delta' }>

/** A sequence, and for each of its beginnings the length of the longest shorter one that it ends with. */
interface Wanted {
  readonly sequence: string
  readonly fallback: Uint32Array
}

/** One choice, while it is watched. */
interface Watch {
  /** How much of each sequence the text ends with. What may be a beginning is held: it is the longest of these. */
  readonly met: Uint32Array
  /** The part whose text is watched. */
  index: number
  /** The sequence that ended the choice. */
  found?: string
  /** Parts that the client has seen begin and not end. */
  readonly open: Set<number>
}

/**
 * Ends each choice where one of `sequences` begins in its text, for wires that cannot ask for it: the text up to there,
 * then nothing but the end. The upstream is read on to its own end, because only that says what the answer cost.
 * Each character is looked at once, however long a sequence is and however the text comes in pieces.
 */
export function stopAt(sequences: readonly string[]): EventTransform {
  const wanted = sequences.filter((sequence) => sequence !== '').map(prepare)
  const watches = new Map<number, Watch>()
  const watchOf = (choice: number): Watch => {
    let watch = watches.get(choice)
    if (!watch)
      watches.set(choice, (watch = { met: new Uint32Array(wanted.length), index: -1, open: new Set() }))
    return watch
  }

  return (event): GatewayEvent | readonly GatewayEvent[] | null => {
    switch (event.type) {
      case 'part-start': {
        const watch = watchOf(event.choice ?? 0)
        if (watch.found !== undefined) return null
        watch.open.add(event.index)
        return event
      }
      case 'part-delta':
        return onDelta(event, watchOf(event.choice ?? 0))
      case 'part-end': {
        const watch = watchOf(event.choice ?? 0)
        if (!watch.open.delete(event.index)) return null
        if (watch.found !== undefined) return withoutPart(event)
        return watch.index === event.index ? [...flush(watch, event), event] : event
      }
      case 'finish': {
        const { found } = watchOf(event.choice ?? 0)
        if (found === undefined) return event
        return { ...event, finish: { reason: 'stop', stopSequence: found } }
      }
      default:
        return event
    }
  }

  function onDelta(event: Delta, watch: Watch): GatewayEvent | readonly GatewayEvent[] | null {
    if (watch.found !== undefined) return null
    const { delta } = event
    if (delta.type !== 'text') return event
    const before = watch.index === event.index ? [] : flush(watch, event)
    watch.index = event.index
    const held = heldOf(watch)
    const end = readOn(watch, delta.text)
    if (end) {
      watch.found = end.sequence
      // Counted from the beginning of what was held.
      const length = held.length + end.at - end.sequence.length
      return [...before, ...textEvent(event, firstOf(held, delta.text, length))]
    }
    const keep = heldOf(watch).length
    // Nothing held and nothing to hold: as it came, with what it says of its tokens.
    if (held === '' && keep === 0) return before.length === 0 ? event : [...before, event]
    return [...before, ...textEvent(event, firstOf(held, delta.text, held.length + delta.text.length - keep))]
  }

  /** Reads text up to where the first sequence is complete, as a model that writes on would have met it. */
  function readOn(
    { met }: Watch,
    text: string,
  ): { readonly at: number; readonly sequence: string } | undefined {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      let complete: string | undefined
      for (let place = 0; place < wanted.length; place++) {
        const { sequence, fallback } = wanted[place]!
        let length = met[place]!
        while (length > 0 && sequence.charCodeAt(length) !== unit) length = fallback[length - 1]!
        if (sequence.charCodeAt(length) === unit) length++
        met[place] = length
        // Of those that end here, the one that began first.
        if (length === sequence.length && length > (complete?.length ?? 0)) complete = sequence
      }
      if (complete !== undefined) return { at: at + 1, sequence: complete }
    }
    return undefined
  }

  function heldOf({ met }: Watch): string {
    let longest = -1
    for (let place = 0; place < met.length; place++) {
      if (met[place]! > (longest < 0 ? 0 : met[longest]!)) longest = place
    }
    return longest < 0 ? '' : wanted[longest]!.sequence.slice(0, met[longest])
  }

  /** What only looked like a beginning: its part is over, or another one goes on. */
  function flush(watch: Watch, event: { readonly choice?: number }): readonly GatewayEvent[] {
    const text = heldOf(watch)
    watch.met.fill(0)
    if (text === '') return []
    const choice = event.choice === undefined ? {} : { choice: event.choice }
    return [{ type: 'part-delta', index: watch.index, delta: { type: 'text', text }, ...choice }]
  }
}

function prepare(sequence: string): Wanted {
  const fallback = new Uint32Array(sequence.length)
  let length = 0
  for (let at = 1; at < sequence.length; at++) {
    const unit = sequence.charCodeAt(at)
    while (length > 0 && sequence.charCodeAt(length) !== unit) length = fallback[length - 1]!
    if (sequence.charCodeAt(length) === unit) length++
    fallback[at] = length
  }
  return { sequence, fallback }
}

/** The first characters of two texts, without joining what is not needed: what is held may be long. */
function firstOf(held: string, text: string, length: number): string {
  return length <= held.length ? held.slice(0, length) : held + text.slice(0, length - held.length)
}

/** Log probabilities belong to tokens, which are not cut where texts are: they go. */
function textEvent(event: Delta, text: string): readonly GatewayEvent[] {
  return text === '' ? [] : [{ ...event, delta: { type: 'text', text } }]
}

function withoutPart(event: Extract<GatewayEvent, { type: 'part-end' }>): GatewayEvent {
  const { part: _part, ...rest } = event
  return rest
}
