import { encodeFrame } from '@gantry/wire'
import { faults } from '../upstream/faults.ts'
import type { Reply } from '../upstream/reply.ts'
import {
  edited,
  inside,
  soundReply,
  streamOf,
  textOf,
  withTokens,
  type Personality,
  type UpstreamMaterial,
} from './personality.ts'

/** What most of these differ in. */
type Short = readonly [
  name: string,
  what: string,
  answers: Personality['answers'],
  expect: Personality['expect'],
  reply: Personality['reply'],
]

/** Hosts that answer with the wrong bytes, or the right ones in a way that catches careless readers. */
export const garbage: readonly Personality[] = (
  [
    ['html-200', 'The page of a proxy, with status 200.', 'both', 'failed', () => faults.html()],
    [
      'html-502',
      'The page of a proxy, with its status.',
      'both',
      'failed',
      () => ({ ...faults.html(), status: 502 }),
    ],
    [
      'empty-200',
      'Status 200 and nothing.',
      'both',
      'failed',
      (material, _random, stream) => ({ ...soundReply(material, stream), body: '' }),
    ],
    [
      'error-with-200',
      'An error envelope under status 200.',
      'both',
      'failed',
      ({ error }) => ({ json: error }),
    ],
    [
      'error-as-first-frame',
      'A stream that begins with an error.',
      'stream',
      'failed',
      (material) => streamOf([errorText(material)]),
    ],
    [
      'error-in-the-middle',
      'A stream that turns into an error.',
      'stream',
      'failed',
      (material) => streamOf([half(material), errorText(material)]),
    ],
    [
      'wrong-content-type',
      'The right bytes, called text.',
      'both',
      'either',
      (material, _random, stream) => ({
        body: soundReply(material, stream).body,
        headers: { 'content-type': 'text/plain' },
      }),
    ],
    [
      'no-content-type',
      'The right bytes, called nothing.',
      'both',
      'either',
      (material, _random, stream) => ({ body: soundReply(material, stream).body }),
    ],
    [
      'json-for-a-stream',
      'A whole answer where a stream was asked for.',
      'stream',
      'either',
      ({ body }) => ({ json: body }),
    ],
    [
      'stream-for-json',
      'A stream where a whole answer was asked for.',
      'whole',
      'either',
      (material) => soundReply(material, true),
    ],
    [
      'truncated-json',
      'JSON that stops, and a clean end.',
      'whole',
      'failed',
      (material, random) => {
        const sound = soundReply(material, false)
        return { ...sound, stopAfter: inside(sound.body, random) }
      },
    ],
    ['json-null', 'JSON that is null.', 'whole', 'failed', () => ({ json: null })],
    ['json-list', 'JSON that is an empty list.', 'whole', 'failed', () => ({ json: [] })],
    [
      'json-too-deep',
      'JSON of a hundred thousand brackets.',
      'whole',
      'failed',
      () => ({
        headers: { 'content-type': 'application/json' },
        body: '['.repeat(100_000) + ']'.repeat(100_000),
      }),
    ],
    [
      'frame-no-json',
      'A frame that is not JSON.',
      'stream',
      'failed',
      (material) => streamOf([half(material), 'data: {"cut":\n\n']),
    ],
    [
      'half-a-frame',
      'A frame that stops, and a clean end.',
      'stream',
      'failed',
      ({ frames }, random) => {
        const text = textOf(frames.slice(0, 1))
        return { ...streamOf([text]), stopAfter: inside(text, random) }
      },
    ],
    [
      'invalid-utf-8',
      'Bytes that are no UTF-8, inside a frame.',
      'stream',
      'either',
      (material) =>
        streamOf([
          half(material),
          Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0xff, 0xfe, 0xc3, 0x0a, 0x0a),
        ]),
    ],
    [
      'nul-bytes',
      'Zeros between frames.',
      'stream',
      'either',
      ({ frames }) => streamOf(frames.map((frame) => `\u0000\u0000\n${encodeFrame(frame)}`)),
    ],
    ['huge-line', 'One line of 40 MB.', 'stream', 'failed', () => faults.hugeLine()],
    ['many-data-lines', 'One event of a million lines.', 'stream', 'failed', () => streamOf(lines(400))],
    [
      'cr-lines',
      'Lines that end with CR.',
      'stream',
      'sound',
      ({ frames }) => streamOf([textOf(frames).replaceAll('\n', '\r')]),
    ],
    [
      'crlf-lines',
      'Lines that end with CRLF.',
      'stream',
      'sound',
      ({ frames }) => streamOf([textOf(frames).replaceAll('\n', '\r\n')]),
    ],
    [
      'byte-order-mark',
      'A byte order mark at the front.',
      'stream',
      'sound',
      ({ frames }) => streamOf([`\ufeff${textOf(frames)}`]),
    ],
    [
      'no-space-after-colon',
      'Fields without the space.',
      'stream',
      'sound',
      ({ frames }) => streamOf([textOf(frames).replaceAll(/^(data|event): /gm, '$1:')]),
    ],
    [
      'comments-between',
      'A comment before each frame.',
      'stream',
      'sound',
      ({ frames }) => streamOf([frames.map((frame) => `: here\n\n${encodeFrame(frame)}`).join('')]),
    ],
    [
      'blank-lines-between',
      'Empty lines between frames.',
      'stream',
      'sound',
      ({ frames }) => streamOf([frames.map((frame) => `\n\n${encodeFrame(frame)}\n`).join('')]),
    ],
    [
      'ids-and-retries',
      'Fields of the event stream that nobody uses.',
      'stream',
      'sound',
      ({ frames }) =>
        streamOf(frames.map((frame, index) => `id: ${index}\nretry: 10\n${encodeFrame(frame)}`)),
    ],
    [
      'byte-by-byte',
      'Each byte by itself, so that characters are split.',
      'both',
      'sound',
      (material, _random, stream) => ({ ...soundReply(material, stream), slices: 1 }),
    ],
    [
      'random-slices',
      'Slices of random size.',
      'both',
      'sound',
      (material, _random, stream) => ({ ...soundReply(material, stream), slices: 'random' }),
    ],
    [
      'no-last-frame',
      'Everything but the last frame, and a clean end.',
      'stream',
      'either',
      ({ frames }) => streamOf([textOf(frames.slice(0, -1))]),
    ],
    [
      'only-the-first-frame',
      'One frame, and a clean end.',
      'stream',
      'failed',
      ({ frames }) => streamOf([textOf(frames.slice(0, 1))]),
    ],
    [
      'last-frame-twice',
      'The last frame, twice.',
      'stream',
      'sound',
      ({ frames }) => streamOf([textOf([...frames, ...frames.slice(-1)])]),
    ],
    [
      'everything-twice',
      'The whole stream, twice.',
      'stream',
      'either',
      ({ frames }) => streamOf([textOf([...frames, ...frames])]),
    ],
    [
      'frames-backwards',
      'All frames, the last first.',
      'stream',
      'either',
      ({ frames }) => streamOf([textOf(frames.toReversed())]),
    ],
    [
      'negative-usage',
      'Token counts below zero.',
      'both',
      'either',
      (material, _random, stream) =>
        soundReply(
          edited(material, (object) => withTokens(object, -5)),
          stream,
        ),
    ],
    [
      'absurd-usage',
      'Token counts beyond all reason.',
      'both',
      'either',
      (material, _random, stream) =>
        soundReply(
          edited(material, (object) => withTokens(object, 9e15)),
          stream,
        ),
    ],
    [
      'usage-as-text',
      'Token counts that are text.',
      'both',
      'either',
      (material, _random, stream) =>
        soundReply(
          edited(material, (object) => withTokens(object, '12')),
          stream,
        ),
    ],
    [
      'no-usage',
      'No token counts at all.',
      'both',
      'either',
      (material, _random, stream) =>
        soundReply(
          edited(material, ({ usage: _usage, ...object }) => object),
          stream,
        ),
    ],
    [
      'hostile-keys',
      'Objects with keys that reach for prototypes.',
      'both',
      'either',
      (material, _random, stream) => hostile(material, stream),
    ],
    [
      'gzip-that-is-none',
      'Plain bytes that are said to be compressed.',
      'both',
      'failed',
      (material, _random, stream) => ({
        ...soundReply(material, stream),
        headers: { ...soundReply(material, stream).headers, 'content-encoding': 'gzip' },
      }),
    ],
  ] satisfies readonly Short[]
).map(([name, what, answers, expect, reply]): Personality => ({
  name,
  kind: 'garbage',
  what,
  answers,
  expect,
  reply,
}))

// ---

function half({ frames }: UpstreamMaterial): string {
  return textOf(frames.slice(0, Math.max(1, frames.length >> 1)))
}

function errorText({ error, errorFrame }: UpstreamMaterial): string {
  return textOf([errorFrame ?? { data: JSON.stringify(error) }])
}

function hostile(material: UpstreamMaterial, stream: boolean): Reply {
  const { body, ...sound } = soundReply(material, stream)
  return {
    ...sound,
    body: body.replaceAll(/"usage":\{/g, '"__proto__":{"polluted":true},"usage":{"constructor":1,'),
  }
}

/** Each piece is of 2,500 lines. */
function* lines(pieces: number): Generator<string> {
  const piece = 'data: 0123456789012345678901234567890123456789\n'.repeat(2500)
  for (let index = 0; index < pieces; index++) yield piece
}
