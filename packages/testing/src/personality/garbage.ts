import { faults } from '../upstream/faults.ts'
import type { Reply } from '../upstream/reply.ts'
import {
  edited,
  fromRows,
  inside,
  soundReply,
  withTokens,
  type Personality,
  type UpstreamMaterial,
} from './personality.ts'

/** Hosts that answer with the wrong bytes, or the right ones under a wrong name. */
export const garbage: readonly Personality[] = fromRows('garbage', [
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
])

// ---

function hostile(material: UpstreamMaterial, stream: boolean): Reply {
  const { body, ...sound } = soundReply(material, stream)
  return {
    ...sound,
    body: body.replaceAll(/"usage":\{/g, '"__proto__":{"polluted":true},"usage":{"constructor":1,'),
  }
}
