import type { Logger } from '@gantry/core'

/** One line that was logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

/** A logger that keeps what it is told. */
export interface CaptureLogger extends Logger {
  readonly lines: readonly LogLine[]
  /** All lines as text, messages and fields, for assertions about what must not be in a log. */
  text(): string
  clear(): void
}

/** Makes a logger that prints nothing and keeps every line. */
export function createCaptureLogger(): CaptureLogger {
  const lines: LogLine[] = []
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: object = {}): void => {
      lines.push({ level, message, fields })
    }
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    text: () =>
      lines.map(({ level, message, fields }) => `${level} ${message} ${describe(fields)}`).join('\n'),
    clear: () => {
      lines.length = 0
    },
  }
}

/** Errors with their causes and stacks, bigints and cycles: what a careless logger would print. */
function describe(fields: object): string {
  const seen = new WeakSet<object>()
  return JSON.stringify(fields, (_key, value: unknown) => {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (seen.has(value)) return '[seen]'
    seen.add(value)
    if (!(value instanceof Error)) return value
    return { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause }
  })
}
