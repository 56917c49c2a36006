import type { Logger } from '../contract/index.ts'
import type { Redactor } from '../redact.ts'

/** The gateway's own logger until a plugin brings one: one JSON line each on standard error. */
export function plainLogger(
  write: (line: string) => void = (line) => void process.stderr.write(line),
): Logger {
  const at =
    (level: string) =>
    (message: string, fields?: object): void => {
      write(`${JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }, printable)}\n`)
    }
  return { debug() {}, info: at('info'), warn: at('warn'), error: at('error') }
}

/** Redacts every line and every field before a logger sees it. */
export function redactingLogger(logger: Logger, redact: Redactor): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields?: object): void => {
      try {
        logger[level](
          redact(message),
          fields === undefined ? undefined : (redact.fields(unfold(fields)) as object),
        )
      } catch {
        // A logger that fails has nobody to tell; a request must not fail with it.
      }
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Errors have no own enumerable fields; a line that drops them says nothing. */
function unfold(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof Error ? describe(value) : value,
    ]),
  )
}

function describe(error: Error): object {
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describe(error.cause) } : {}),
  }
}

function printable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? describe(value) : value
}
