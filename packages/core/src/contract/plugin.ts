import type { ConfigProblem } from '../config/problem.ts'
import type { Provides, SlotNames, Slots } from './slot.ts'
import type { PriceLine, PricingContext } from './pricing.ts'
import type { GatewayConfig } from './gateway.ts'
import type { KeyRef } from './context.ts'
import type { HookMap } from './hook.ts'
import type { Awaitable } from './codec.ts'

/** Takes lines with fields; never throws, never waits. */
export interface Logger {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

/** What `setup` gets. */
export interface Host {
  readonly logger: Logger
  /** The resolved configuration: each plugin reads its part of models and groups. */
  readonly config: ResolvedConfig
  use<S extends keyof Slots>(slot: S, name?: string): Slots[S]
  all<S extends keyof Slots>(slot: S): readonly Slots[S][]

  /** Runs the pricing rules in plugin order. */
  price(context: PricingContext): readonly PriceLine[]

  /** Work that the drain waits for. */
  task(work: Promise<unknown>): void
}

/** The configuration after defaults, seen without its inference. */
export type ResolvedConfig = GatewayConfig<string, string, string>

/** Common to all plugins. */
export interface PluginBase {
  readonly name: string
  readonly enforce?: 'pre' | 'post'
  readonly reads?: readonly KeyRef[]
  readonly writes?: readonly KeyRef[]
  readonly hooks?: HookMap

  /**
   * Holds state or connections that outlive a reload: while its options are equal, the next generation takes this instance over
   * instead of a new one.
   */
  readonly keep?: boolean

  /** Called instead of `setup` when the next generation takes the instance over. */
  adopt?(host: Host): Awaitable<void>

  /** Where the gateway writes its own log lines; the last plugin that has one wins. */
  readonly logger?: Logger

  /** Problems in the parts of the config this plugin reads. Runs before `setup` and in `gantry check`; no side effects. */
  check?(config: ResolvedConfig): readonly ConfigProblem[]
  setup?(host: Host): Awaitable<void>
  close?(): Awaitable<void>
}

/** `Names` says what it provides, by slot: Plugin<{ pricing: "group" }>. */
export type Plugin<Names extends SlotNames = {}> = PluginBase &
  ([keyof Names] extends [never] ? { readonly provides?: undefined } : { readonly provides: Provides<Names> })

/** A plugin whose names do not matter. */
export type AnyPlugin = PluginBase & {
  readonly provides?: { readonly [S in keyof Slots]?: readonly Slots[S][] }
}

/** What a plugin list may hold. */
export type PluginOption = AnyPlugin | false | null | undefined | readonly PluginOption[]

/** Any Standard Schema validator (zod is one), so that core's types name no library. */
export interface Schema<In, Out> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: In; readonly output: Out } | undefined
    validate(
      value: unknown,
    ): Awaitable<
      | { readonly value: Out; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string }[] }
    >
  }
}

/** A function from options to plugin; options are optional when the schema says so. */
export type PluginFactory<Options = void, Names extends SlotNames = {}> = undefined extends Options
  ? (options?: Options) => Plugin<Names>
  : [Options] extends [void]
    ? () => Plugin<Names>
    : (options: Options) => Plugin<Names>

type Flat<P> = P extends readonly unknown[]
  ? Flat<P[number]>
  : P extends { readonly name: string }
    ? P
    : never

/** The names a plugin list provides for one slot. */
export type NamesOf<P, S extends keyof Slots> =
  Flat<P> extends infer One
    ? One extends {
        readonly provides: { readonly [K in S]: readonly { readonly name: infer N extends string }[] }
      }
      ? N
      : never
    : never
