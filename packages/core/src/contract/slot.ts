import type { Protocol } from './codec.ts'
import type { Provider } from './provider.ts'
import type { Pricing } from './pricing.ts'
import type { GatewayTool } from './tool.ts'
import type { TokenCounter } from './tokens.ts'
import type { CounterStore, KeyStore, KvStore, LedgerStore, RunStore, UsageStore } from './store.ts'

/** Contract table of what plugins provide by name. A store fills several of the last six under one name. */
export interface Slots<N extends string = string> {
  readonly protocol: Protocol<N>
  readonly provider: Provider<N>
  readonly pricing: Pricing<N>
  readonly tool: GatewayTool<N>
  readonly tokens: TokenCounter<N>
  readonly keys: KeyStore<N>
  readonly ledger: LedgerStore<N>
  readonly usage: UsageStore<N>
  readonly counters: CounterStore<N>
  readonly kv: KvStore<N>
  readonly runs: RunStore<N>
}

/** Names by slot. */
export type SlotNames = { readonly [S in keyof Slots]?: string }

/** The slot objects that carry those names. */
export type Provides<Names extends SlotNames> = {
  readonly [S in keyof Slots as S extends keyof Names ? S : never]: readonly Slots<
    Extract<Names[S & keyof Names], string>
  >[S][]
}
