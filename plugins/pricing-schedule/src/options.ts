import type { Decimal, Schema } from '@gantry/core'
import { parseRatio } from '@gantry/ledger'
import * as z from 'zod'

/** A day of the week. */
export type Day = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** Options of `pricingSchedule`. */
export interface PricingScheduleOptions {
  /** IANA name of the zone whose clocks the windows are read from, like `Asia/Shanghai`. */
  readonly timeZone: string
  /** Of windows that overlap the first one counts. */
  readonly windows: readonly PriceWindow[]
}

/** A time of the week with a price of its own. */
export interface PriceWindow {
  /** Wall clock, `HH:MM`; belongs to the window. */
  readonly from: string
  /** Wall clock, `HH:MM` up to `24:00`; no longer belongs to it. Before `from`: the window ends on the next day. */
  readonly to: string
  /** Days on which the window begins; all by default. */
  readonly days?: readonly Day[]
  /** What prices are multiplied by, at most 6 decimals: `'0.5'` is half. */
  readonly ratio: Decimal
  /** Public model names, `*` for any run of characters; all by default. */
  readonly models?: readonly string[]
  /** Items of price lines, like `output` or `web_search`; all by default. */
  readonly items?: readonly string[]
  /** Said on each line it changes; `off-peak` below a ratio of 1 and `peak` above it by default. */
  readonly name?: string
}

/** A window, parsed. Minutes of the day, ratio in parts per million. */
export interface ParsedWindow {
  readonly from: number
  readonly to: number
  readonly days: ReadonlySet<string>
  readonly ratio: bigint
  readonly models?: readonly string[] | undefined
  readonly items?: readonly string[] | undefined
  readonly name: string
}

/** Options, parsed. */
export interface ParsedSchedule {
  readonly timeZone: string
  readonly windows: readonly ParsedWindow[]
}

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const minutesOfDay = 1440

const clock = z.string().transform((text, context): number => {
  const [, hours = '', minutes = ''] = /^(\d{2}):(\d{2})$/.exec(text) ?? []
  const value = Number(hours) * 60 + Number(minutes)
  if (hours !== '' && Number(minutes) < 60 && value <= minutesOfDay) return value
  context.addIssue({ code: 'custom', message: `"${text.slice(0, 20)}" is no time of day like "08:30".` })
  return z.NEVER
})

const ratio = z.custom<Decimal>().transform((value, context): bigint => {
  try {
    return parseRatio(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    return z.NEVER
  }
})

const names = z.array(z.string().min(1)).min(1)

const entry = z
  .strictObject({
    from: clock.refine((minute) => minute < minutesOfDay, 'has to be before 24:00.'),
    to: clock,
    days: z
      .array(z.enum(days))
      .min(1)
      .default([...days]),
    ratio,
    models: names.optional(),
    items: names.optional(),
    name: z.string().min(1).max(64).optional(),
  })
  .refine(({ from, to }) => from !== to, 'begins when it ends; a whole day is from "00:00" to "24:00".')
  .transform((given): ParsedWindow => ({
    ...given,
    days: new Set(given.days),
    name: given.name ?? (given.ratio < 1_000_000n ? 'off-peak' : 'peak'),
  }))

const schema = z.strictObject({
  timeZone: z.string().refine(isZone, 'is not a time zone of the IANA list, like "Asia/Shanghai" or "UTC".'),
  windows: z.array(entry).min(1),
})

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<PricingScheduleOptions, ParsedSchedule> = schema

/** An offset like `+08:00` is refused: it has no daylight saving time, which is rarely what is meant. */
function isZone(timeZone: string): boolean {
  if (!/^[A-Za-z]/.test(timeZone)) return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
