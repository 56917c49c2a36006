import type { Choice, GatewayEvent, GenerateResponse, Part, PartDelta } from '../model/index.ts'

/**
 * Turns a response into events in the order that the contract asks of decoders; the inverse of `accumulate`.
 * A part's texts, citations and custody come as deltas, everything else about it in its `part-start`.
 * A response that carries an error closes with it, every other with `end`.
 */
export function eventsOf(response: GenerateResponse, emit: (event: GatewayEvent) => void): void {
  const { id, model, createdAt, usage, extra, error } = response
  emit({
    type: 'start',
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(createdAt !== undefined && { createdAt }),
    ...(extra && { extra }),
  })
  const choices: readonly Choice[] = [
    {
      parts: response.parts,
      ...(response.finish && { finish: response.finish }),
      ...(response.choiceExtra && { extra: response.choiceExtra }),
    },
    ...(response.alternatives ?? []),
  ]
  choices.forEach(({ parts }, number) => {
    const choice = number === 0 ? {} : { choice: number }
    parts.forEach((part, index) => {
      emit({ type: 'part-start', index, part: shellOf(part), ...choice })
      deltasOf(part, (delta) => emit({ type: 'part-delta', index, delta, ...choice }))
      emit({ type: 'part-end', index, ...choice })
    })
  })
  if (usage) emit({ type: 'usage', usage })
  choices.forEach(({ finish, extra: choiceExtra }, number) => {
    if (!finish) return
    emit({
      type: 'finish',
      finish,
      ...(number > 0 && { choice: number }),
      ...(choiceExtra && { extra: choiceExtra }),
    })
  })
  emit(error ? { type: 'error', error } : { type: 'end' })
}

/** A part without what its deltas will say. */
function shellOf(part: Part): Part {
  const { custody: _custody, ...rest } = part
  switch (rest.type) {
    case 'text': {
      const { citations, logprobs, ...shell } = rest
      return {
        ...shell,
        text: '',
        ...(citations?.length === 0 && { citations }),
        ...(logprobs?.length === 0 && { logprobs }),
      }
    }
    case 'reasoning':
      return { ...rest, segments: [] }
    case 'refusal':
      return { ...rest, text: '' }
    case 'compaction': {
      const { text, ...shell } = rest
      return text === '' ? rest : shell
    }
    case 'tool_call':
    case 'server_tool_call':
      return { ...rest, arguments: '' }
    default:
      return rest
  }
}

function deltasOf(part: Part, emit: (delta: PartDelta) => void): void {
  switch (part.type) {
    case 'text':
      if (part.text !== '' || part.logprobs?.length) {
        emit({ type: 'text', text: part.text, ...(part.logprobs?.length && { logprobs: part.logprobs }) })
      }
      for (const citation of part.citations ?? []) emit({ type: 'citation', citation })
      break
    case 'reasoning':
      part.segments.forEach(({ kind, text }, segment) => emit({ type: 'reasoning', segment, kind, text }))
      break
    case 'refusal':
    case 'compaction':
      if (part.text) emit({ type: 'text', text: part.text })
      break
    case 'tool_call':
    case 'server_tool_call':
      if (part.arguments !== '') emit({ type: 'arguments', text: part.arguments })
      break
    default:
  }
  if (part.custody) emit({ type: 'custody', custody: part.custody })
}
