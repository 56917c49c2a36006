import type { GenerateRequest, Loss } from '../model/index.ts'
import type { AttemptContext, Key, Operation, Operations, Target, WireRequest } from '../contract/index.ts'
import type { RequestContext } from './context.ts'

/** One attempt at one target; everything of the request shows through. */
export class AttemptState implements AttemptContext {
  readonly base: RequestContext
  readonly target: Target
  readonly attempt: number
  readonly report: (loss: Loss) => void
  /** Losses of this attempt; those of the target that served become the request's. */
  readonly losses: Loss[] = []
  replaced = false
  #request?: GenerateRequest
  readonly #decode: () => GenerateRequest

  constructor(base: RequestContext, target: Target, attempt: number, decode: () => GenerateRequest) {
    this.base = base
    this.target = target
    this.attempt = attempt
    this.#decode = decode
    let seen: Set<string> | undefined
    this.report = (loss) => {
      seen ??= new Set()
      const id = `${loss.what}\n${loss.pointer}`
      if (seen.has(id) || seen.size >= 1000) return
      seen.add(id)
      this.losses.push(loss)
    }
  }

  get id(): string {
    return this.base.id
  }
  get signal(): AbortSignal {
    return this.base.signal
  }
  get protocol(): string {
    return this.base.protocol
  }
  get operation(): Operation {
    return this.base.operation
  }
  get wire(): WireRequest {
    return this.base.wire
  }
  get remoteAddress(): string | undefined {
    return this.base.remoteAddress
  }
  get receivedAt(): Date {
    return this.base.receivedAt
  }

  get request(): GenerateRequest {
    this.#request ??= this.#decode()
    return this.#request
  }

  replace(request: GenerateRequest): void {
    if (request === this.request) return
    this.#request = request
    this.replaced = true
  }

  get<T>(key: Key<T>): T {
    return this.base.get(key)
  }
  peek<T>(key: Key<T>): T | undefined {
    return this.base.peek(key)
  }
  set<T>(key: Key<T>, value: T): void {
    this.base.set(key, value)
  }
  subrequest<O extends Operation>(
    operation: O,
    request: Operations[O]['request'],
  ): Promise<Operations[O]['response']> {
    return this.base.subrequest(operation, request)
  }
}
