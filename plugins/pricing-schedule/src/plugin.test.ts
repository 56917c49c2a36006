import { bootNotes, type PriceLine, type ResolvedConfig } from '@gantry/core'
import { chargeOf } from '@gantry/ledger'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pricingSchedule, type PriceWindow } from './index.ts'

const line: PriceLine = {
  rule: 'tokens',
  item: 'input',
  quantity: 1000n,
  unitPrice: 1_000_000n,
  ratios: [],
  asset: 'usd',
}
const half = { ratio: '0.5' }

describe('pricing-schedule', () => {
  it.each<[string, boolean]>([
    // UTC+8 all year: the window is 16:30 to 00:30 UTC.
    ['2026-06-01T16:29:59.999Z', false],
    ['2026-06-01T16:30:00Z', true],
    ['2026-06-02T00:29:59.999Z', true],
    ['2026-06-02T00:30:00Z', false],
    ['2026-12-31T20:00:00Z', true],
  ])('%s is off-peak in Shanghai: %s', (at, inside) => {
    expect(isHalf('Asia/Shanghai', [{ from: '00:30', to: '08:30', ...half }], at)).toBe(inside)
  })

  it.each<[string, boolean]>([
    // 2026-06-05 is a Friday; Berlin is at UTC+2.
    ['2026-06-05T19:59:00Z', false],
    ['2026-06-05T20:00:00Z', true],
    ['2026-06-05T22:30:00Z', true],
    ['2026-06-06T03:59:00Z', true],
    ['2026-06-06T04:00:00Z', false],
    // Saturday evening: the window begins on Fridays only.
    ['2026-06-06T20:30:00Z', false],
    // Thursday night into Friday belongs to Thursday.
    ['2026-06-04T22:30:00Z', false],
  ])('a window of Fridays across midnight: %s is in it: %s', (at, inside) => {
    expect(isHalf('Europe/Berlin', [{ days: ['fri'], from: '22:00', to: '06:00', ...half }], at)).toBe(inside)
  })

  it('ends at midnight where it says 24:00', () => {
    const windows: PriceWindow[] = [{ days: ['sat', 'sun'], from: '00:00', to: '24:00', ...half }]
    expect(isHalf('UTC', windows, '2026-06-05T23:59:59.999Z')).toBe(false)
    expect(isHalf('UTC', windows, '2026-06-06T00:00:00Z')).toBe(true)
    expect(isHalf('UTC', windows, '2026-06-07T23:59:59.999Z')).toBe(true)
    expect(isHalf('UTC', windows, '2026-06-08T00:00:00Z')).toBe(false)
  })

  describe('in spring, when 02:00 to 03:00 does not exist (New York, 2026-03-08 07:00Z)', () => {
    it('a window inside the gap never opens', () => {
      const windows = [{ from: '02:00', to: '03:00', ...half }]
      expect(minutesInside('America/New_York', windows, '2026-03-08T00:00:00Z', 24)).toBe(0)
      expect(minutesInside('America/New_York', windows, '2026-03-09T00:00:00Z', 24)).toBe(60)
    })

    it('a window that begins in the gap opens when the clocks are past it', () => {
      const windows = [{ from: '02:30', to: '06:00', ...half }]
      expect(isHalf('America/New_York', windows, '2026-03-08T06:59:59Z')).toBe(false)
      expect(isHalf('America/New_York', windows, '2026-03-08T07:00:00Z')).toBe(true)
      // 03:00 to 06:00 on the wall.
      expect(minutesInside('America/New_York', windows, '2026-03-08T00:00:00Z', 24)).toBe(180)
    })

    it('a window around the gap is an hour shorter', () => {
      const windows = [{ from: '23:00', to: '07:00', ...half }]
      expect(minutesInside('America/New_York', windows, '2026-03-07T20:00:00Z', 24)).toBe(7 * 60)
      expect(minutesInside('America/New_York', windows, '2026-03-09T20:00:00Z', 24)).toBe(8 * 60)
    })
  })

  describe('in autumn, when 01:00 to 02:00 comes twice (New York, 2026-11-01 06:00Z)', () => {
    it('a window in the repeated hour opens twice', () => {
      const windows = [{ from: '01:00', to: '01:30', ...half }]
      const inside = ['05:00', '05:29', '05:30', '05:59', '06:00', '06:29', '06:30'].map((time) =>
        isHalf('America/New_York', windows, `2026-11-01T${time}:00Z`),
      )
      expect(inside).toEqual([true, true, false, false, true, true, false])
      expect(minutesInside('America/New_York', windows, '2026-11-01T00:00:00Z', 24)).toBe(60)
    })

    it('a window around it is an hour longer', () => {
      const windows = [{ from: '23:00', to: '07:00', ...half }]
      expect(minutesInside('America/New_York', windows, '2026-10-31T20:00:00Z', 24)).toBe(9 * 60)
    })

    it('the day stays one day: a Sunday has 25 hours', () => {
      const windows: PriceWindow[] = [{ days: ['sun'], from: '00:00', to: '24:00', ...half }]
      expect(minutesInside('America/New_York', windows, '2026-10-31T12:00:00Z', 72)).toBe(25 * 60)
    })
  })

  it('half an hour of daylight saving is half an hour (Lord Howe)', () => {
    const windows = [{ from: '00:00', to: '06:00', ...half }]
    // Clocks go forward from 02:00 to 02:30 on 2026-10-04 local time, which is 15:30Z the day before.
    expect(minutesInside('Australia/Lord_Howe', windows, '2026-10-03T06:00:00Z', 24)).toBe(330)
  })

  it('midnight that does not exist loses no day (Beirut, 2026-03-29 begins at 01:00)', () => {
    const windows: PriceWindow[] = [{ days: ['sat'], from: '22:00', to: '02:00', ...half }]
    // 22:00 and 23:00 on Saturday, then 01:00 on Sunday.
    expect(minutesInside('Asia/Beirut', windows, '2026-03-28T12:00:00Z', 24)).toBe(180)
  })

  it('changes only the lines it names, adds its ratio and says so', () => {
    const windows: PriceWindow[] = [
      { from: '00:00', to: '12:00', ratio: '0.5', items: ['input'], models: ['m'] },
      { from: '00:00', to: '24:00', ratio: 2, models: ['nested'], name: 'rush hour' },
    ]
    const lines = apply('UTC', windows, '2026-01-01T00:00:00Z', [
      { ...line, ratios: [800_000n], note: 'kept' },
      { ...line, item: 'output' },
      { ...line, model: 'nested' },
    ])
    expect(lines.map(({ ratios, note }) => [ratios, note])).toEqual([
      [[800_000n, 500_000n], 'kept; off-peak'],
      [[], undefined],
      [[2_000_000n], 'rush hour'],
    ])
  })

  it('takes the first of windows that overlap', () => {
    const windows = [
      { from: '06:00', to: '08:00', ratio: '0.1' },
      { from: '00:00', to: '12:00', ratio: '0.5' },
    ]
    expect(chargeOf(apply('UTC', windows, '2026-01-01T07:00:00Z', [line]))).toBe(100_000n)
    expect(chargeOf(apply('UTC', windows, '2026-01-01T08:00:00Z', [line]))).toBe(500_000n)
    expect(chargeOf(apply('UTC', windows, '2026-01-01T12:00:00Z', [line]))).toBe(1_000_000n)
  })

  it('law: a window and the rest of the day share every instant, in every zone', () => {
    const zones = [
      'UTC',
      'America/New_York',
      'Europe/Berlin',
      'Asia/Kolkata',
      'Pacific/Chatham',
      'America/St_Johns',
    ]
    const minute = fc.integer({ min: 0, max: 1439 })
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        minute,
        minute,
        fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        (zone, from, to, at) => {
          fc.pre(from !== to)
          const window = isHalf(zone, [{ from: text(from), to: text(to), ...half }], at.toISOString())
          const rest = isHalf(zone, [{ from: text(to), to: text(from), ...half }], at.toISOString())
          expect(window).toBe(!rest)
        },
      ),
    )
  })

  it('warns of a rule that makes lines after it, and not of a ratio', () => {
    const schedule = pricingSchedule({ timeZone: 'UTC', windows: [{ from: '00:00', to: '01:00', ...half }] })
    const rule = (name: string): object => ({ name, provides: { pricing: [{ name, apply: () => [] }] } })
    const codes = (plugins: unknown): unknown =>
      schedule
        .check?.({
          providers: {},
          models: {},
          groups: {},
          plugins: plugins as ResolvedConfig['plugins'] & {},
        })
        .map(({ code, severity }) => [code, severity])
    expect(
      codes([rule('pricing-tokens'), [schedule, false], rule('pricing-ratio'), { name: 'log' }]),
    ).toEqual([])
    expect(codes([schedule, [rule('pricing-tokens')]])).toEqual([['PRICING_ORDER', 'warning']])
    expect(codes(undefined)).toEqual([])
  })

  it.each<[object, string, RegExp]>([
    [{ timeZone: 'Mars/Base' }, 'timeZone', /IANA/],
    [{ timeZone: '+08:00' }, 'timeZone', /IANA/],
    [{ windows: [] }, 'windows', /./],
    [{ windows: [{ from: '8:30', to: '09:00', ratio: 1 }] }, 'windows.0.from', /"8:30"/],
    [{ windows: [{ from: '08:60', to: '09:00', ratio: 1 }] }, 'windows.0.from', /"08:60"/],
    [{ windows: [{ from: '24:00', to: '09:00', ratio: 1 }] }, 'windows.0.from', /before 24:00/],
    [{ windows: [{ from: '00:00', to: '24:01', ratio: 1 }] }, 'windows.0.to', /"24:01"/],
    [{ windows: [{ from: '09:00', to: '09:00', ratio: 1 }] }, 'windows.0', /whole day/],
    [{ windows: [{ from: '09:00', to: '10:00', ratio: -1 }] }, 'windows.0.ratio', /negative/],
    [{ windows: [{ from: '09:00', to: '10:00', ratio: 0.1 + 0.2 }] }, 'windows.0.ratio', /17 decimals/],
    [{ windows: [{ from: '09:00', to: '10:00', ratio: 1, days: ['friday'] }] }, 'windows.0.days.0', /fri/],
    [{ windows: [{ from: '09:00', to: '10:00' }] }, 'windows.0.ratio', /nothing/],
  ])('reports %j at %s', (options, path, message) => {
    const good = { timeZone: 'UTC', windows: [{ from: '00:00', to: '01:00', ratio: 1 }] }
    const { problems } = bootNotes(pricingSchedule({ ...good, ...options }))
    expect(problems).toMatchObject([{ severity: 'error', path: `pricing-schedule.${path}` }])
    expect(problems[0]?.message).toMatch(message)
  })
})

