import { faults } from '../upstream/faults.ts'
import { inside, soundReply, textOf, type Personality, type UpstreamMaterial } from './personality.ts'

/** Hosts whose connection goes before they are done. */
export const cut: readonly Personality[] = (['reset', 'cut'] as const).flatMap(
  (end): readonly Personality[] => {
    const how = end === 'reset' ? 'A reset' : 'An end of the connection'
    return [
      {
        name: `${end}-after-head`,
        kind: 'cut',
        what: `${how} right after the head.`,
        answers: 'both',
        expect: 'failed',
        reply: (material, _random, stream) => ({ ...soundReply(material, stream), stopAfter: 0, end }),
      },
      {
        name: `${end}-in-the-middle`,
        kind: 'cut',
        what: `${how} somewhere inside.`,
        answers: 'both',
        expect: 'failed',
        reply(material, random, stream) {
          const sound = soundReply(material, stream)
          const body = stream ? textOf(material.frames.slice(0, -2)) : sound.body
          return { ...sound, stopAfter: inside(body, random), end }
        },
      },
      {
        name: `${end}-before-the-last-frame`,
        kind: 'cut',
        what: `${how} where the last frame should be.`,
        answers: 'stream',
        expect: 'either',
        reply: (material) => ({ ...soundReply(material, true), stopAfter: byteLength(material), end }),
      },
      {
        name: `${end}-after-everything`,
        kind: 'cut',
        what: `${how} after the last byte, where HTTP would end the body.`,
        answers: 'stream',
        expect: 'either',
        reply: (material) => ({ ...soundReply(material, true), end }),
      },
    ]
  },
)

/** Hosts that say honestly that they will not. */
export const refusals: readonly Personality[] = (
  [400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 529] as const
).map((status) => ({
  name: `status-${status}`,
  kind: 'status',
  what: `Status ${status} and an error envelope.`,
  answers: 'both',
  expect: 'failed',
  reply: ({ error }, random) =>
    faults.status(status, error, status === 429 ? { 'retry-after': String(random.integer(1, 9)) } : {}),
}))

/** A host that sends the request, and the key with it, to another one. */
export const redirect: Personality = {
  name: 'status-302',
  kind: 'status',
  what: 'A redirect to another host.',
  answers: 'both',
  expect: 'failed',
  reply: () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/v1/elsewhere' } }),
}

// ---

function byteLength({ frames }: UpstreamMaterial): number {
  return Buffer.byteLength(textOf(frames.slice(0, -1)))
}
