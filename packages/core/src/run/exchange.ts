import type { Readable } from 'node:stream'
import type { JsonObject } from '../model/index.ts'
import type { Logger, Operation, ServerOptions, SocketCodec } from '../contract/index.ts'

/**
 * One request on a matched codec route, as the HTTP shell hands it to the kernel.
 * The body is unread: auth runs before it.
 */
export interface Incoming {
  /** Our request id, on every answer, error and log line. */
  readonly id: string
  readonly method: string
  /** Path and query as the client wrote them, version prefix removed. */
  readonly path: string
  readonly params: { readonly [name: string]: string }
  readonly headers: Headers
  /** Their names in lower case; absent where nobody knows them without reading all. */
  readonly headerNames?: () => readonly string[]
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  readonly remoteAddress?: string
  readonly receivedAt: Date
  /**
   * Reads the whole body once, counted while streaming, decompressed, and checked for depth and object count.
   * Throws `GatewayError` (`too_large`, `invalid_request`, `timeout`, `overloaded`).
   */
  body(): Promise<Uint8Array>
  /** What is run instead of the body, where a connection put what it remembers in front of it. */
  readonly whole?: JsonObject
  /** Takes more of the in-flight budget. Throws `GatewayError` `overloaded`. */
  hold?(bytes: number): void
  /** Gives the body's share of the in-flight budget back. Safe to call twice. */
  release(): void
}

/** What goes back to the client. A `Readable` is destroyed when the client leaves. */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | Uint8Array | Readable
}

/** One path of one codec, unprefixed (`/chat/completions`); the shell mounts it under `/`, `/v1` and `/v1/v1`. */
export interface KernelRoute {
  readonly protocol: string
  readonly operation: Operation
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly match?: (request: { headers: Headers; path: string }) => boolean
}

/** A WebSocket of one protocol, and the route its messages are requests of. */
export interface KernelSocket {
  readonly codec: SocketCodec
  readonly route: KernelRoute
}

/** What is known of a request when it fails outside the kernel. */
export interface FailedRequest {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly headers?: Headers
}

/** The five phases behind the HTTP shell. */
export interface Kernel {
  readonly routes: readonly KernelRoute[]
  readonly sockets: readonly KernelSocket[]
  readonly server: ServerOptions
  readonly logger: Logger
  /** Runs one request through its phases. Never rejects: errors come back encoded in the route's protocol. */
  run(route: KernelRoute, incoming: Incoming): Promise<Answer>
  /** Runs auth for a connection that wants to open; an answer refuses it. */
  admit(socket: KernelSocket, incoming: Incoming): Promise<Answer | undefined>
  /** Encodes an error raised before or outside `run`, in the protocol that owns the path (else the first one). */
  fail(error: unknown, request: FailedRequest): Answer
}
