import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform } from '../contract/index.ts'

/** One choice, while it is watched. */
interface Watch {
  /** Text that may be the beginning of a sequence, and the part it belongs to. */
  held: string
  index: number
  /** The sequence that ended the choice. */
  found?: string
  /** Parts that the client has seen begin and not end. */
  readonly open: Set<number>
}

/**
 * Ends each choice where one of `sequences` begins in its text, for wires that cannot ask for it: the text up to there,
 * then nothing but the end. The upstream is read on to its own end, because only that says what the answer cost.
 */
export function stopAt(sequences: readonly string[]): EventTransform {
  const watches = new Map<number, Watch>()
  const watchOf = (choice: number): Watch => {
    let watch = watches.get(choice)
    if (!watch) watches.set(choice, (watch = { held: '', index: -1, open: new Set() }))
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
        return [...flush(watch, event), event]
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

  function onDelta(
    event: Extract<GatewayEvent, { type: 'part-delta' }>,
    watch: Watch,
  ): GatewayEvent | readonly GatewayEvent[] | null {
    if (watch.found !== undefined) return null
    const { delta } = event
    if (delta.type !== 'text') return event
    const before = watch.index === event.index ? [] : flush(watch, event)
    watch.index = event.index
    const text = watch.held + delta.text
    watch.held = ''
    const end = firstOf(text, sequences)
    if (end) {
      watch.found = end.sequence
      return [...before, ...textEvent(event, text.slice(0, end.at))]
    }
    const keep = heldLength(text, sequences)
    watch.held = text.slice(text.length - keep)
    return [...before, ...textEvent(event, text.slice(0, text.length - keep))]
  }
}

function flush(watch: Watch, event: { readonly choice?: number }): readonly GatewayEvent[] {
  const { held, index } = watch
  watch.held = ''
  if (held === '') return []
  const choice = event.choice === undefined ? {} : { choice: event.choice }
  return [{ type: 'part-delta', index, delta: { type: 'text', text: held }, ...choice }]
}

/** Log probabilities belong to tokens, which are not cut where texts are: they go. */
function textEvent(
  event: Extract<GatewayEvent, { type: 'part-delta' }>,
  text: string,
): readonly GatewayEvent[] {
  return text === '' ? [] : [{ ...event, delta: { type: 'text', text } }]
}

function withoutPart(event: Extract<GatewayEvent, { type: 'part-end' }>): GatewayEvent {
  const { part: _part, ...rest } = event
  return rest
}

/** The sequence that is complete first, as a model that writes word after word would have met it. */
function firstOf(
  text: string,
  sequences: readonly string[],
): { readonly at: number; readonly sequence: string } | undefined {
  let first: { readonly at: number; readonly sequence: string; readonly end: number } | undefined
  for (const sequence of sequences) {
    const at = sequence === '' ? -1 : text.indexOf(sequence)
    if (at < 0) continue
    const end = at + sequence.length
    if (!first || end < first.end || (end === first.end && at < first.at)) first = { at, sequence, end }
  }
  return first
}

/** How much of the end of a text may be the beginning of a sequence. */
function heldLength(text: string, sequences: readonly string[]): number {
  let most = 0
  for (const sequence of sequences) {
    const longest = Math.min(sequence.length - 1, text.length)
    for (let length = longest; length > most; length--) {
      if (text.endsWith(sequence.slice(0, length))) {
        most = length
        break
      }
    }
  }
  return most
}
