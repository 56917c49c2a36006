import type { Citation, Custody, Json, Part, PartDelta, ReasoningSegment } from '../model/index.ts'
import { extraMerger, mergeExtra } from './extra.ts'

/** One part under construction. Texts are kept in pieces and joined once, when the part is read. */
export interface PartBuilder {
  add(delta: PartDelta): void
  /** The upstream stated the whole part: it replaces what was built. */
  replace(part: Part): void
  build(): Part
}

interface Segment {
  readonly kind: ReasoningSegment['kind']
  readonly pieces: string[]
}

/** Starts a part from what `part-start` says about it. */
export function partBuilder(start: Part): PartBuilder {
  let part = start
  let pieces: string[] = []
  let segments: Map<number, Segment> | undefined
  let citations: Citation[] = []
  let logprobs: Json[] = []
  let custody: Custody | undefined
  let extra = extraMerger()

  const segmentsOf = (): Map<number, Segment> => {
    segments ??= new Map(
      part.type === 'reasoning'
        ? part.segments.map(({ kind, text }, index) => [index, { kind, pieces: [text] }])
        : [],
    )
    return segments
  }

  return {
    add(delta) {
      switch (delta.type) {
        case 'text':
          pieces.push(delta.text)
          if (delta.logprobs) for (const item of delta.logprobs) logprobs.push(item)
          extra.add(delta.extra)
          break
        case 'arguments':
          pieces.push(delta.text)
          extra.add(delta.extra)
          break
        case 'reasoning': {
          const known = segmentsOf().get(delta.segment)
          if (known) known.pieces.push(delta.text)
          else segmentsOf().set(delta.segment, { kind: delta.kind, pieces: [delta.text] })
          extra.add(delta.extra)
          break
        }
        case 'citation':
          citations.push(delta.citation)
          break
        case 'custody':
          custody = delta.custody
          break
        case 'native':
          break
      }
    },
    replace(whole) {
      part = whole
      pieces = []
      segments = undefined
      citations = []
      logprobs = []
      custody = undefined
      extra = extraMerger()
    },
    build() {
      const built = withTexts(part, pieces, segments, citations, logprobs)
      const merged = mergeExtra(built.extra, extra.value())
      if (!custody && merged === built.extra) return built
      return {
        ...built,
        ...(custody && { custody }),
        ...(merged && { extra: merged }),
      }
    },
  }
}

function withTexts(
  part: Part,
  pieces: readonly string[],
  segments: ReadonlyMap<number, Segment> | undefined,
  citations: readonly Citation[],
  logprobs: readonly Json[],
): Part {
  switch (part.type) {
    case 'text':
      if (pieces.length + citations.length + logprobs.length === 0) return part
      return {
        ...part,
        text: part.text + pieces.join(''),
        ...(citations.length > 0 && { citations: [...(part.citations ?? []), ...citations] }),
        ...(logprobs.length > 0 && { logprobs: [...(part.logprobs ?? []), ...logprobs] }),
      }
    case 'reasoning':
      return segments ? { ...part, segments: inOrder(segments) } : part
    default:
  }
  if (pieces.length === 0) return part
  const text = pieces.join('')
  switch (part.type) {
    case 'refusal':
      return { ...part, text: part.text + text }
    case 'compaction':
    case 'native':
      return { ...part, text: (part.text ?? '') + text }
    case 'audio':
      return { ...part, transcript: (part.transcript ?? '') + text }
    case 'json':
      return { ...part, json: part.json + text }
    case 'tool_call':
    case 'server_tool_call':
      return { ...part, arguments: part.arguments + text }
    default:
      return part
  }
}

/** By segment number; gaps close, so that a made-up number costs nothing. */
function inOrder(segments: ReadonlyMap<number, Segment>): readonly ReasoningSegment[] {
  return [...segments]
    .toSorted(([left], [right]) => left - right)
    .map(([, { kind, pieces }]) => ({ kind, text: pieces.join('') }))
}
