import { once } from 'node:events'
import { pino } from 'pino'
import pretty from 'pino-pretty'
import type { LogDestination, ResolvedOptions } from './options.ts'

/** Where finished lines go. */
export interface Output {
  readonly stream: LogDestination
  /** Opens the destination; rejects when it cannot be written. */
  open(): Promise<void>
  /** Writes out what is buffered. Lines that come later go to standard error. */
  close(): Promise<void>
}

/** A reader that stops reading costs this much memory, then lines are dropped and counted. */
const mostBuffered = 8 * 1024 * 1024
const closeTimeoutMs = 2000

type Sink = ReturnType<typeof pino.destination>

/** Makes the output; nothing is opened before the first line or `open`, so that checking a config writes nothing. */
export function createOutput({ destination, pretty: readable }: ResolvedOptions): Output {
  const format = readable ? prettifier(destination) : (line: string): string => line
  if (typeof destination === 'object') {
    return {
      stream: { write: (line) => destination.write(format(line)) },
      open: async () => {},
      close: async () => {},
    }
  }
  let sink: Sink | undefined
  let ready: Promise<unknown> = Promise.resolve()
  let closed = false
  let dropped = 0
  let failure: Error | undefined
  let booting = false
  let isOpen = false
  let abandoned = false
  const opened = (): Sink => {
    if (sink) return sink
    sink = pino.destination({
      dest: destination,
      sync: false,
      mkdir: true,
      append: true,
      maxLength: mostBuffered,
      // A full pipe is tried again, but not for ever: each try keeps the process from ending.
      retryEAGAIN: () => !abandoned,
    })
    sink.on('drop', () => dropped++)
    sink.on('error', (error: Error) => {
      // A full disk must not end the gateway; say it once where somebody may still read.
      if (!failure && !booting) process.stderr.write(`log-pino: cannot write the log: ${error.message}\n`)
      failure = error
    })
    sink.once('ready', () => (isOpen = true))
    ready = once(sink, 'ready').catch(() => {})
    return sink
  }
  return {
    stream: {
      write: (line) => {
        if (closed) process.stderr.write(format(line))
        else opened().write(format(line))
      },
    },
    open: async () => {
      booting = true
      opened()
      await ready
      booting = false
      if (failure) throw failure
    },
    close: async () => {
      if (closed) return
      closed = true
      if (dropped > 0)
        process.stderr.write(`log-pino: ${dropped} lines were dropped, nobody read them in time\n`)
      // One that could not be opened holds nothing, and waits for nobody.
      if (sink && isOpen) await end(sink)
      abandoned = true
    },
  }
}

// ---

/** Writes what is buffered, also what an earlier fault left there, for as long as somebody takes it. */
async function end(sink: Sink): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, closeTimeoutMs)
  sink.once('close', resolve).once('error', () => resolve())
  try {
    sink.end()
    await over
  } finally {
    clearTimeout(timer)
    sink.destroy()
  }
}

function prettifier(destination: ResolvedOptions['destination']): (line: string) => string {
  const terminal = destination === 1 ? process.stdout : process.stderr
  const format = pretty.prettyFactory({
    colorize:
      (destination === 1 || destination === 2) && terminal.isTTY && process.env['NO_COLOR'] === undefined,
    ignore: 'pid,hostname',
    translateTime: 'HH:MM:ss.l',
    singleLine: true,
  })
  return (line) => String(format(line))
}
