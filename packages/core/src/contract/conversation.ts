import type { GatewayError } from '../error.ts'
import type { Json, JsonObject } from '../model/json.ts'

/**
 * What a wire remembers between requests, for clients that send only what is new. The gateway plays the client's own
 * memory: it works on wire JSON, so that what comes back is exactly what a client with a memory would have sent.
 */
export interface ConversationMemory {
  /**
   * How long answers are kept for `previousResponseId` and retrieval, in milliseconds. Absent: nothing is kept; only a
   * connection remembers its own last answer.
   */
  readonly keepMs?: number

  /** What this body asks of the memory. Throws `GatewayError` for a wish that no memory fulfils. */
  asks(body: JsonObject): { readonly previous?: string; readonly keep: boolean }

  /** What is new in this body. */
  items(body: JsonObject): readonly Json[]

  /** The same request with all of `items` instead of what is new, and without a reference to an earlier answer. */
  withItems(body: JsonObject, items: readonly Json[]): JsonObject

  /** Text that stands in the data of every event that may hold an answer: other events are not parsed to look for one. */
  readonly mark: string

  /** The answer in a whole body or in one event of a stream; nothing for one that cannot be continued. */
  answer(message: JsonObject): RememberedAnswer | undefined

  /** The error for an earlier answer that is not there, in the words of the wire. */
  notFound(id: string): GatewayError
}

/** A finished answer as its client saw it. */
export interface RememberedAnswer {
  readonly id: string
  readonly body: JsonObject

  /** What a client sends back in front of its next words. */
  readonly items: readonly Json[]
}

/** An operation on a kept answer. `cancel` is for answers that still run. */
export interface StoredRequest {
  readonly action: 'get' | 'delete' | 'cancel' | 'items'
  readonly id: string
  readonly after?: string
  /** Items on a page, at most. */
  readonly limit?: number
  readonly order?: 'asc' | 'desc'
}

/** A kept answer: its body, and in `items` what was sent to get it. */
export interface StoredAnswer {
  readonly id: string
  readonly body: JsonObject
  readonly items: readonly Json[]
}

/** A WebSocket on which a client sends requests of one operation, one after another. */
export interface SocketCodec {
  /** Where clients open it; messages are requests of the POST route with the same path. */
  readonly path: string
  open(): SocketSession
}

/** What a message asks: a request to run, or events to answer at once. */
export type SocketMessage =
  | {
      /** The request as the client wrote it, which is what answers repeat. */
      readonly body: JsonObject

      /** The same with what the connection remembers in front of it, where it does: this is run. */
      readonly whole?: JsonObject
    }
  | { readonly events: readonly JsonObject[] }

/** What one connection knows between its messages. */
export interface SocketSession {
  /** Bytes that it remembers. */
  readonly size?: number

  /** Forgets them: too much is remembered for all connections together. */
  forget?(): void

  /** Reads a message. Throws `GatewayError`. */
  receive(message: JsonObject): SocketMessage

  /** Sees every event before it goes out. */
  sent(event: JsonObject): void

  /** The event for a request that was refused with this status and body. */
  refused(status: number, body: JsonObject): JsonObject
}
