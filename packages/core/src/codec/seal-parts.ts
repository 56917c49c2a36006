import type { Protocol, Report } from '../contract/index.ts'
import type { Custody, Part, ReasoningPart } from '../model/index.ts'
import { closeEnvelope, type Envelope, type SealOptions } from './envelope.ts'

/** What sealing needs to know of the protocol that faces the client. */
export type SealClient = Pick<Protocol, 'name' | 'carrier'>

/** Settings of sealing. */
export interface SealingOptions extends SealOptions {
  /** Provider that issued parts which travel whole; custody has its own. */
  readonly issuer?: string
  /** Told what could not be sealed: no carrier, or too large. */
  readonly report?: Report
}

/**
 * Puts state that `client` cannot hold into envelopes in its carrier, so that it comes back with the next request:
 * own state of a reasoning part stays on that part; state of another part, and parts that only their own vendor knows,
 * get a reasoning part without segments before them. State of the client's own protocol is left alone.
 * Deterministic: no time, no nonce, so prompt caches stay warm.
 */
export function sealParts(
  parts: readonly Part[],
  client: SealClient,
  options: SealingOptions = {},
): readonly Part[] {
  const count = partCounter()
  const sealed: Part[] = []
  let changed = false
  for (const part of parts) {
    const needed = neededSeal(part, client)
    const place = count(part, needed !== 'whole' && isShown(part))
    const carrier = needed && sealPart(part, needed, place, client, options)
    if (!carrier) sealed.push(part)
    else {
      changed = true
      if (needed === 'own') sealed.push({ ...part, custody: carrier })
      else {
        sealed.push(carrierPart(carrier))
        if (needed === 'state') sealed.push(withoutCustody(part))
      }
    }
  }
  return changed ? sealed : parts
}

/** Which seal a part needs: its own state, the state of a visible part, or the whole part. */
export type Seal = 'own' | 'state' | 'whole'

/** Undefined: the client's protocol holds it, or there is nothing to hold. */
export function neededSeal(part: Part, client: SealClient): Seal | undefined {
  // Without a carrier the server codec shows what it can of such a part, and reports the rest.
  if (client.carrier !== undefined && isForeignWhole(part, client)) return 'whole'
  if (!part.custody || !isForeign(part.custody, client)) return undefined
  if (part.type === 'compaction' && client.carrier !== undefined) return 'whole'
  return part.type === 'reasoning' ? 'own' : 'state'
}

/** Whether opaque state belongs to another protocol than the client's. */
export function isForeign(custody: Custody, client: SealClient): boolean {
  return custody.protocol !== client.name && custody.blob !== ''
}

/** Where a part stands in its answer. */
export interface Place {
  readonly texts: number
  readonly calls: number
  readonly nth: number
}

/** Whether a part is one that the client will see: protocols lose texts without text. */
export function isShown(part: Part): boolean {
  return part.type !== 'text' || part.text !== ''
}

/** Counts parts as they come: says where each one stands among those that are shown, then counts it if it is too. */
export function partCounter(): (part: Part, shown: boolean) => Place {
  const seen = new Map<Part['type'], number>()
  return (part, shown) => {
    const nth = seen.get(part.type) ?? 0
    const place = { texts: seen.get('text') ?? 0, calls: seen.get('tool_call') ?? 0, nth }
    if (shown) seen.set(part.type, nth + 1)
    return place
  }
}

/** The carrier's custody for a part; undefined, and reported, when it cannot be sealed. */
export function sealPart(
  part: Part,
  seal: Seal,
  place: Place,
  client: SealClient,
  options: SealingOptions,
): Custody | undefined {
  const format = client.carrier
  const blob = format && closeEnvelope(contentOf(part, seal, place, options), options)
  if (blob) return { protocol: client.name, format: format ?? '', blob }
  options.report?.({
    pointer: part.at ?? '',
    what: seal === 'whole' ? `part.${part.type}` : `custody.${part.custody?.format ?? 'unknown'}`,
    how: 'dropped',
    target: client.name,
    note: format ? 'too large for an envelope' : 'the protocol has no place for opaque state',
  })
  return undefined
}

/** A reasoning part that shows nothing and only carries. */
export function carrierPart(custody: Custody): ReasoningPart {
  return { type: 'reasoning', segments: [], custody }
}

/** The part as its client may see it. */
export function withoutCustody(part: Part): Part {
  const { custody: _custody, ...rest } = part
  return rest
}

function contentOf(part: Part, seal: Seal, place: Place, options: SealingOptions): Envelope {
  const { texts, calls, nth } = place
  const issuer = part.custody?.issuer ?? options.issuer
  const head = { texts, calls, ...(issuer !== undefined && { issuer }) }
  // Most protocols lose a text without text, so it travels whole and is made again.
  const isEmpty = part.type === 'text' && part.text === ''
  if (seal !== 'state' || isEmpty || !part.custody) return { ...head, part }
  return {
    ...head,
    custody: part.custody,
    of: part.type,
    nth,
    ...(part.type === 'tool_call' && { callId: part.callId }),
  }
}

/** Parts that only their own vendor knows. One with a text of its own is shown instead. */
function isForeignWhole(part: Part, client: SealClient): boolean {
  switch (part.type) {
    case 'server_tool_call':
    case 'server_tool_result':
    case 'tools_added':
      return part.native.protocol !== client.name
    case 'native':
      return part.native.protocol !== client.name && part.text === undefined
    default:
      return false
  }
}
