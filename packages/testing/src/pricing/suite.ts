import {
  account,
  bootNotes,
  group,
  key,
  type AnyPlugin,
  type Key,
  type KeyRef,
  type PriceLine,
  type Pricing,
  type PricingContext,
  type ResolvedConfig,
  type Usage,
} from '@gantry/core'
import { vi } from 'vitest'
import { createFakeHost } from '../fake/host.ts'
import { deepFreeze } from '../protocol/streams.ts'
import { registerChecks, type Check } from '../suite/check.ts'
import { must, show } from '../suite/must.ts'
import { totalOf } from './charge.ts'

/** What a pricing rule is tested with. */
export interface PricingSuiteOptions {
  /** Makes the plugin as a config would. */
  create(): AnyPlugin
  /** Models with their prices, groups with their ratios: what the rule reads. */
  readonly config?: Partial<ResolvedConfig>
  /** Bills made by hand. At least one. */
  readonly cases: readonly PricingCase[]
  /** Values that it may look up without naming them in `reads`, because nobody has to write them. */
  readonly optional?: readonly KeyRef[]
  /** Configs that its `check` has to find wrong, and the path of the problem. */
  readonly wrong?: readonly (readonly [config: Partial<ResolvedConfig>, path: string])[]
}

/** One request and what the rule has to make of it. */
export interface PricingCase {
  readonly name: string
  /** Token counts; nothing by default. */
  readonly tokens?: Usage['tokens']
  /** Things counted one by one: `{ web_search: 2 }`. */
  readonly units?: NonNullable<Usage['units']>
  /** Lines that rules before this one have made. */
  readonly lines?: readonly PriceLine[]
  readonly model?: string
  readonly group?: string
  readonly moment?: PricingContext['moment']
  readonly at?: Date
  /** Other values the rule may look up. */
  readonly values?: readonly (readonly [KeyRef, unknown])[]
  /** The whole bill as a decimal: of the one asset it is in, or by asset. `'0'` also for no lines at all. */
  readonly total: string | { readonly [asset: string]: string }
}

/** The conformance suite of a pricing rule, one vitest test a check: sound lines, pure, and the bills of its cases. */
export function testPricing(name: string, options: PricingSuiteOptions): void {
  registerChecks(`pricing ${name}`, pricingChecks(options))
}

/** The checks that `testPricing` registers, for another runner or to try the suite itself. */
export function pricingChecks(options: PricingSuiteOptions): readonly Check[] {
  const { create, config = {}, cases, wrong = [] } = options
  return [
    {
      group: 'rule',
      name: 'it has a name, accepts its options and this config, and there is a bill to check',
      run() {
        must(cases.length > 0, 'There are no cases.')
        const plugin = create()
        const rules = plugin.provides?.pricing ?? []
        must(rules.length > 0, `${plugin.name} provides no pricing.`)
        const names = rules.map((rule) => rule.name)
        must(
          names.every(Boolean) && new Set(names).size === names.length,
          `Its rules are called ${show(names)}.`,
        )
        const found = [...bootNotes(plugin).problems, ...(plugin.check?.(configOf(config)) ?? [])]
        const errors = found.filter(({ severity }) => severity === 'error').map(({ message }) => message)
        must(errors.length === 0, `It finds the config wrong: ${errors.join('; ')}`)
      },
    },
    ...cases.flatMap((one) => caseChecks(options, one)),
    ...wrong.map(([bad, path]): Check => ({
      group: 'config',
      name: `its check finds ${path} wrong`,
      run() {
        const found = create().check?.(configOf(bad)) ?? []
        must(
          found.some((problem) => problem.path === path),
          `It reports ${show(found.map((problem) => problem.path))}.`,
        )
      },
    })),
  ]
}

// ---

