import type { JsonObject } from '../model/json.ts'
import type { Awaitable } from './codec.ts'
import type { PriceLine } from './pricing.ts'
import type { Usage } from '../model/usage.ts'
import type { Outcome } from './context.ts'

/** Paging by cursor: at most `limit` items that come after `after`. */
export interface Page {
  readonly after?: string
  readonly limit: number
}

/** One page; without `next` it is the last. */
export interface Paged<T> {
  readonly items: readonly T[]
  readonly next?: string
}

/** An API key without its secret. */
export interface KeyRecord {
  readonly id: string
  readonly account: string
  readonly group: string
  readonly name?: string
  readonly disabled: boolean
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly limits?: JsonObject

  /** Last four characters of the secret, so that its owner knows it again. */
  readonly lastFour?: string
  /** Milliseconds since 1970. */
  readonly createdAt?: number
}

/** API keys, found by hash. */
export interface KeyStore<N extends string = string> {
  readonly name: N
  find(hash: string): Awaitable<KeyRecord | undefined>
  create(record: KeyRecord, hash: string): Awaitable<void>
  revoke(id: string): Awaitable<boolean>
  list(page: Page): Awaitable<Paged<KeyRecord>>
}

/**
 * Money set aside for one request. Amounts (`amount`, `cap`, `observed`) are nano-units of the asset; `periodStart` and
 * `expiresAt` are milliseconds since 1970; `epoch` is the same for as long as one process runs.
 */
export interface Hold {
  readonly id: string
  readonly account: string
  readonly wallets: readonly string[]
  readonly asset: string
  readonly amount: bigint

  /** The caller brings the cap: a period's row appears on first use. */
  readonly budgets: readonly {
    readonly kind: string
    readonly id: string
    readonly periodStart: number
    readonly cap: bigint
  }[]
  readonly priceVersion: string
  readonly ratioPpm: bigint
  readonly instance: string
  readonly epoch: number
  readonly sent: boolean

  /** Cost seen running when the hold was last extended: what a crash may charge. */
  readonly observed?: bigint
  readonly expiresAt: number
}

/** Granted, or which limit said no. */
export type ReserveResult =
  | { readonly ok: true; readonly wallet: string }
  | {
      readonly ok: false
      readonly limit: 'wallet' | 'key' | 'group' | 'account' | 'plan' | 'in_flight'
      readonly retryAfterMs?: number
    }

/** The final charge of one request; `amount` in nano-units of the hold's asset. */
export interface Settlement {
  readonly id: string
  readonly amount: bigint
  readonly lines: readonly PriceLine[]
  readonly usage: Usage
  readonly outcome: Outcome
  readonly attributes: JsonObject
}

/**
 * Money. Every method is idempotent by id; see the money page for what each transaction contains. Amounts are
 * nano-units of their asset, instants milliseconds since 1970. Methods reject with a `GatewayError` when what they are
 * given cannot be (`invalid_request`, `not_found`, `conflict`, `insufficient_funds`), and then nothing has changed.
 */
export interface LedgerStore<N extends string = string> {
  readonly name: N
  reserve(hold: Hold): Awaitable<ReserveResult>
  sent(id: string): Awaitable<void>
  extend(id: string, by: bigint, observed?: bigint): Awaitable<boolean>

  /** Also after expiry: then a late entry, or a write-off. */
  settle(settlement: Settlement): Awaitable<void>
  void(id: string, reason: string): Awaitable<void>
  expire(now: number, limit: number): Awaitable<number>
  open(instance: string): Awaitable<readonly Hold[]>

  /** Adds the wallets that are missing. Throws `conflict` for one that is there with another overdraft. */
  createAccount(account: {
    readonly id: string
    readonly wallets: readonly { readonly asset: string; readonly overdraft: bigint }[]
  }): Awaitable<void>

  /** Ids of the accounts that were created, in a stable order; what a console and the CLI list. */
  accounts?(page: Page): Awaitable<Paged<string>>

  /** Positive credits, negative debits; idempotent by `reference`. */
  transfer(entry: {
    readonly account: string
    readonly asset: string
    readonly amount: bigint
    readonly counterAccount: string
    readonly reference: string
  }): Awaitable<void>
  balance(account: string): Awaitable<
    readonly {
      readonly wallet: string
      readonly asset: string
      readonly posted: bigint
      readonly held: bigint
    }[]
  >

  /** The invariants of the money page; rows that break one. */
  audit(): Awaitable<readonly { readonly invariant: string; readonly row: JsonObject }[]>
}

/** Reads what settle wrote. */
export interface UsageStore<N extends string = string> {
  readonly name: N
  /** For a gateway without a bill plugin; idempotent by request id. With one, `settle` writes the row. */
  write(row: JsonObject): Awaitable<void>
  query(filter: JsonObject, page: Page): Awaitable<Paged<JsonObject>>
  sum(filter: JsonObject, by: readonly string[]): Awaitable<readonly JsonObject[]>
}

/** Rate windows and concurrency leases; never money. */
export interface CounterStore<N extends string = string> {
  readonly name: N
  take(
    key: string,
    // number: a count of requests or tokens, not money
    cost: number,
    limit: { readonly per: number; readonly windowMs: number },
  ): Awaitable<{ readonly ok: boolean; readonly remaining: number; readonly resetMs: number }>
  acquire(key: string, limit: number, ttlMs: number): Awaitable<string | undefined>
  release(key: string, lease: string): Awaitable<void>
}

/** Small values of one account with a lifetime: pins, stored responses, signature cache, idempotent replies. `expect` makes a write conditional. */
export interface KvStore<N extends string = string> {
  readonly name: N
  get(account: string, key: string): Awaitable<Uint8Array | undefined>
  put(
    account: string,
    key: string,
    value: Uint8Array,
    options: { readonly ttlMs: number; readonly expect?: 'absent' },
  ): Awaitable<boolean>
  delete(account: string, key: string): Awaitable<void>
}

/** Durable runs; appends are fenced by epoch. */
export interface RunStore<N extends string = string> {
  readonly name: N
  create(run: JsonObject): Awaitable<{ readonly id: string; readonly epoch: number }>
  claim(id: string): Awaitable<number | undefined>
  append(id: string, epoch: number, events: readonly JsonObject[]): Awaitable<number>
  read(id: string, after: number, limit: number): Awaitable<readonly JsonObject[]>
}
