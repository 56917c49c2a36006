import {
  account,
  defineKey,
  group,
  key,
  type Key,
  type SettleContext,
  type Target,
  type TokenBucket,
} from '@gantry/core'
import type { Cleaner } from './clean.ts'

/** What the ledger charged, in nano-units of the asset; read by name, so that no bill plugin has to be installed. */
export const charge: Key<bigint> = defineKey('bill-ledger.charge')

const longestName = 256

/** One request as it is logged: who, what, where, how it ended. Never what was said. */
export interface RequestRecord {
  readonly id: string
  readonly clientRequestId?: string
  readonly key?: { readonly id: string; readonly name?: string }
  readonly account?: string
  readonly group?: string
  readonly protocol: string
  readonly operation: string
  readonly model: string
  /** `provider/model`, and `#n` for a credential. */
  readonly target?: string
  readonly targetProtocol?: string
  readonly relayed?: boolean
  readonly stream: boolean
  readonly status: number
  readonly outcome: string
  readonly finish?: string
  /** Class and code only: the text of an error may quote the prompt. */
  readonly error?: {
    readonly class: string
    readonly code?: string
    readonly source: string
    readonly param?: string
  }
  readonly firstOutputMs?: number
  readonly ms: number
  readonly tokens: { readonly [bucket in TokenBucket]?: number }
  readonly units?: { readonly [unit: string]: number }
  readonly usageSource: string
  readonly suspect?: string
  /** Decimal units of the asset. */
  readonly cost?: string
  readonly losses: number
  readonly attempts: readonly { readonly target: string; readonly error?: string; readonly ms: number }[]
}

/**
 * Reads the record off a request that is over. Every text that somebody else may have written goes through `clean`;
 * our own request id and the words of the contract (operation, outcome, class, source) do not.
 */
export function recordOf(context: SettleContext, clean: Cleaner): RequestRecord {
  const shown = context.peek(key)
  const charged: unknown = context.peek(charge)
  const { error, usage, target } = context
  const { units } = usage
  const name = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : cut(clean.again(view(text)))
  const own = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : cut(clean.once(view(text)))
  return compact({
    id: context.id,
    clientRequestId: own(context.clientRequestId),
    key: shown && compact({ id: clean.again(shown.id), name: name(shown.name) }),
    account: name(context.peek(account)),
    group: name(context.peek(group)),
    protocol: clean.again(context.protocol),
    operation: context.operation,
    model: cut(clean.again(view(context.model))),
    target: target && clean.again(nameOf(target)),
    targetProtocol: name(target?.protocol),
    relayed: context.relayed,
    stream: context.stream,
    status: context.status,
    outcome: context.outcome,
    finish: name(context.finish?.reason),
    error:
      error &&
      compact({ class: error.class, code: own(error.code), source: error.source, param: own(error.param) }),
    firstOutputMs: context.firstOutputMs === undefined ? undefined : round(context.firstOutputMs),
    ms: round(context.ms),
    tokens: usage.tokens,
    units:
      units &&
      Object.fromEntries(Object.entries(units).map(([unit, count]) => [cut(clean.again(view(unit))), count])),
    usageSource: usage.source,
    suspect: own(usage.suspect),
    cost: typeof charged === 'bigint' ? formatNano(charged) : undefined,
    losses: context.losses.length,
    attempts: context.attempts.map((one) =>
      compact({ target: clean.again(nameOf(one.target)), error: one.error?.class, ms: round(one.ms) }),
    ),
  })
}

/** Nano-units as a decimal number, exact: 1500000n is "0.0015". */
export function formatNano(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}`
}

// ---

function nameOf(target: Target): string {
  return `${target.provider}/${target.model}${target.credential === undefined ? '' : `#${target.credential}`}`
}

/** Texts can be the client's own. What is cleaned holds more than what is shown: no cut leaves half a secret. */
function view(text: string): string {
  return text.length > 2 * longestName ? text.slice(0, 2 * longestName) : text
}

function cut(text: string): string {
  return text.length > longestName ? `${text.slice(0, longestName)}…` : text
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Leaves out what is undefined. */
function compact<T extends object>(value: T): Defined<T> {
  const kept: object & { [name: string]: unknown } = {}
  for (const name in value) if (value[name] !== undefined) kept[name] = value[name]
  return kept as Defined<T>
}
