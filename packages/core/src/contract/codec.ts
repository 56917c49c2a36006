import type { JsonObject } from '../model/json.ts'
import type { Custody, ToolCallPart } from '../model/part.ts'
import type { Loss } from '../model/loss.ts'
import type { Operation, Operations } from './operation.ts'
import type { ConversationMemory, SocketCodec } from './conversation.ts'
import type { GatewayErrorData } from '../model/error.ts'
import type { Relay } from './relay.ts'

/** A value now or later. */
export type Awaitable<T> = T | PromiseLike<T>

/** One SSE event, WebSocket message or array element, already framed. */
export interface Frame {
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/** A frame to write, or a comment (keep-alive). */
export type OutputFrame = Frame | { readonly comment: string }

/** What arrived: exact bytes, parsed once and only on demand. */
export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly params: { readonly [name: string]: string }
  readonly headers: Headers
  /** Names of `headers` in lower case, where they are known without reading every header. */
  headerNames?(): readonly string[]
  readonly body: Uint8Array
  json(): JsonObject
}

/** Where one attempt goes. */
export interface Target {
  readonly provider: string
  readonly protocol: string
  readonly model: string

  /** Which of the provider's credentials; a target with another credential is another target. */
  readonly credential?: number
  readonly maxOutputTokens?: number
  readonly quirks?: JsonObject
  readonly why?: string
}

/** Name on the wire to what the client declared. `custom`: arguments are wrapped as {"input": string}. */
export interface LoweredTools {
  readonly [wireName: string]: {
    readonly kind: ToolCallPart['kind']
    readonly name: string
    readonly namespace?: string
  }
}

/** What the client codec made of a request. */
export interface UpstreamRequest {
  readonly path: string
  readonly headers?: { readonly [name: string]: string }
  readonly body: JsonObject

  /** Core applies the inverse to every event and response. */
  readonly lowered?: LoweredTools
}

/** Takes a loss. */
export type Report = (loss: Loss) => void

/** Echo fields of a response (31 keys in R) come from `request` and `wire`. */
export interface ServerContext<O extends Operation> {
  readonly wire: WireRequest
  readonly request: Operations[O]['request']
  readonly requestId: string
  readonly report: Report

  /** Whether the answer is kept, so that a later request may continue it. */
  readonly kept?: boolean
}

/** What a client codec knows of its attempt. */
export interface ClientContext {
  readonly target: Target
  readonly report: Report
}

/** A path that a codec answers. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** rou3 pattern. */
  readonly path: string

  /** When protocols share a path: the first that matches. */
  readonly match?: (request: { readonly headers: Headers; readonly path: string }) => boolean
}

/** Faces a client. */
export interface ServerCodec<O extends Operation> {
  readonly routes: readonly Route[]
  decodeRequest(wire: WireRequest): Operations[O]['request']
  encodeResponse(response: Operations[O]['response'], context: ServerContext<O>): JsonObject
  streamEncoder?(context: ServerContext<O>): StreamEncoder<Operations[O]['event']>

  /** Whether the answer is to be the conversation, shortened: core has it summarised where the target's wire cannot. */
  compacts?(wire: WireRequest): boolean
}

/** Faces an upstream. */
export interface ClientCodec<O extends Operation> {
  encodeRequest(request: Operations[O]['request'], context: ClientContext): UpstreamRequest
  decodeResponse(body: JsonObject, context: ClientContext): Operations[O]['response']
  streamDecoder?(context: ClientContext): StreamDecoder<Operations[O]['event']>
}

/** Synchronous push machine, one a stream. `end` is called once, after an abrupt close too. */
export interface StreamDecoder<E> {
  push(frame: Frame, emit: (event: E) => void): void
  end(emit: (event: E) => void): void
}

/** Synchronous push machine, one a stream; `end` and `error` arrive as events. */
export interface StreamEncoder<E> {
  push(event: E, write: (frame: OutputFrame) => void): void
}

/** An error as it goes out. */
export interface EncodedError {
  readonly status: number
  readonly headers?: { readonly [name: string]: string }
  readonly body: JsonObject
}

/** The end that faces clients. */
export interface ProtocolServer {
  readonly codecs: { readonly [O in Operation]?: ServerCodec<O> }

  /** For wires on which a request may continue an earlier answer. */
  readonly memory?: ConversationMemory

  /** For wires that also run over a WebSocket. */
  readonly socket?: SocketCodec

  /** Works without a request: 404, body errors, shutdown. */
  encodeError(
    error: GatewayErrorData,
    context: { readonly requestId: string; readonly operation?: Operation },
  ): EncodedError
}

/** The end that faces upstreams. */
export interface ProtocolClient {
  readonly codecs: { readonly [O in Operation]?: ClientCodec<O> }
  decodeError(status: number, headers: Headers, body: Uint8Array): GatewayErrorData
  readonly relay?: Relay
  readonly framing: 'sse' | 'json-array' | 'ndjson'

  /**
   * What no request of this wire can ask for and core does itself: several `choices` by several requests, `stop`
   * sequences by ending the answer there.
   */
  readonly lacks?: readonly ('choices' | 'stop')[]
}

/** A wire format. Either end may be absent. */
export interface Protocol<N extends string = string> {
  readonly name: N
  readonly contract: 1
  readonly server?: ProtocolServer
  readonly client?: ProtocolClient

  /** Custody format in which this protocol's clients replay state; core puts envelopes there. */
  readonly carrier?: Custody['format']
}
