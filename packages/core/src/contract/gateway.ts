import type { PluginBase, PluginOption } from './plugin.ts'
import type { Provider } from './provider.ts'
import type { Slots } from './slot.ts'
import type { HookMap } from './hook.ts'

/** Decimal number; prices only as strings, ratios also as numbers of at most 6 decimals. */
export type Decimal = string | number

/** `"provider/model"`, or with weight; `explicit` targets are never chosen by alias or fallback. */
export type TargetRef<R extends string> =
  | `${R}/${string}`
  | {
      readonly to: `${R}/${string}`
      readonly weight?: number
      readonly priority?: number
      readonly explicit?: boolean
      readonly protocol?: string
    }

/** A public model name. */
export interface ModelEntry<R extends string> {
  readonly to: TargetRef<R> | readonly TargetRef<R>[]
  readonly price?: ModelPrice | 'list' | 'free'
  readonly loss?: 'strict' | 'warn' | 'allow'
  readonly echo?: 'served' | 'asked'

  /** The model's own cap: what a wire that requires a limit is sent, and what a whole reply holds. */
  readonly maxOutputTokens?: number
}

/** Decimal strings per million tokens. Camel case of the buckets; a missing one takes its parent's (money page). */
export interface TokenPrices {
  readonly input?: string
  readonly output?: string
  readonly cacheRead?: string
  readonly cacheWrite?: string
  readonly cacheWrite1h?: string
  readonly reasoning?: string
  readonly inputAudio?: string
  readonly inputImage?: string
  readonly inputTool?: string
  readonly outputAudio?: string
  readonly outputImage?: string
}

/** Prices of a whole request with a long input. */
export interface LongContextPrices extends TokenPrices {
  /** In tokens of input, cached ones too: a request with more than these costs this, all of it. */
  readonly above: number
}

/** What a model costs: by tokens, by call, by what is counted one by one. */
export interface ModelPrice extends TokenPrices {
  readonly call?: string

  /** Per unit, by its name in the usage: `{ web_search: '0.01' }`. */
  readonly units?: { readonly [unit: string]: string }

  /** Of those that a request reaches the one with the highest `above` counts. */
  readonly longContext?: readonly LongContextPrices[]

  /** By service tier, like `batch` or `priority`: a factor on token prices, or token prices of its own. */
  readonly serviceTiers?: {
    readonly [tier: string]: Decimal | (TokenPrices & { readonly longContext?: readonly LongContextPrices[] })
  }
  readonly asset?: string
}

/** Limits of a group; `concurrency` counts requests under way. */
export interface GroupLimits {
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  readonly concurrency?: number
}

/** The server itself. */
export interface ServerOptions {
  readonly host?: string
  readonly port?: number
  /** `x-gantry` by default; `false`: none. */
  readonly headerPrefix?: string | false
  readonly cors?: { readonly origins: readonly string[] }
  readonly trustedProxies?: readonly string[]
  readonly maxBodyBytes?: number
  readonly commitAfterMs?: number
  readonly drainTimeoutMs?: number
  readonly insufficientFunds?: 402 | 403 | 429

  /** Control socket of the CLI; beside the store's file by default, else in the system's run folder. */
  readonly controlSocket?: string
}

/** A provider before it has its name: the key in `providers` gives it. */
export interface ProviderPlugin extends PluginBase {
  provider(name: string): Provider
}

/** Slots that a store can fill. */
export type StoreSlot = 'keys' | 'ledger' | 'usage' | 'counters' | 'kv' | 'runs'

/** A store that serves at least these slots. */
export type StoreFor<S extends StoreSlot> = PluginBase & {
  readonly provides: { readonly [K in S]: readonly Slots[K][] }
}

/** Which store serves which slot; a store that lacks the slot is red. */
export type StoreMap = { readonly [S in StoreSlot]?: StoreFor<S> }

/** Access, route and price of a group; plugins read their part. `to` filters providers, it does not order them. */
export interface GroupEntry<R extends string> {
  readonly models: readonly string[]
  readonly to?: readonly R[]
  readonly ratio?: Decimal
  readonly limits?: GroupLimits
}

/** The whole configuration. `NoInfer` makes the declaring place the only one that adds names. */
export interface GatewayConfig<R extends string, M extends string, G extends string> {
  readonly server?: ServerOptions
  readonly plugins?: readonly PluginOption[]
  readonly store?: StoreFor<'keys'> | StoreMap

  /** The key is the provider's name here; the value a provider plugin. */
  readonly providers: { readonly [name in R]: ProviderPlugin }
  readonly models: { readonly [name in M]: ModelEntry<NoInfer<R>> }
  readonly defaultModel?: NoInfer<M>
  readonly groups: { readonly [name in G]: GroupEntry<NoInfer<R>> }
  readonly defaultGroup?: NoInfer<G>
  readonly hooks?: HookMap
}
