import type { Protocol } from '../contract/index.ts'
import type { CompactionPart, Custody, Part, Turn } from '../model/index.ts'
import { closeEnvelope, type SealOptions } from './envelope.ts'

/** State that this gateway made itself: every upstream may read what is inside. */
const ownProtocol = 'gantry'

const ownCustody: Custody = { protocol: ownProtocol, format: 'summary', blob: 'own' }

/**
 * A summary as the compaction part of a protocol whose clients bring it back unread. Undefined where the protocol has
 * no place for opaque state, or the summary is larger than an envelope.
 */
export function sealSummary(
  text: string,
  client: Pick<Protocol, 'name' | 'carrier'>,
  options: SealOptions = {},
): CompactionPart | undefined {
  if (client.carrier === undefined) return undefined
  const part: CompactionPart = { type: 'compaction', text, custody: ownCustody }
  const blob = closeEnvelope({ texts: 0, calls: 0, part }, options)
  if (blob === undefined) return undefined
  return { type: 'compaction', custody: { protocol: client.name, format: client.carrier, blob } }
}

/** Whether a part is a summary of ours. */
export function isOwnSummary(part: Part): part is CompactionPart {
  return part.type === 'compaction' && part.custody?.protocol === ownProtocol
}

/** Puts opened summaries into words of the user: an assistant's turn would be taken for something the model said. */
export function summariesAsText(turns: readonly Turn[]): readonly Turn[] {
  if (!turns.some((turn) => turn.parts.some(isOwnSummary))) return turns
  return turns.flatMap((turn): readonly Turn[] => {
    const runs: Turn[] = []
    let rest: Part[] = []
    const close = (): void => {
      if (rest.length > 0) runs.push({ ...turn, parts: rest })
      rest = []
    }
    for (const part of turn.parts) {
      if (!isOwnSummary(part)) {
        rest.push(part)
        continue
      }
      close()
      const text = `Summary of the earlier conversation:\n\n${part.text ?? ''}`
      const at = part.at === undefined ? {} : { at: part.at }
      runs.push({ role: 'user', parts: [{ type: 'text', text, ...at }] })
    }
    close()
    return runs
  })
}
