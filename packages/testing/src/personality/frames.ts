import { encodeFrame } from '@gantry/wire'
import { faults } from '../upstream/faults.ts'
import { fromRows, inside, streamOf, textOf, type Personality, type UpstreamMaterial } from './personality.ts'

/** Hosts whose streams are framed in a way that catches careless readers, or hold what no stream should. */
export const oddFrames: readonly Personality[] = fromRows('garbage', [
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
    ({ frames }) => streamOf(frames.map((frame, index) => `id: ${index}\nretry: 10\n${encodeFrame(frame)}`)),
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
])

// ---

function half({ frames }: UpstreamMaterial): string {
  return textOf(frames.slice(0, Math.max(1, frames.length >> 1)))
}

function errorText({ error, errorFrame }: UpstreamMaterial): string {
  return textOf([errorFrame ?? { data: JSON.stringify(error) }])
}

/** Each piece is of 2,500 lines. */
function* lines(pieces: number): Generator<string> {
  const piece = 'data: 0123456789012345678901234567890123456789\n'.repeat(2500)
  for (let index = 0; index < pieces; index++) yield piece
}
