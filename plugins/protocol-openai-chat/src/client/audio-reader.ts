import type { GatewayEvent, JsonObject } from '@gantry/core'
import { decodeSpokenAnswer } from '../media.ts'
import { name, setField, stringOf, type Draft } from '../own.ts'
import type { PartNumbers } from './choice-reader.ts'

type Emit = (event: GatewayEvent) => void

/** Reads sound that arrives in pieces: each piece passes as it is, the whole stands in the part's end. */
export function audioReader(parts: PartNumbers): {
  isOpen(): boolean
  push(audio: JsonObject, emit: Emit): void
  end(emit: Emit): void
} {
  const fields: Draft = {}
  const pieces: string[] = []
  const spoken: string[] = []
  let index: number | undefined
  return {
    isOpen: () => index !== undefined,
    push(audio, emit) {
      index ??= parts.open(decodeSpokenAnswer({ data: '' }), emit)
      parts.delta(index, { type: 'native', native: { protocol: name, value: { audio } } }, emit)
      const data = stringOf(audio['data'])
      const transcript = stringOf(audio['transcript'])
      if (data !== undefined) pieces.push(data)
      if (transcript !== undefined) spoken.push(transcript)
      for (const [key, value] of Object.entries(audio)) {
        if (key !== 'data' && key !== 'transcript' && value !== null) setField(fields, key, value)
      }
    },
    end(emit) {
      if (index === undefined) return
      const whole = {
        ...fields,
        data: pieces.join(''),
        ...(spoken.length > 0 && { transcript: spoken.join('') }),
      }
      parts.close(index, emit, decodeSpokenAnswer(whole))
    },
  }
}
