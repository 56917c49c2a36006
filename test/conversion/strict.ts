import { readStrictChat } from './strict-chat.ts'
import { framesIn, type Must } from './strict-frames.ts'
import { readStrictMessages } from './strict-messages.ts'
import { readStrictResponses } from './strict-responses.ts'
import type { Wire } from './reading.ts'

/**
 * Reads a stream as the strictest client of its wire would, and throws an `Error` that names the rule where one of them
 * breaks. Written from what the SDKs and the two agents did with streams that lacked one thing each, without any of the
 * codecs' code.
 */
export function readStrictly(wire: Wire, bytes: string): void {
  const frames = framesIn(bytes)
  const must: Must = (holds, rule) => {
    if (!holds) throw new Error(`${wire}: ${rule}`)
  }
  if (wire === 'openai-chat') readStrictChat(frames, must)
  else if (wire === 'openai-responses') readStrictResponses(frames, must)
  else readStrictMessages(frames, must)
}
