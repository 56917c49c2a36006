import {
  account,
  type AnyPlugin,
  type AttemptContext,
  group,
  type Key,
  type LedgerStore,
  type Outcome,
  type RequestBound,
  type ReserveContext,
  type ResolvedConfig,
  type SettleContext,
  type Target,
  type Usage,
  type UsageStore,
} from '@gantry/core'
import { captureContext, createFakeHost, runHook } from '@gantry/testing'
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
  /** Messages that were logged. */
  logs(): readonly string[]
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
  const wrapped: AnyPlugin = { ...store, provides: { ...store.provides, ledger: [ledger] } }
  const plugins: AnyPlugin[] = [pricingTokens(), pricingRatio(), billLedger(options)]
  const host = createFakeHost({ config, plugins: [wrapped, ...plugins] })
  for (const plugin of plugins) await plugin.setup?.(host)
  const bill = plugins[2]
  if (!bill) throw new Error('there is no bill plugin')
  return {
    ledger,
    usage,
    logs: () => host.logger.lines.map(({ message }) => message),
    async reserve(input) {
      const request = requestOf(input)
      await runHook(bill, 'bill.reserve', request)
      return request
    },
    start(input) {
      const request = requestOf(input)
      return { request, done: (async () => void (await runHook(bill, 'bill.reserve', request)))() }
    },
    observe: (request, used) => runHook(bill, 'bill.observe', request, used),
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
      await runHook(bill, 'bill.settle', ended)
      return ended
    },
    async idle() {
      await host.idle()
    },
    async close() {
      for (const plugin of plugins) await plugin.close?.()
      await store.close?.()
    },
  }
}

/** A request that has passed auth and route. */
export function requestOf(input: RequestInput): FakeRequest {
  const model = input.model ?? 'm'
  const captured = captureContext({
    id: input.id,
    model,
    targets: [target],
    request: { model, turns: [], stream: true },
  })
  captured.context.set(account, input.account ?? 'ann')
  captured.context.set(group, input.group ?? 'standard')
  return {
    ...captured.reserve(),
    ...captured.attempt(),
    ...captured.settle({ usage: { tokens: {}, source: 'none', final: false }, attempts: [], ms: 12.4 }),
    bound: () => ({ inputTokens: 1000, stream: true, ...input.bound }),
    target,
  }
}