function caseChecks(
  { create, config = {}, optional = [] }: PricingSuiteOptions,
  one: PricingCase,
): readonly Check[] {
  const apply = async (seen?: Set<symbol>): Promise<{ plugin: AnyPlugin; lines: readonly PriceLine[] }> => {
    const plugin = create()
    await plugin.setup?.(createFakeHost({ config, plugins: [plugin] }))
    try {
      return { plugin, lines: applyAll(plugin.provides?.pricing ?? [], one, seen) }
    } finally {
      await plugin.close?.()
    }
  }
  const check = (name: string, run: () => Promise<void>): Check => ({ group: one.name, name, run })
  return [
    check('the bill is right', async () => {
      const total = totalOf((await apply()).lines)
      const [asset = 'usd'] = Object.keys(total)
      const wanted = typeof one.total === 'string' ? { [asset]: one.total } : one.total
      const given = typeof one.total === 'string' ? { [asset]: '0', ...total } : total
      must(show(sorted(given)) === show(sorted(wanted)), `It comes to ${show(given)}, not ${show(wanted)}.`)
    }),
    check('every line is a sound one', async () => {
      for (const line of (await apply()).lines) checkLine(line)
    }),
    check('another copy, at another time, makes the same bill', async () => {
      const { lines } = await apply()
      vi.useFakeTimers({ now: Date.UTC(2041, 6, 7), toFake: ['Date'] })
      try {
        const later = (await apply()).lines
        must(show(later) === show(lines), `It depends on the clock: ${show(lines)}, then ${show(later)}.`)
      } finally {
        vi.useRealTimers()
      }
    }),
    check('it says what it reads', async () => {
      const seen = new Set<symbol>()
      const { plugin } = await apply(seen)
      const said = new Set([...(plugin.reads ?? []), ...optional].map(({ id }) => id))
      const silent = [...seen].filter((id) => !said.has(id)).map((id) => id.description)
      must(silent.length === 0, `It reads ${silent.join(', ')} without naming it in \`reads\`.`)
    }),
  ]
}

/** Frozen going in: a rule that writes into its input fails; twice: one that counts its calls does too. */
function applyAll(rules: readonly Pricing[], one: PricingCase, seen?: Set<symbol>): readonly PriceLine[] {
  const start = deepFreeze([...(one.lines ?? [])])
  const context = contextOf(one, seen)
  const run = (): readonly PriceLine[] =>
    rules.reduce<readonly PriceLine[]>((lines, rule) => {
      const made = rule.apply(lines, context)
      must(Array.isArray(made), `The rule ${rule.name} answers ${show(made)} and not a list of lines.`)
      return deepFreeze(made)
    }, start)
  const first = run()
  const second = run()
  must(show(first) === show(second), `The same input gives ${show(first)}, then ${show(second)}.`)
  return first
}

function contextOf(one: PricingCase, seen?: Set<symbol>): PricingContext {
  const values = new Map<symbol, unknown>([
    [account.id, 'acme'],
    [group.id, one.group],
    [key.id, { id: 'key_1', account: 'acme', group: one.group ?? '', disabled: false }],
    ...(one.values ?? []).map(([{ id }, value]) => [id, value] as const),
  ])
  return {
    moment: one.moment ?? 'settle',
    operation: 'generate',
    model: one.model ?? 'model-a',
    usage: deepFreeze({
      tokens: one.tokens ?? {},
      ...(one.units && { units: one.units }),
      source: 'upstream',
      final: true,
    }),
    at: one.at ?? new Date(Date.UTC(2026, 0, 1)),
    peek<T>({ id }: Key<T>) {
      seen?.add(id)
      return values.get(id) as T | undefined
    },
  }
}

function checkLine(line: PriceLine): void {
  const at = `The line ${show(line)}`
  must(line.rule !== '' && typeof line.rule === 'string', `${at} names no rule.`)
  must(line.item !== '' && typeof line.item === 'string', `${at} names no item.`)
  must(line.asset !== '' && typeof line.asset === 'string', `${at} names no asset.`)
  for (const value of [line.quantity, line.unitPrice, ...line.ratios]) {
    must(typeof value === 'bigint', `${at} has an amount that is no bigint: money is never a float.`)
    must(value >= 0n, `${at} has a negative amount.`)
  }
}

function configOf(config: Partial<ResolvedConfig>): ResolvedConfig {
  return { providers: {}, models: {}, groups: {}, ...config }
}

function sorted(total: { readonly [asset: string]: string }): readonly (readonly [string, string])[] {
  return Object.entries(total).toSorted(([left], [right]) => (left < right ? -1 : 1))
}
