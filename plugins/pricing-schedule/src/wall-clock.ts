/** What the clocks on the wall of a zone show at one instant. */
export interface WallTime {
  /** `mon` to `sun`. */
  readonly day: string
  /** The day before it by the calendar, which is not always 24 hours earlier. */
  readonly dayBefore: string
  /** Minutes since midnight as the clock shows them, 0 to 1439. */
  readonly minute: number
}

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/**
 * Reads the wall clocks of an IANA zone. What it shows depends on the instant alone, so a minute that clocks skip in
 * spring is never shown, and one that they repeat in autumn is shown twice. Throws `RangeError` for an unknown zone.
 */
export function createWallClock(timeZone: string): (at: Date) => WallTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  })
  return (at) => {
    let day = ''
    let minute = 0
    for (const { type, value } of format.formatToParts(at)) {
      if (type === 'weekday') day = value.toLowerCase()
      else if (type === 'hour') minute += Number(value) * 60
      else if (type === 'minute') minute += Number(value)
    }
    return { day, dayBefore: days[(days.indexOf(day) + 6) % 7] ?? '', minute }
  }
}
