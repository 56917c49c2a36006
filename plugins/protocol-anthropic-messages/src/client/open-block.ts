import type { Custody, GatewayEvent, JsonObject, Part, PartDelta } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { readCitation } from '../citations.ts'
import { asObject, asString } from '../json.ts'
import { protocolName } from '../name.ts'
import { blockToPart, custodyOf, extraOf, inputText } from '../parts.ts'

type Emit = (event: GatewayEvent) => void

/** A content block between its start and its stop. */
export interface OpenBlock {
  /** Takes one `delta`; one that does not belong to this kind of block passes as a native delta. */
  delta(delta: JsonObject, emit: Emit): void
  /** Emits what deltas still owe, then `part-end`. */
  close(emit: Emit): void
}

const deltaKeys: { readonly [type: string]: ReadonlySet<string> } = {
  text_delta: new Set(['type', 'text']),
  thinking_delta: new Set(['type', 'thinking']),
  input_json_delta: new Set(['type', 'partial_json']),
  compaction_delta: new Set(['type', 'content', 'encrypted_content']),
}

/**
 * Opens a part under our own index (the wire's may have gaps) and emits what the block's start already says, as deltas.
 */
export function openBlock(block: JsonObject, index: number, emit: Emit): OpenBlock {
  const part = blockToPart(block)
  /** Thinking or arguments so far; text needs no memory. */
  const pieces: string[] = []
  let custody = part.custody
  const emitDelta = (emit: Emit, delta: PartDelta): void => emit({ type: 'part-delta', index, delta })

  const add = (emit: Emit, type: string, text: string | undefined, delta?: JsonObject): void => {
    if (!text) return
    const known = deltaKeys[type]
    const extra = delta && known ? extraOf(delta, known) : {}
    if (part.type === 'reasoning') {
      pieces.push(text)
      emitDelta(emit, { type: 'reasoning', segment: 0, kind: 'text', text, ...extra })
    } else if (part.type === 'tool_call' || part.type === 'server_tool_call') {
      pieces.push(text)
      emitDelta(emit, { type: 'arguments', text, ...extra })
    } else emitDelta(emit, { type: 'text', text, ...extra })
  }
  const keep = (emit: Emit, found: Custody | undefined): void => {
    if (!found) return
    custody = found
    emitDelta(emit, { type: 'custody', custody: found })
  }

  emit({ type: 'part-start', index, part: shellOf(part) })
  for (const delta of startDeltas(part)) {
    if (delta.type === 'reasoning') pieces.push(delta.text)
    emitDelta(emit, delta)
  }

  return {
    delta(delta, emit) {
      const type = asString(delta['type']) ?? ''
      if (!fits(part, type)) {
        emitDelta(emit, { type: 'native', native: { protocol: protocolName, value: delta } })
        return
      }
      switch (type) {
        case 'text_delta':
          return add(emit, type, asString(delta['text']), delta)
        case 'thinking_delta':
          return add(emit, type, asString(delta['thinking']), delta)
        case 'input_json_delta':
          return add(emit, type, asString(delta['partial_json']), delta)
        case 'signature_delta':
          return keep(emit, custodyOf('signature', delta['signature']))
        case 'compaction_delta':
          add(emit, type, asString(delta['content']), delta)
          return keep(emit, custodyOf('encrypted', delta['encrypted_content']))
        case 'citations_delta': {
          const citation = asObject(delta['citation'])
          if (citation) emitDelta(emit, { type: 'citation', citation: readCitation(citation) })
        }
      }
    },
    close(emit) {
      // A call without deltas has its input in the start of the block; hosts do that, and `{}` is the usual one.
      if (part.type === 'tool_call' || part.type === 'server_tool_call') {
        if (pieces.length === 0) add(emit, 'input_json_delta', inputText(block))
      }
      emit({ type: 'part-end', index, ...finalPart(part, block, pieces.join(''), custody) })
    },
  }
}

/** A block to open for a delta whose start never came; undefined when the delta does not tell enough. */
export function blockOfDelta(delta: JsonObject): JsonObject | undefined {
  if (delta['type'] === 'text_delta') return { type: 'text', text: '' }
  if (delta['type'] === 'thinking_delta') return { type: 'thinking', thinking: '' }
  return undefined
}

function fits(part: Part, deltaType: string): boolean {
  switch (deltaType) {
    case 'text_delta':
    case 'citations_delta':
      return part.type === 'text'
    case 'thinking_delta':
    case 'signature_delta':
      return part.type === 'reasoning'
    case 'input_json_delta':
      return part.type === 'tool_call' || part.type === 'server_tool_call'
    case 'compaction_delta':
      return part.type === 'compaction'
    default:
      return false
  }
}

/** The part without what its deltas will say. Redacted thinking has no deltas: it starts with its state. */
function shellOf(part: Part): Part {
  switch (part.type) {
    case 'text': {
      const { citations: _citations, ...shell } = part
      return { ...shell, text: '' }
    }
    case 'reasoning': {
      if (part.custody?.format === 'redacted') return part
      const { custody: _custody, ...shell } = part
      return { ...shell, segments: [] }
    }
    case 'tool_call':
    case 'server_tool_call':
      return { ...part, arguments: '' }
    case 'compaction': {
      const { custody: _custody, text: _text, ...shell } = part
      return shell
    }
    default:
      return part
  }
}

/** What a start that is not empty says. Arguments wait for the end: deltas, when they come, replace them. */
function startDeltas(part: Part): readonly PartDelta[] {
  const deltas: PartDelta[] = []
  if ((part.type === 'text' || part.type === 'compaction') && part.text) {
    deltas.push({ type: 'text', text: part.text })
  }
  if (part.type === 'text') {
    for (const citation of part.citations ?? []) deltas.push({ type: 'citation', citation })
  }
  if (part.type === 'reasoning') {
    part.segments.forEach(({ kind, text }, segment) =>
      deltas.push({ type: 'reasoning', segment, kind, text }),
    )
  }
  const streams = part.type === 'reasoning' || part.type === 'compaction'
  if (streams && part.custody && part.custody.format !== 'redacted') {
    deltas.push({ type: 'custody', custody: part.custody })
  }
  return deltas
}

/** The whole part, where it has more than its deltas: thinking with its state, a hosted call with its input. */
function finalPart(
  part: Part,
  block: JsonObject,
  text: string,
  custody: Custody | undefined,
): { readonly part?: Part } {
  if (part.type === 'reasoning') {
    const segments = text === '' ? [] : [{ kind: 'text' as const, text }]
    return { part: { ...part, segments, ...(custody && { custody }) } }
  }
  if (part.type === 'server_tool_call') {
    const input = parseInput(text)
    const native = input ? { protocol: protocolName, value: { ...block, input } } : part.native
    return { part: { ...part, arguments: text, native } }
  }
  return {}
}

function parseInput(text: string): JsonObject | undefined {
  try {
    return asObject(parseJsonLossless(text))
  } catch {
    // The call was cut: its arguments stay text.
    return undefined
  }
}
