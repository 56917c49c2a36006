import { forever, inside, soundReply, streamOf, textOf, type Personality } from './personality.ts'

/** Hosts that are slow, stall, or never stop. */
export const silent: readonly Personality[] = [
  {
    name: 'silent',
    kind: 'silence',
    what: 'Takes the request and never answers.',
    answers: 'both',
    expect: 'failed',
    reply: () => ({ silent: true }),
  },
  {
    name: 'head-only',
    kind: 'silence',
    what: 'Sends status and headers, and not one byte of the body.',
    answers: 'both',
    expect: 'failed',
    reply: (material, _random, stream) => ({ ...soundReply(material, stream), stopAfter: 0, end: 'never' }),
  },
  {
    name: 'stall-in-first-frame',
    kind: 'silence',
    what: 'Stops inside its first frame, and stays.',
    answers: 'stream',
    expect: 'failed',
    reply: (material, random) => ({
      ...soundReply(material, true),
      stopAfter: inside(textOf(material.frames.slice(0, 1)), random),
      end: 'never',
    }),
  },
  {
    name: 'stall-in-the-middle',
    kind: 'silence',
    what: 'Stops somewhere inside, and stays.',
    answers: 'both',
    expect: 'failed',
    reply(material, random, stream) {
      const sound = soundReply(material, stream)
      return { ...sound, stopAfter: inside(withoutLast(sound.body, stream), random), end: 'never' }
    },
  },
  {
    name: 'stall-before-the-last-frame',
    kind: 'silence',
    what: 'Says everything but its last frame, and stays.',
    answers: 'stream',
    expect: 'either',
    reply: ({ frames }) => ({ ...streamOf([textOf(frames.slice(0, -1))]), end: 'never' }),
  },
  {
    name: 'stays-after-the-end',
    kind: 'silence',
    what: 'Says everything, and keeps the connection open.',
    answers: 'stream',
    expect: 'either',
    reply: (material) => ({ ...soundReply(material, true), end: 'never' }),
  },
  {
    name: 'pings-for-ever',
    kind: 'silence',
    what: 'Begins, then sends comments and nothing else, without end.',
    answers: 'stream',
    expect: 'failed',
    reply: ({ frames }) => ({ ...streamOf(forever(textOf(frames.slice(0, 1)), ': ping\n\n')), paceMs: 20 }),
  },
  {
    name: 'talks-for-ever',
    kind: 'silence',
    what: 'Repeats a frame of its middle without end.',
    answers: 'stream',
    expect: 'either',
    reply({ frames }) {
      const at = Math.max(1, frames.length >> 1)
      return {
        ...streamOf(forever(textOf(frames.slice(0, at)), textOf(frames.slice(at - 1, at)))),
        paceMs: 10,
      }
    },
  },
  {
    name: 'late-head',
    kind: 'silence',
    what: 'Thinks before its first byte.',
    answers: 'both',
    expect: 'sound',
    reply: (material, random, stream) => ({
      ...soundReply(material, stream),
      delayMs: random.integer(40, 120),
    }),
  },
  {
    name: 'slow-frames',
    kind: 'silence',
    what: 'Sends a frame now and then.',
    answers: 'stream',
    expect: 'sound',
    reply: ({ frames }, random) => ({
      ...streamOf(frames.map((frame) => textOf([frame]))),
      paceMs: random.integer(2, 6),
    }),
  },
]

// ---

function withoutLast(body: string, stream: boolean): string {
  return stream ? body.slice(0, Math.max(2, body.length >> 1)) : body
}
