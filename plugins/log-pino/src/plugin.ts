import {
  bootNotes,
  createRedactor,
  definePlugin,
  type Host,
  type Logger,
  type Plugin,
  type Redactor,
  type ResolvedConfig,
  type SettleContext,
} from '@gantry/core'
import { pino } from 'pino'
import { createCleaner } from './clean.ts'
import { lineOf } from './line.ts'
import { type LogPinoOptions, optionsSchema, type ResolvedOptions } from './options.ts'
import { createOutput } from './output.ts'
import { recordOf, type RequestRecord } from './record.ts'

/** One line per request and per message of the gateway, as JSON or readable. No prompts, no answers, no secrets. */
export const logPino: (options?: LogPinoOptions) => Plugin = definePlugin({
  name: 'log-pino',
  schema: optionsSchema,
  create: createLog,
})

function createLog(options: ResolvedOptions): Plugin {
  const output = createOutput(options)
  const lines = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output.stream,
  )
  let redact = createRedactor(options.redact)
  let clean = createCleaner(redact)
  const logger = loggerOver(lines, () => redact)
  return {
    name: 'log-pino',
    logger,
    setup: async (host: Host) => {
      redact = createRedactor([...secretsOf(host.config), ...options.redact])
      clean = createCleaner(redact)
      if (options.level !== 'silent') await output.open()
    },
    close: () => output.close(),
    hooks: {
      log: (context) => {
        const level = levelOf(context)
        if (!lines.isLevelEnabled(level)) return
        const record = recordOf(context, clean)
        if (options.pretty) lines[level](redact(lineOf(record)))
        else output.stream.write(requestLine(level, record))
      },
    },
  }
}

// ---

/** The line pino would write, without its stringifying member by member: there is one with every request. */
function requestLine(level: string, record: RequestRecord): string {
  const line = { level, time: new Date().toISOString(), ...record, msg: 'request' }
  return `${JSON.stringify(line)}\n`
}

function loggerOver(lines: pino.Logger, redactor: () => Redactor): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: object): void => {
      if (!lines.isLevelEnabled(level)) return
      const redact = redactor()
      const text = redact(message)
      if (fields === undefined) lines[level](text)
      else lines[level](redact.fields(fields), text)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function levelOf({ status, outcome }: SettleContext): 'info' | 'warn' | 'error' {
  if (outcome === 'failed' || status >= 500) return 'error'
  return status >= 400 && status !== 499 ? 'warn' : 'info'
}

/** What the options of all plugins were read from. */
function secretsOf(config: ResolvedConfig): readonly string[] {
  const { plugins = [], providers, store = {} } = config
  const owners: readonly unknown[] = [...plugins, ...Object.values(providers), store, ...Object.values(store)]
  return owners.flatMap((owner) =>
    typeof owner === 'object' && owner !== null ? bootNotes(owner).secrets : [],
  )
}
