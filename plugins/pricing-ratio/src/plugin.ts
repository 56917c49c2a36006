import {
  type AnyPlugin,
  type ConfigProblem,
  definePlugin,
  group,
  type PluginFactory,
  type ResolvedConfig,
} from '@gantry/core'
import { parseRatio, ppmOne } from '@gantry/ledger'

/**
 * Multiplies every price line by the ratio of the request's group (`groups.*.ratio`, 1 by default).
 * It has to stand after the rules that make lines, because a ratio of nothing would be a wrong price; `check` sees to it.
 */
export const pricingRatio: PluginFactory<void, { pricing: 'ratio' }> = definePlugin<
  void,
  void,
  { pricing: 'ratio' }
>({
  name: 'pricing-ratio',
  create: () => {
    let ratios: ReadonlyMap<string, bigint> = new Map()
    return {
      name: 'pricing-ratio',
      reads: [group],
      check: (config) => [...checkRatios(config), ...checkOrder(config)],
      setup(host) {
        ratios = readRatios(host.config)
      },
      provides: {
        pricing: [
          {
            name: 'ratio',
            apply(lines, context) {
              const ratio = ratios.get(context.peek(group) ?? '')
              if (ratio === undefined) return lines
              const own: readonly bigint[] = [ratio]
              return lines.map((line) => ({
                ...line,
                ratios: line.ratios.length === 0 ? own : [...line.ratios, ratio],
              }))
            },
          },
        ],
      },
    }
  },
})

/** Ratios that change a price; a group that is not in it costs the plain price. Throws for a wrong ratio. */
function readRatios(config: ResolvedConfig): ReadonlyMap<string, bigint> {
  const ratios = new Map<string, bigint>()
  for (const [name, entry] of Object.entries(config.groups)) {
    const ratio = entry.ratio === undefined ? ppmOne : parseRatio(entry.ratio)
    if (ratio !== ppmOne) ratios.set(name, ratio)
  }
  return ratios
}

function checkRatios(config: ResolvedConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [name, entry] of Object.entries(config.groups ?? {})) {
    if (entry?.ratio === undefined) continue
    try {
      parseRatio(entry.ratio)
    } catch (error) {
      problems.push({
        code: 'INVALID_RATIO',
        severity: 'error',
        path: `groups.${name}.ratio`,
        message: error instanceof Error ? error.message : String(error),
        fix: 'A ratio is a number or a decimal string like "0.8", with at most 6 decimals.',
      })
    }
  }
  return problems
}

/** Rules run in the order of their plugins: one that makes lines after this one would go without the ratio. */
function checkOrder(config: ResolvedConfig): readonly ConfigProblem[] {
  const plugins = flatten(config.plugins)
  const own = plugins.findLastIndex((plugin) => plugin.name === 'pricing-ratio')
  return plugins.slice(own + 1).flatMap((plugin) => {
    if (own < 0 || !plugin.provides?.pricing?.length) return []
    return [
      {
        code: 'PRICING_ORDER',
        severity: 'error',
        path: 'plugins',
        message: `"${plugin.name}" comes after "pricing-ratio", so its prices would not be multiplied.`,
        fix: `Put pricing-ratio after ${plugin.name}.`,
      },
    ]
  })
}

function flatten(option: unknown): readonly AnyPlugin[] {
  if (Array.isArray(option)) return option.flatMap(flatten)
  return typeof option === 'object' && option !== null && 'name' in option ? [option as AnyPlugin] : []
}
