import {
  type ConfigProblem,
  definePlugin,
  group,
  type PluginFactory,
  type ResolvedConfig,
} from '@gantry/core'
import { parseRatio, ppmOne } from '@gantry/ledger'

/**
 * Multiplies every price line by the ratio of the request's group (`groups.*.ratio`, 1 by default).
 * Runs after the rules that make lines, wherever it stands in the config: a ratio of nothing would be a wrong price.
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
      enforce: 'post',
      reads: [group],
      check: checkRatios,
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
              return lines.map((line) => ({ ...line, ratios: [...line.ratios, ratio] }))
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