function apply(
  timeZone: string,
  windows: readonly PriceWindow[],
  at: string,
  lines: readonly PriceLine[],
): readonly PriceLine[] {
  return ready(timeZone, windows)(new Date(at), lines)
}

function isHalf(timeZone: string, windows: readonly PriceWindow[], at: string): boolean {
  return chargeOf(apply(timeZone, windows, at, [line])) === 500_000n
}

/** How many of the minutes from an instant on are in a window. */
function minutesInside(
  timeZone: string,
  windows: readonly PriceWindow[],
  from: string,
  hours: number,
): number {
  const price = ready(timeZone, windows)
  const start = Date.parse(from)
  let inside = 0
  for (let minute = 0; minute < hours * 60; minute++) {
    if (price(new Date(start + minute * 60_000), [line])[0]?.ratios.length === 1) inside++
  }
  return inside
}

function ready(
  timeZone: string,
  windows: readonly PriceWindow[],
): (at: Date, lines: readonly PriceLine[]) => readonly PriceLine[] {
  const rule = pricingSchedule({ timeZone, windows }).provides.pricing[0]
  return (at, lines) =>
    rule?.apply(lines, {
      moment: 'settle',
      operation: 'generate',
      model: 'm',
      usage: { tokens: {}, source: 'upstream', final: true },
      at,
      peek: () => undefined,
    }) ?? []
}

function text(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
