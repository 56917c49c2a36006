import type { Citation, Custody, Extra, JsonObject, Loss, Report } from '@gantry/core'
import { protocolName } from '../name.ts'

/** Takes events of a message; whoever writes a stream makes frames of them, whoever writes a whole message folds them. */
export type Send = (type: string, fields: JsonObject) => void

/** What the blocks of one answer share. */
export interface Place {
  /** What the ids of this answer have in common. */
  readonly base: string
  /** Whether the answer comes from an upstream of this wire, which then has said all there is to say. */
  readonly own: boolean
  /** Starts the next block; indexes count from 0 without gaps. */
  open(block: JsonObject): void
  /** Adds to the block that is open. */
  delta(delta: JsonObject): void
  /** Ends the block that is open. */
  close(): void
  /** An id for a call that is valid and not used in this answer yet. */
  callId(wanted: string): string
  /** Tells of something that a client of this wire cannot get; each kind once a part. */
  lost(index: number, what: string, how?: Loss['how'], note?: string): void
}

/** Fields that a node keeps for this wire, without the codec's notes. */
export function ownFields(extra: Extra | undefined): JsonObject {
  const own = extra?.[protocolName]
  if (!own) return {}
  return Object.fromEntries(Object.entries(own).filter(([key]) => !key.startsWith('$')))
}

/** State that a client of this wire can hold; empty state is none. */
export function ownState(custody: Custody | undefined): Custody | undefined {
  return custody?.protocol === protocolName && custody.blob !== '' ? custody : undefined
}

/**
 * A citation as this wire has it. A web page is cited as a search result, without the vendor's own index; what is no web
 * page cannot be cited here by anybody else.
 */
export function writeCitation(citation: Citation): JsonObject | undefined {
  if (citation.native.protocol === protocolName) return citation.native.value
  const { url, title, quote } = citation
  if (url === undefined) return undefined
  return {
    type: 'web_search_result_location',
    url,
    title: title?.slice(0, 512) ?? null,
    cited_text: quote ?? '',
    encrypted_index: '',
  }
}

/** Reports what a client cannot get, each kind once a part. */
export function lossesOf(report: Report): Place['lost'] {
  const seen = new Set<string>()
  return (index, what, how = 'dropped', note) => {
    const pointer = `/parts/${index}`
    const key = `${what} ${pointer}`
    if (seen.has(key)) return
    seen.add(key)
    report({ pointer, what, how, target: protocolName, ...(note !== undefined && { note }) })
  }
}
