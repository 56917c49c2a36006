import type {
  AttemptContext,
  Context,
  GenerateRequest,
  Json,
  Key,
  KeyRef,
  Loss,
  Operation,
  Operations,
  ReserveContext,
  RouteContext,
  SettleContext,
  Target,
} from '@gantry/core'
import { toWireRequest } from '../fixtures.ts'

/** What a captured context starts from; everything has a plain default. */
export interface ContextOptions {
  readonly id?: string
  readonly protocol?: string
  readonly operation?: Operation
  readonly method?: string
  readonly path?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Json
  readonly receivedAt?: Date
  /** The public model name. */
  readonly model?: string
  readonly request?: GenerateRequest
  readonly targets?: readonly Target[]
  /** Per-request values that another plugin would have written. */
  readonly values?: readonly (readonly [KeyRef, unknown])[]
  /** Answers child requests; without it they fail. */
  readonly subrequest?: (operation: Operation, request: object) => Promise<object>
}

/** One request as hooks of every moment see it, and what they did to it. */
export interface CapturedContext {
  /** For `auth`. */
  readonly context: Context
  route(): RouteContext
  reserve(): ReserveContext
  attempt(attempt?: Partial<Pick<AttemptContext, 'target' | 'attempt' | 'request'>>): AttemptContext
  settle(outcome?: Partial<SettleContext>): SettleContext
  /** Aborts `signal`, as a client that leaves does. */
  abort(): void
  /** Values that hooks wrote, by the key's name. */
  readonly written: ReadonlyMap<string, unknown>
  /** Targets that a route hook dropped, with its reason. */
  readonly dropped: readonly { readonly target: Target; readonly why: string }[]
  readonly losses: readonly Loss[]
  /** What `replace` was given, in order. */
  readonly replaced: readonly GenerateRequest[]
}

/** Makes a context to call a hook with, without a gateway around it. */
export function captureContext(options: ContextOptions = {}): CapturedContext {
  const controller = new AbortController()
  const values = new Map<symbol, unknown>(options.values?.map(([key, value]) => [key.id, value]))
  const written = new Map<string, unknown>()
  const dropped: { target: Target; why: string }[] = []
  const losses: Loss[] = []
  const replaced: GenerateRequest[] = []
  const model = options.model ?? 'model-a'
  const request: GenerateRequest = options.request ?? {
    model,
    stream: false,
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
  }
  const targets: Target[] = [...(options.targets ?? [{ provider: 'one', protocol: 'openai-chat', model }])]
  const [target = { provider: 'one', protocol: 'openai-chat', model }] = targets

  const context: Context = {
    id: options.id ?? 'req_captured',
    signal: controller.signal,
    protocol: options.protocol ?? 'openai-chat',
    operation: options.operation ?? 'generate',
    wire: toWireRequest({
      method: options.method ?? 'POST',
      path: options.path ?? '/chat/completions',
      headers: options.headers ?? {},
      body: options.body ?? { model, messages: [{ role: 'user', content: 'hello' }] },
    }),
    receivedAt: options.receivedAt ?? new Date(Date.UTC(2026, 0, 1)),
    get<T>(key: Key<T>): T {
      if (!values.has(key.id)) throw new Error(`Nobody wrote "${key.name}" into the captured context.`)
      return values.get(key.id) as T
    },
    peek: <T>(key: Key<T>): T | undefined => values.get(key.id) as T | undefined,
    set(key, value) {
      values.set(key.id, value)
      written.set(key.name, value)
    },
    async subrequest<O extends Operation>(
      operation: O,
      child: Operations[O]['request'],
    ): Promise<Operations[O]['response']> {
      if (!options.subrequest)
        throw new Error('The captured context was not told how to answer child requests.')
      return (await options.subrequest(operation, child)) as Operations[O]['response']
    },
  }
  const decode = (): GenerateRequest => request

  return {
    context,
    route: () => ({
      ...context,
      model,
      decode,
      targets,
      drop(unwanted, why) {
        const index = targets.indexOf(unwanted)
        if (index >= 0) targets.splice(index, 1)
        dropped.push({ target: unwanted, why })
      },
    }),
    reserve: () => ({
      ...context,
      model,
      decode,
      targets,
      bound: () => ({
        inputTokens: Math.ceil(context.wire.body.byteLength / 4),
        ...(request.maxOutputTokens !== undefined && {
          maxOutputTokens: request.maxOutputTokens * (request.sampling?.count ?? 1),
        }),
        stream: request.stream,
      }),
    }),
    attempt: (attempt = {}) => ({
      ...context,
      target,
      attempt: 1,
      request,
      ...attempt,
      report: (loss) => void losses.push(loss),
      replace: (next) => void replaced.push(next),
    }),
    settle: (outcome = {}) => ({
      ...context,
      model,
      stream: request.stream,
      status: 200,
      relayed: false,
      outcome: 'completed',
      target,
      usage: { tokens: {}, source: 'none', final: true },
      attempts: [{ target, ms: 1 }],
      losses,
      lines: [],
      ms: 1,
      ...outcome,
    }),
    abort: () => controller.abort(),
    written,
    dropped,
    losses,
    replaced,
  }
}
