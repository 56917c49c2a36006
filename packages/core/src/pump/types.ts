import type { Readable } from 'node:stream'
import type { Finish, GatewayErrorData, GenerateRequest, Loss, Usage } from '../model/index.ts'
import type {
  EventTransform,
  Logger,
  Operation,
  Outcome,
  Protocol,
  ProtocolServer,
  Provider,
  RequestBound,
  Target,
  WireRequest,
} from '../contract/index.ts'
import type { ByteBody, Outbound } from '@gantry/wire'
import type { AttemptState } from '../run/attempt-context.ts'
import type { Tracer } from '../trace/tracer.ts'
import type { StreamLine } from './line.ts'

/** Timers of the pump, in milliseconds. */
export interface PumpTimers {
  /** After this much silence before the first output, the head goes out and fallback ends; 0 = never. */
  readonly commitAfter: number
  /** Silence towards the client after which a keep-alive is written. */
  readonly keepAlive: number
  /** How long an upstream may send nothing but pings. */
  readonly pingsOnly: number
  /** How long a detached drain may take. */
  readonly drain: number
  /** How long an upstream that has said its last frame may keep the connection open. */
  readonly linger: number
  /** How long a provider may take to say where a request goes and with which credential. */
  readonly endpoint: number
}

/** The timers unless configured. */
export const defaultTimers: PumpTimers = {
  commitAfter: 30_000,
  keepAlive: 15_000,
  pingsOnly: 600_000,
  drain: 30_000,
  linger: 10_000,
  endpoint: 10_000,
}

/** What all attempts of all requests share. */
export interface PumpShared {
  readonly outbound: Outbound
  readonly logger: Logger
  readonly timers: PumpTimers
  readonly redact: (text: string) => string
  /** Only while somebody traces. */
  readonly tracer?: Tracer
  /** Takes a place for a detached drain; `false` when all are taken. */
  takeDrain(): boolean
  releaseDrain(): void
}

/** One attempt, ready to go. */
export interface AttemptPlan {
  readonly shared: PumpShared
  readonly state: AttemptState
  readonly target: Target
  readonly provider: Provider
  readonly operation: Operation
  readonly clientProtocol: Protocol
  readonly server: ProtocolServer
  readonly upstreamProtocol?: Protocol
  readonly wire: WireRequest
  /** The request as it arrived, where an earlier answer was put in front of it. */
  readonly sent?: WireRequest
  /** The answer is kept for later requests, so its echoes are ours and its bytes do not pass unread. */
  readonly kept?: boolean
  readonly stream: boolean
  readonly bound: () => RequestBound
  /** The decoded request as the client sent it, for the server codec's echoes. */
  readonly asked: () => GenerateRequest
  /** Event hooks of this attempt; empty: bytes may pass. */
  readonly transforms: readonly EventTransform[]
  /** The client's public model name where the answer has to show it. */
  readonly echo?: string
  /** Whether this request is the child of another and wants the decoded response. */
  readonly child: boolean
  /** Called at usage reports and every so many output bytes. */
  observe(usage: Usage): void | 'stop'
  readonly signal: AbortSignal
  /** When the head goes out at the latest, on the clock of `performance.now()`: it counts over all attempts of a request. */
  readonly commitBy?: number
  /** Registers what ends this attempt from outside, at the drain's deadline. Returns how to take it back. */
  onCut(cut: (error: GatewayErrorData) => void): () => void
}

/** How a stream or body ended, for money. */
export interface AttemptEnd {
  readonly outcome: Outcome
  /** As the upstream reported it, or undefined. */
  readonly usage?: Usage
  readonly outputBytes: number
  readonly finish?: Finish
  readonly error?: GatewayErrorData
  /** When the first output came, on the clock of `performance.now()`. */
  readonly firstOutputAt?: number
  /** Whether bytes passed unchanged; absent when the upstream gave no answer. */
  readonly relayed?: boolean
}

/** What came of one attempt. */
export type AttemptResult =
  | { readonly kind: 'failed'; readonly error: GatewayErrorData; readonly sent: boolean }
  | { readonly kind: 'aborted'; readonly end: Promise<AttemptEnd> }
  | {
      readonly kind: 'whole'
      readonly body: string | Uint8Array
      readonly end: AttemptEnd
      readonly losses: readonly Loss[]
      /** The decoded answer, for a child request. */
      readonly response?: unknown
    }
  | {
      readonly kind: 'stream'
      readonly body: Readable
      readonly end: Promise<AttemptEnd>
    }

/** One stream, from the moment its request is sent to its last client byte. */
export interface StreamPump {
  /** Resolves at the commit point with the body, or when the attempt has failed before it. Never rejects. */
  readonly result: Promise<AttemptResult>
  readonly isOver: boolean
  /** Bytes the client has not taken yet: for sources that cannot be paused. */
  readonly waiting: number
  /** The upstream has begun its answer. Without a `source` the line is fed from outside, which then calls `pulse`. */
  attach(line: StreamLine, source: ByteBody | undefined, relayed: boolean): void
  /** Runs what feeds the line, then looks at what the line has become. */
  feed(work: () => void): void
  /** The upstream closed, with an error or without. */
  closed(error?: unknown): void
  /** The attempt failed outside the line. */
  fail(error: GatewayErrorData, sent?: boolean): void
}
