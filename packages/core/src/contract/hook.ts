import type { GatewayEvent } from '../model/event.ts'
import type {
  AttemptContext,
  AttemptOutcome,
  Context,
  ReserveContext,
  RouteContext,
  SettleContext,
} from './context.ts'
import type { Awaitable } from './codec.ts'
import type { Usage } from '../model/usage.ts'
import type { Operation } from './operation.ts'

/** One event in; one, several or none out. */
export type EventTransform = (event: GatewayEvent) => GatewayEvent | readonly GatewayEvent[] | null

/** Contract table of the lifecycle; key order is run order. */
export interface Hooks {
  /** Serial, fails closed; a Response answers at once. */
  auth(context: Context): Awaitable<void | Response>

  /** Serial; orders and drops `targets`, each with its reason. */
  route(context: RouteContext): Awaitable<void | Response>

  /** Serial, before the first upstream byte; throwing refuses, a Response answers (idempotent replay). */
  'bill.reserve'(context: ReserveContext): Awaitable<void | Response>

  /** Serial, per attempt. */
  'transform.request'(context: AttemptContext): Awaitable<void>

  /** Once per attempt: returns the synchronous event function, or nothing and the bytes pass. */
  'transform.event'(context: AttemptContext): EventTransform | undefined

  /** Synchronous, at each usage report and every so many output bytes: may start an extension of the hold; `"stop"` ends the stream with reason `length`. */
  'bill.observe'(context: AttemptContext, usage: Usage): void | 'stop'

  /** Synchronous, after each attempt: health, latency and affinity learn; the first answer given decides, else core retries what is retryable. */
  'route.outcome'(context: AttemptContext, outcome: AttemptOutcome): void | 'retry' | 'next' | 'stop'

  /** Serial, exactly once, whatever happened; retried, then spooled. */
  'bill.settle'(context: SettleContext): Awaitable<void>

  /** Parallel, all settled. */
  log(context: SettleContext): Awaitable<void>
}

/** Exact string, pattern, or any of a list. */
export type Match = string | RegExp | readonly (string | RegExp)[]

/** Where a hook applies; compiled per route. */
export interface Filter {
  readonly protocol?: Match
  readonly provider?: Match
  readonly model?: Match
  readonly operation?: Operation | readonly Operation[]
}

/** A function, or one with order and filter. */
export type Hook<H extends keyof Hooks> =
  | Hooks[H]
  | { readonly order?: 'pre' | 'post'; readonly filter?: Filter; readonly handler: Hooks[H] }

/** The hooks of a plugin or config. */
export type HookMap = { readonly [H in keyof Hooks]?: Hook<H> }
