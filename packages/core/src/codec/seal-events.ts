import type { EventTransform } from '../contract/index.ts'
import type { Custody, GatewayEvent, Part } from '../model/index.ts'
import { partBuilder, type PartBuilder } from './part-builder.ts'
import {
  isForeign,
  isShown,
  neededSeal,
  partCounter,
  sealPart,
  withoutCustody,
  type Place,
  type SealClient,
  type SealingOptions,
} from './seal-parts.ts'

type PartEvent = Extract<GatewayEvent, { type: 'part-start' | 'part-delta' | 'part-end' }>

interface OpenPart {
  /** Index on the client's side; undefined for a part that travels whole. */
  readonly index?: number
  readonly start: Part
  /** What the part amounts to, where its envelope or its place needs that. */
  readonly builder?: PartBuilder
  readonly place: Place
  /** A text is counted once it shows something. */
  counted: boolean
  /** State that is in an envelope already. */
  sealed?: Custody
  /** State that came, in a delta or with the end. */
  custody?: Custody
}

interface ChoiceState {
  next: number
  count: ReturnType<typeof partCounter>
  readonly open: Map<number, OpenPart>
  /** Client's index of parts that have ended: citations may still come. */
  readonly ended: Map<number, number>
}

/**
 * `sealParts` for a stream: adds carrier parts and renumbers. State known when a call starts goes before it; state that
 * comes later, and state of a text, goes after its part. Parts that travel whole are held until they end.
 * Stateful: one transform a stream.
 */
export function sealEvents(client: SealClient, options: SealingOptions = {}): EventTransform {
  let choices = new Map<number, ChoiceState>()
  const choiceOf = (number = 0): ChoiceState => {
    let choice = choices.get(number)
    if (!choice) {
      choices.set(number, (choice = { next: 0, count: partCounter(), open: new Map(), ended: new Map() }))
    }
    return choice
  }
  return (event) => {
    switch (event.type) {
      case 'part-start':
        return start(event, choiceOf(event.choice), client, options)
      case 'part-delta':
        return delta(event, choiceOf(event.choice), client)
      case 'part-end':
        return end(event, choiceOf(event.choice), client, options)
      case 'restart':
        choices = new Map()
        return event
      default:
        return event
    }
  }
}

function start(
  event: Extract<PartEvent, { type: 'part-start' }>,
  choice: ChoiceState,
  client: SealClient,
  options: SealingOptions,
): readonly GatewayEvent[] {
  const { part } = event
  const seal = neededSeal(part, client)
  const counted = isShown(part)
  const place = choice.count(part, counted && seal !== 'whole')
  if (seal === 'whole') {
    choice.open.set(event.index, { start: part, builder: partBuilder(part), place, counted })
    return []
  }
  const early = seal === 'state' && part.type !== 'text' ? part.custody : undefined
  const carrier = early && sealPart(part, 'state', place, client, options)
  const before = carrier ? carrierEvents(carrier, choice, event.choice) : []
  const index = choice.next++
  const keeps = part.type === 'reasoning' || part.type === 'text' || part.type === 'compaction'
  choice.open.set(event.index, {
    index,
    start: part,
    place,
    counted,
    ...(keeps && { builder: partBuilder(part) }),
    ...(early && { sealed: early }),
    ...(part.custody && { custody: part.custody }),
  })
  return [...before, { ...event, index, part: seal ? withoutCustody(part) : part }]
}

function delta(
  event: Extract<PartEvent, { type: 'part-delta' }>,
  choice: ChoiceState,
  client: SealClient,
): GatewayEvent | null {
  const open = choice.open.get(event.index)
  if (!open) {
    const index = choice.ended.get(event.index)
    return index === undefined ? null : { ...event, index }
  }
  open.builder?.add(event.delta)
  if (!open.counted && event.delta.type === 'text' && event.delta.text !== '') {
    open.counted = true
    choice.count(open.start, true)
  }
  if (open.index === undefined) return null
  if (event.delta.type === 'custody') {
    open.custody = event.delta.custody
    if (isForeign(event.delta.custody, client)) return null
  }
  return { ...event, index: open.index }
}

function end(
  event: Extract<PartEvent, { type: 'part-end' }>,
  choice: ChoiceState,
  client: SealClient,
  options: SealingOptions,
): readonly GatewayEvent[] {
  const open = choice.open.get(event.index)
  if (!open) return []
  choice.open.delete(event.index)
  if (event.part) open.builder?.replace(event.part)
  const { index } = open
  if (index === undefined) return endWhole(event, open, choice, client, options)
  choice.ended.set(event.index, index)
  const custody = event.part?.custody ?? open.custody
  const foreign = custody && isForeign(custody, client) ? custody : undefined
  const built: Part = { ...(open.builder?.build() ?? event.part ?? open.start), ...(custody && { custody }) }
  const whole = event.part && (foreign ? withoutCustody(event.part) : event.part)
  const last: GatewayEvent = { ...event, index, ...(whole && { part: whole }) }
  if (!foreign || isSame(foreign, open.sealed)) return [last]
  if (built.type !== 'reasoning') {
    const late = sealPart(built, 'state', open.place, client, options)
    return late ? [last, ...carrierEvents(late, choice, event.choice)] : [last]
  }
  const own = sealPart(built, 'own', open.place, client, options)
  if (!own) return [last]
  return [
    { type: 'part-delta', index, delta: { type: 'custody', custody: own }, ...choiceField(event.choice) },
    whole ? { ...last, part: { ...whole, custody: own } } : last,
  ]
}

function endWhole(
  event: Extract<PartEvent, { type: 'part-end' }>,
  open: OpenPart,
  choice: ChoiceState,
  client: SealClient,
  options: SealingOptions,
): readonly GatewayEvent[] {
  const part = open.builder?.build() ?? open.start
  const carrier = sealPart(part, 'whole', open.place, client, options)
  return carrier ? carrierEvents(carrier, choice, event.choice) : []
}

function carrierEvents(
  custody: Custody,
  choice: ChoiceState,
  number: number | undefined,
): readonly GatewayEvent[] {
  const index = choice.next++
  const field = choiceField(number)
  return [
    { type: 'part-start', index, part: { type: 'reasoning', segments: [] }, ...field },
    { type: 'part-delta', index, delta: { type: 'custody', custody }, ...field },
    { type: 'part-end', index, ...field },
  ]
}

function choiceField(number: number | undefined): { readonly choice?: number } {
  return number === undefined ? {} : { choice: number }
}

function isSame(left: Custody, right: Custody | undefined): boolean {
  return left.blob === right?.blob && left.format === right.format && left.protocol === right.protocol
}
