import type { Schema, Secret } from '@gantry/core'
import { z } from 'zod'

/** Least severe lines that are written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Something that takes finished lines; each ends with a newline. */
export interface LogDestination {
  write(line: string): unknown
}

/** Options of `logPino`. */
export interface LogPinoOptions {
  /** `info` by default. */
  readonly level?: LogLevel
  /** Readable lines in place of JSON; by default where standard output is a terminal. */
  readonly pretty?: boolean
  /** A file (its folder is made, lines are appended), a file descriptor, or an object; standard output by default. */
  readonly destination?: string | number | LogDestination
  /** More values that must not appear; what `env()` options of the config hold is known already. */
  readonly redact?: readonly Secret[]
}

/** Options after defaults. */
export interface ResolvedOptions {
  readonly level: LogLevel
  readonly pretty: boolean
  readonly destination: string | number | LogDestination
  readonly redact: readonly string[]
}

const writable = z.custom<LogDestination>(
  (value) =>
    typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function',
  'has to be a file, a file descriptor or an object with write()',
)

const schema = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional(),
    pretty: z.boolean().optional(),
    destination: z.union([z.string().min(1), z.number().int().min(0), writable]).optional(),
    redact: z.array(z.string()).optional(),
  })
  .default({})
  .transform((options): ResolvedOptions => ({
    level: options.level ?? 'info',
    pretty: options.pretty ?? (options.destination === undefined && process.stdout.isTTY),
    destination: options.destination ?? 1,
    redact: options.redact ?? [],
  }))

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<LogPinoOptions | undefined, ResolvedOptions> = schema
