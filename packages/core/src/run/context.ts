import type { Finish, GatewayErrorData, Loss, Usage } from '../model/index.ts'
import type {
  Key,
  Operation,
  Operations,
  Outcome,
  PriceLine,
  RequestBound,
  ReserveContext,
  RouteContext,
  SettleContext,
  Target,
  WireRequest,
} from '../contract/index.ts'
import { GatewayError } from '../error.ts'

/** One attempt, as settlement and log see it. */
export interface AttemptRecord {
  readonly target: Target
  readonly error?: GatewayErrorData
  readonly ms: number
}

/** What a request context needs from the kernel. */
export interface ContextSource {
  decode(): Operations[Operation]['request']
  bound(): RequestBound
  subrequest<O extends Operation>(
    operation: O,
    request: Operations[O]['request'],
  ): Promise<Operations[O]['response']>
}

/** How a request ended; written once, before settlement. */
export interface Ending {
  readonly outcome: Outcome
  readonly status: number
  readonly usage: Usage
  readonly finish?: Finish
  readonly error?: GatewayErrorData
  readonly target?: Target
}

/** What a context is made of. */
export interface ContextInit {
  readonly id: string
  /** Aborts when the client is gone; of a child, when its parent's does. */
  readonly signal: AbortSignal
  readonly protocol: string
  readonly operation: Operation
  readonly wire: WireRequest
  readonly receivedAt: Date
  readonly remoteAddress?: string
  /** A child begins with what its parent knows; what it writes stays its own. */
  readonly parent?: RequestContext
}

const noUsage: Usage = { tokens: {}, source: 'none', final: true }

/**
 * One request through its whole life. The moments see it through narrower types: auth as `Context`, route as
 * `RouteContext`, reserve as `ReserveContext`, settle and log as `SettleContext`. A property of a later moment
 * holds its empty value until then.
 */
export class RequestContext implements RouteContext, ReserveContext, SettleContext {
  readonly started: number = performance.now()
  readonly targets: Target[] = []
  readonly dropped: { target: Target; why: string }[] = []
  readonly losses: Loss[] = []
  readonly attempts: AttemptRecord[] = []
  readonly clientRequestId?: string
  lines: readonly PriceLine[] = []
  model = ''
  stream = false
  status = 0
  outcome: Outcome = 'refused'
  usage: Usage = noUsage
  relayed?: boolean
  target?: Target
  finish?: Finish
  error?: GatewayErrorData
  firstOutputMs?: number
  ms = 0
  /** Set by the kernel once the body is open. */
  source?: ContextSource
  readonly #init: ContextInit
  readonly #values: Map<symbol, unknown>
  readonly #controller = new AbortController()
  #seen: Set<string> | undefined
  readonly #onGone = (): void => this.#controller.abort(this.#init.signal.reason)

  constructor(init: ContextInit) {
    this.#init = init
    this.#values = new Map(init.parent ? init.parent.#values : undefined)
    if (init.signal.aborted) this.#onGone()
    else init.signal.addEventListener('abort', this.#onGone, { once: true })
    const theirs = init.wire.headers.get('x-request-id')
    if (theirs) this.clientRequestId = theirs.slice(0, 128)
  }

  // Getters without setters: a hook that assigns to who or what a request is gets an error, not its way.
  get id(): string {
    return this.#init.id
  }
  /** Aborts when the client is gone, a hook has run out of time, or the gateway ends the request. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }
  get protocol(): string {
    return this.#init.protocol
  }
  get operation(): Operation {
    return this.#init.operation
  }
  get wire(): WireRequest {
    return this.#init.wire
  }
  get receivedAt(): Date {
    return this.#init.receivedAt
  }
  get remoteAddress(): string | undefined {
    return this.#init.remoteAddress
  }
  /** Whether it is the client that has left. */
  get gone(): boolean {
    return this.#init.signal.aborted
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason)
  }

  /** The request is over: its client's connection is nobody's business any more. */
  unlink(): void {
    this.#init.signal.removeEventListener('abort', this.#onGone)
  }

  get<T>(key: Key<T>): T {
    if (!this.#values.has(key.id)) {
      throw new GatewayError({
        class: 'internal',
        message: `Nothing has set "${key.name}" for this request.`,
        code: 'missing_key',
      })
    }
    return this.#values.get(key.id) as T
  }

  peek<T>(key: Key<T>): T | undefined {
    return this.#values.get(key.id) as T | undefined
  }

  set<T>(key: Key<T>, value: T): void {
    this.#values.set(key.id, value)
  }

  decode(): Operations[Operation]['request'] {
    return this.#ready().decode()
  }

  bound(): RequestBound {
    return this.#ready().bound()
  }

  subrequest<O extends Operation>(
    operation: O,
    request: Operations[O]['request'],
  ): Promise<Operations[O]['response']> {
    return this.#ready().subrequest(operation, request)
  }

  drop(target: Target, why: string): void {
    const index = this.targets.indexOf(target)
    if (index < 0) return
    this.targets.splice(index, 1)
    this.dropped.push({ target, why })
  }

  /** Milliseconds since the request arrived. */
  elapsed(): number {
    return performance.now() - this.started
  }

  report(loss: Loss): void {
    // One report per pointer and kind, and a bound: a hostile body must not grow the log row.
    const id = `${loss.what}\n${loss.pointer}\n${loss.target}`
    const seen = (this.#seen ??= new Set())
    if (this.losses.length >= 1000 || seen.has(id)) return
    seen.add(id)
    this.losses.push(loss)
  }

  #ready(): ContextSource {
    if (!this.source) throw new Error('The request body was read before auth had finished.')
    return this.source
  }
}
