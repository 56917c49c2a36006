import type { JsonObject } from '@gantry/core'
import { encodeFrame, type OutputFrame } from '@gantry/wire'
import type { Random } from '../random.ts'
import type { Piece, Reply } from '../upstream/reply.ts'

/** What a sound host says over one wire, for personalities to damage. */
export interface UpstreamMaterial {
  /** A whole stream, its last frame included. */
  readonly frames: readonly OutputFrame[]
  /** A whole answer. */
  readonly body: JsonObject
  /** An error envelope of the wire. */
  readonly error: JsonObject
  /** The frame that says so in a stream; by default `error` as a plain frame. */
  readonly errorFrame?: OutputFrame
}

/** One way in which a host misbehaves. */
export interface Personality {
  /** Unique, in kebab case; can stand in a URL or a model name. */
  readonly name: string
  /** `silence`: too late or never. `garbage`: wrong bytes. `cut`: the connection goes. `status`: an honest error. */
  readonly kind: 'silence' | 'garbage' | 'cut' | 'status'
  /** What it does, in a sentence. */
  readonly what: string
  /** The answers it gives: to streamed requests, to whole ones, or to both. */
  readonly answers: 'stream' | 'whole' | 'both'
  /**
   * What has to become of it. `sound`: nothing is wrong with what it says, only with how; the client gets all of it.
   * `failed`: the client is told, by a status or in the stream. `either`: both will do, as long as there is an end.
   */
  readonly expect: 'sound' | 'failed' | 'either'
  /** Makes its reply. The same seed gives the same bytes. */
  reply(material: UpstreamMaterial, random: Random, stream: boolean): Reply
}

/** Bytes of a sound answer and their content type. */
export function soundReply(
  { frames, body }: UpstreamMaterial,
  stream: boolean,
): Reply & { readonly body: string } {
  return stream
    ? { headers: { 'content-type': 'text/event-stream' }, body: textOf(frames) }
    : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** Frames as they stand on the wire. */
export function textOf(frames: readonly OutputFrame[]): string {
  return frames.map(encodeFrame).join('')
}

/** An event stream of these pieces. */
export function streamOf(pieces: Reply['pieces'] & {}): Reply {
  return { headers: { 'content-type': 'text/event-stream' }, pieces }
}

/** The same piece for ever. */
export function* forever(first: Piece, piece: Piece): Generator<Piece> {
  yield first
  for (;;) yield piece
}

/** A place strictly inside a body. */
export function inside(body: string, random: Random): number {
  return random.integer(1, Math.max(1, Buffer.byteLength(body) - 2))
}

/** An answer whose JSON is changed, whole or frame by frame; `change` sees each object, innermost first. */
export function edited(
  { frames, body, ...rest }: UpstreamMaterial,
  change: (object: JsonObject) => JsonObject,
): UpstreamMaterial {
  const revive = (_key: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? change(value as JsonObject) : value
  const editFrame = (frame: OutputFrame): OutputFrame => {
    if ('comment' in frame || !frame.data.startsWith('{')) return frame
    return { ...frame, data: JSON.stringify(JSON.parse(frame.data, revive)) }
  }
  return {
    ...rest,
    frames: frames.map(editFrame),
    body: JSON.parse(JSON.stringify(body), revive) as JsonObject,
  }
}

/** An object with every token count replaced. */
export function withTokens(object: JsonObject, count: JsonObject[string]): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      key.endsWith('_tokens') && !key.startsWith('max_') && typeof value === 'number' ? count : value,
    ]),
  )
}

/** A personality as a row of a table. */
export type PersonalityRow = readonly [
  name: string,
  what: string,
  answers: Personality['answers'],
  expect: Personality['expect'],
  reply: Personality['reply'],
]

/** Personalities of one kind from their rows. */
export function fromRows(kind: Personality['kind'], rows: readonly PersonalityRow[]): readonly Personality[] {
  return rows.map(([name, what, answers, expect, reply]) => ({ name, kind, what, answers, expect, reply }))
}
