import { UserError } from '../user-error.ts'

const unitMs: { readonly [unit: string]: number } = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * Reads `--expires`: a span from now (`90d`, `12h`, `30m`, `2w`), a day (until its end in UTC) or an ISO time.
 * Gives milliseconds since 1970; throws `UserError` for anything else, and for what is past.
 */
export function readExpiry(text: string, now: number = Date.now()): number {
  const at = spanFrom(text, now) ?? timeOf(text)
  if (at === undefined || !Number.isSafeInteger(at) || at > 8.64e15) {
    throw new UserError({
      message: `--expires "${text}" is neither a span nor a time.`,
      fix: 'Write for instance 90d, 12h, 2027-01-31 or 2027-01-31T18:00:00Z.',
    })
  }
  if (at <= now) throw new UserError({ message: `--expires "${text}" is in the past.` })
  return at
}

function spanFrom(text: string, now: number): number | undefined {
  const match = /^(\d{1,6})([mhdw])$/.exec(text)
  return match ? now + Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0) : undefined
}

function timeOf(text: string): number | undefined {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  if (!day && !time) return undefined
  const at = Date.parse(day ? `${text}T23:59:59.999Z` : text)
  // Date.parse takes 2027-02-31 for the third of March.
  const [year, month, date] = text.slice(0, 10).split('-').map(Number)
  const calendar = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, date))
  if (calendar.toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined
  return Number.isNaN(at) ? undefined : at
}
