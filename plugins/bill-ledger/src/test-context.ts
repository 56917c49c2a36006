import {
  account,
  type AnyPlugin,
  type AttemptContext,
  group,
  type Host,
  type Key,
  type LedgerStore,
  type Outcome,
  type Pricing,
  type RequestBound,
  type ReserveContext,
  type ResolvedConfig,
  type SettleContext,
  type Target,
  type Usage,
  type UsageStore,
} from '@gantry/core'
import { pricingRatio } from '@gantry/pricing-ratio'
import { pricingTokens } from '@gantry/pricing-tokens'
import { billLedger, type BillLedgerOptions } from './index.ts'

/** One request as all three hooks see it. */
export type FakeRequest = ReserveContext & AttemptContext & SettleContext

/** What a test says of a request. */
export interface RequestInput {
  readonly id: string
  readonly account?: string
  readonly group?: string
  readonly model?: string
  readonly bound?: Partial<RequestBound>
}

/** How a test's request ended. */
export interface EndInput {
  readonly outcome: Outcome
  readonly usage?: Usage
  readonly firstOutputMs?: number
  readonly attempts?: number
}

/** A bill plugin over a real store and real pricing rules, without a gateway around it. */
export interface Rig {
  readonly ledger: LedgerStore
  readonly usage: UsageStore
  readonly logs: readonly string[]
  reserve(input: RequestInput): Promise<FakeRequest>
  /** The same without waiting. */
  start(input: RequestInput): { readonly request: FakeRequest; readonly done: Promise<void> }
  observe(request: FakeRequest, usage: Usage): void | 'stop'
  settle(request: FakeRequest, end: EndInput): Promise<FakeRequest>
  /** Waits for work that was given to the task set. */
  idle(): Promise<void>
  close(): Promise<void>
}

const target: Target = { provider: 'p', protocol: 'openai-chat', model: 'm' }

/** Sets everything up; `config` holds models and groups. */
export async function createRig(
  store: AnyPlugin,
  config: Partial<ResolvedConfig>,
  options?: BillLedgerOptions,
  wrap: (ledger: LedgerStore) => LedgerStore = (ledger) => ledger,
): Promise<Rig> {
  const ledgerOfStore = store.provides?.ledger?.[0]
  const usage = store.provides?.usage?.[0]
  if (!ledgerOfStore || !usage) throw new Error('the store has no ledger')
  const ledger = wrap(ledgerOfStore)
  const tasks = new Set<Promise<unknown>>()
  const logs: string[] = []
  const log = (message: string): void => void logs.push(message)
  const rules: Pricing[] = []
  const host: Host = {
    logger: { debug: log, info: log, warn: log, error: log },
    config: { providers: {}, models: {}, groups: {}, ...config },
    // Only these two slots are asked for here.
    use: ((slot: string) => (slot === 'ledger' ? ledger : usage)) as Host['use'],
    all: ((slot: string) => (slot === 'usage' ? [usage] : [])) as Host['all'],
    price: (context) =>
      rules.reduce<ReturnType<Host['price']>>((lines, rule) => rule.apply(lines, context), []),
    task: (work) => void tasks.add(work),
  }
  const plugins: AnyPlugin[] = [pricingTokens(), pricingRatio(), billLedger(options)]
  for (const plugin of plugins) {
    await plugin.setup?.(host)
    rules.push(...(plugin.provides?.pricing ?? []))
  }
  const hooks = plugins[2]?.hooks
  const [reserve, observe, settle] = [
    hooks?.['bill.reserve'],
    hooks?.['bill.observe'],
    hooks?.['bill.settle'],
  ]
  if (typeof reserve !== 'function' || typeof observe !== 'function' || typeof settle !== 'function') {
    throw new Error('the bill plugin has lost a hook')
  }
  return {
    ledger,
    usage,
    logs,
    async reserve(input) {
      const request = requestOf(input)
      await reserve(request)
      return request
    },
    start(input) {
      const request = requestOf(input)
      return { request, done: (async () => void (await reserve(request)))() }
    },
    observe: (request, used) => observe(request, used),
    async settle(request, end) {
      const peek = <T>(key: Key<T>): T | undefined => request.peek(key)
      const used = end.usage ?? { tokens: {}, source: 'none', final: true }
      const context = { moment: 'settle', operation: 'generate', model: request.model, usage: used } as const
      const ended: FakeRequest = {
        ...request,
        outcome: end.outcome,
        usage: used,
        status: end.outcome === 'completed' ? 200 : 502,
        lines: used.source === 'none' ? [] : host.price({ ...context, at: request.receivedAt, peek }),
        attempts: Array.from({ length: end.attempts ?? 1 }, () => ({ target, ms: 5 })),
        ...(end.firstOutputMs !== undefined && { firstOutputMs: end.firstOutputMs }),
      }
      await settle(ended)
      return ended
    },
    async idle() {
      await Promise.all(tasks)
    },
    async close() {
      for (const plugin of plugins) await plugin.close?.()
      await store.close?.()
    },
  }
}

/** A request that has passed auth and route. */
export function requestOf(input: RequestInput): FakeRequest {
  const values = new Map<symbol, unknown>([
    [account.id, input.account ?? 'ann'],
    [group.id, input.group ?? 'standard'],
  ])
  const unused = (): never => {
    throw new Error('not used here')
  }
  return {
    id: input.id,
    signal: new AbortController().signal,
    protocol: 'openai-chat',
    operation: 'generate',
    wire: {
      method: 'POST',
      path: '/chat/completions',
      params: {},
      headers: new Headers(),
      body: new Uint8Array(),
      json: unused,
    },
    receivedAt: new Date('2026-01-01T00:00:00Z'),
    get: <T>(key: Key<T>) => (values.has(key.id) ? (values.get(key.id) as T) : unused()),
    peek: <T>(key: Key<T>) => values.get(key.id) as T | undefined,
    set: (key, value) => void values.set(key.id, value),
    subrequest: unused,
    model: input.model ?? 'm',
    decode: unused,
    targets: [target],
    bound: () => ({ inputTokens: 1000, stream: true, ...input.bound }),
    target,
    attempt: 1,
    request: { model: 'm', turns: [], stream: true },
    report: unused,
    replace: unused,
    stream: true,
    status: 200,
    outcome: 'completed',
    usage: { tokens: {}, source: 'none', final: false },
    attempts: [],
    losses: [],
    lines: [],
    ms: 12.4,
  }
}
