import {
  type AnyPlugin,
  compileGlobs,
  type ConfigProblem,
  definePlugin,
  type PluginFactory,
  type PriceLine,
  type ResolvedConfig,
} from '@gantry/core'
import {
  optionsSchema,
  type ParsedSchedule,
  type ParsedWindow,
  type PricingScheduleOptions,
} from './options.ts'
import { createWallClock, type WallTime } from './wall-clock.ts'

interface Names {
  readonly pricing: 'schedule'
}

/**
 * Multiplies price lines by a ratio at certain times of the week, by the clocks of one time zone. The time is the one at
 * which the request arrived, so that a price never changes while it runs.
 */
export const pricingSchedule: PluginFactory<PricingScheduleOptions, Names> = definePlugin<
  PricingScheduleOptions,
  ParsedSchedule,
  Names
>({
  name: 'pricing-schedule',
  schema: optionsSchema,
  create: ({ timeZone, windows }) => {
    const clock = createWallClock(timeZone)
    const compiled = windows.map(compile)
    return {
      name: 'pricing-schedule',
      check: checkOrder,
      provides: {
        pricing: [
          {
            name: 'schedule',
            apply(lines, context) {
              if (lines.length === 0) return lines
              const time = clock(context.at)
              const open = compiled.filter(({ window }) => isOpen(window, time))
              if (open.length === 0) return lines
              return lines.map((line) => {
                const found = open.find(({ fits }) => fits(line, context.model))
                return found ? scaled(line, found.window) : line
              })
            },
          },
        ],
      },
    }
  },
})

// ---

function compile(window: ParsedWindow): {
  readonly window: ParsedWindow
  readonly fits: (line: PriceLine, model: string) => boolean
} {
  const named = window.models && compileGlobs(window.models)
  const items = window.items && new Set<string>(window.items)
  return {
    window,
    fits: (line, model) =>
      (named === undefined || named(line.model ?? model)) && (items === undefined || items.has(line.item)),
  }
}

/** A window across midnight belongs to the day it begins on, so after midnight the day before decides. */
function isOpen({ from, to, days }: ParsedWindow, { day, dayBefore, minute }: WallTime): boolean {
  if (from < to) return minute >= from && minute < to && days.has(day)
  return (minute >= from && days.has(day)) || (minute < to && days.has(dayBefore))
}

function scaled(line: PriceLine, { ratio, name }: ParsedWindow): PriceLine {
  return {
    ...line,
    ratios: [...line.ratios, ratio],
    note: line.note === undefined ? name : `${line.note}; ${name}`,
  }
}

/** Lines that a later rule makes go without the ratio. That may be meant, so it is no error. */
function checkOrder({ plugins }: ResolvedConfig): readonly ConfigProblem[] {
  const all = flatten(plugins)
  const own = all.findLastIndex((plugin) => plugin.name === 'pricing-schedule')
  return all.slice(own + 1).flatMap((plugin) => {
    // A ratio makes no lines.
    if (own < 0 || plugin.name === 'pricing-ratio' || !plugin.provides?.pricing?.length) return []
    return [
      {
        code: 'PRICING_ORDER',
        severity: 'warning',
        path: 'plugins',
        message: `"${plugin.name}" comes after "pricing-schedule", so its prices are the same at all times.`,
        fix: `Put pricing-schedule after ${plugin.name}.`,
      },
    ]
  })
}

function flatten(option: unknown): readonly AnyPlugin[] {
  if (Array.isArray(option)) return option.flatMap(flatten)
  return typeof option === 'object' && option !== null && 'name' in option ? [option as AnyPlugin] : []
}
