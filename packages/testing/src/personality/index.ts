import { createRandom } from '../random.ts'
import type { Replier, Reply } from '../upstream/reply.ts'
import { cut, redirect, refusals } from './cut.ts'
import { oddFrames } from './frames.ts'
import { garbage } from './garbage.ts'
import type { Personality, UpstreamMaterial } from './personality.ts'
import { silent } from './silence.ts'

export type { Personality, UpstreamMaterial } from './personality.ts'
export { anthropicMaterial, chatMaterial } from './material.ts'

/** Every way of misbehaving that a gateway has to live with, on any wire. */
export const personalities: readonly Personality[] = [
  ...silent,
  ...garbage,
  ...oddFrames,
  ...cut,
  ...refusals,
  redirect,
]

/** How a misbehaving host is made. */
export interface PersonalityReplierOptions {
  /** What a sound one would say. */
  readonly material: UpstreamMaterial
  /** 1 by default. A request of the same seed, personality and number gets the same bytes. */
  readonly seed?: number
}

/**
 * Answers each request as the personality that its body names as `model`: `createFakeUpstream({ replier })` is then all
 * of them at once. A model that names none gets the sound answer.
 */
export function personalityReplier({ material, seed = 1 }: PersonalityReplierOptions): Replier {
  return ({ body }, index) => {
    const { model, stream } = readBody(body)
    const personality = personalities.find(({ name }) => name === model)
    return personality
      ? personality.reply(material, createRandom(seed + index), stream)
      : soundAnswer(material, stream)
  }
}

// ---

function soundAnswer({ frames, body }: UpstreamMaterial, stream: boolean): Reply {
  return stream ? { events: frames } : { json: body }
}

function readBody(body: Uint8Array): { readonly model?: string; readonly stream: boolean } {
  try {
    const { model, stream } = JSON.parse(Buffer.from(body).toString()) as { model?: string; stream?: unknown }
    return { ...(model !== undefined && { model }), stream: stream === true }
  } catch {
    return { stream: false }
  }
}
