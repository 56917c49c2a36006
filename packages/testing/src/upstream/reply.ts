import type { OutputFrame } from '@gantry/wire'

/** Bytes or text to send. */
export type Piece = string | Uint8Array

/** How an upstream ends its answer. */
export type Ending =
  /** As HTTP says: the last chunk, the whole length. */
  | 'clean'
  /** The connection is closed (FIN) before HTTP's own end. */
  | 'cut'
  /** The connection is reset (RST). */
  | 'reset'
  /** Nothing more comes, and the connection stays. */
  | 'never'

/** One scripted answer. Without anything it is an empty 200. */
export interface Reply {
  /** 200 by default. */
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  /** Sent as one piece, unless `slices` cuts it. */
  readonly body?: Piece
  /** Sent as JSON, with its content type. */
  readonly json?: unknown
  /** Server-sent events, a piece each, with their content type. */
  readonly events?: readonly OutputFrame[]
  /** Pieces as they come, also without end; what pulls them feels the client's back-pressure. */
  readonly pieces?: Iterable<Piece> | AsyncIterable<Piece>
  /** Cuts what is sent: into slices of so many bytes, or of random size (seeded). */
  readonly slices?: number | 'random'
  /** Milliseconds before the head. */
  readonly delayMs?: number
  /** Milliseconds between two pieces or slices. */
  readonly paceMs?: number
  /** Stop after so many bytes of the body, then do as `end` says. */
  readonly stopAfter?: number
  /** `clean` by default. */
  readonly end?: Ending
  /** The head is never sent either: an upstream that takes the request and says nothing. */
  readonly silent?: boolean
}

/** Answers by request instead of in order. `index` counts requests from 0. */
export type Replier = (request: SeenRequest, index: number) => Reply | Promise<Reply>

/** What a replier may look at. */
export interface SeenRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array
}
