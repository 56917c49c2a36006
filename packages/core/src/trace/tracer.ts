import type { RequestContext } from '../run/context.ts'
import type { RequestTrace, TraceEntry } from './types.ts'

/** Collects what happens to each request and tells it when the request is over. */
export interface Tracer {
  /** Milliseconds since the request was first seen. */
  now(id: string): number
  add(id: string, entry: TraceEntry): void
  finish(context: RequestContext): void
}

/** Requests traced at once, and entries and body bytes of one: a tool for looking at a few must stay small under load. */
const mostRequests = 1000
const mostEntries = 500
const mostBytes = 64 * 1024

interface Open {
  readonly started: number
  readonly entries: TraceEntry[]
}

/** Makes a tracer; `tell` gets each request once, redacted. */
export function createTracer(tell: (trace: RequestTrace) => void, redact: (text: string) => string): Tracer {
  const open = new Map<string, Open>()
  const of = (id: string): Open => {
    let found = open.get(id)
    if (!found) {
      found = { started: performance.now(), entries: [] }
      if (open.size < mostRequests) open.set(id, found)
    }
    return found
  }
  return {
    now: (id) => performance.now() - of(id).started,
    add(id, entry) {
      const { entries } = of(id)
      if (entries.length < mostEntries) entries.push(redacted(entry, redact))
    },
    finish(context) {
      const { entries } = of(context.id)
      open.delete(context.id)
      tell({
        id: context.id,
        protocol: context.protocol,
        operation: context.operation,
        model: context.model,
        client: {
          method: context.wire.method,
          path: context.wire.path,
          body: redact(clip(bodyOf(context))),
        },
        entries,
        targets: [...context.targets],
        dropped: [...context.dropped],
        attempts: context.attempts.map(({ target, error, ms }) => ({
          target,
          ms,
          ...(error ? { error: redact(`${error.class}: ${error.message}`) } : {}),
        })),
        losses: context.losses,
        lines: context.lines,
        usage: context.usage,
        outcome: context.outcome,
        status: context.status,
        ms: context.ms,
        ...(context.relayed === undefined ? {} : { relayed: context.relayed }),
        ...(context.firstOutputMs === undefined ? {} : { firstOutputMs: context.firstOutputMs }),
      })
    },
  }
}

/** Text of at most 64 KB, saying what was cut. */
export function clip(text: string): string {
  return text.length <= mostBytes ? text : `${text.slice(0, mostBytes)}… (${text.length - mostBytes} more)`
}

function bodyOf(context: RequestContext): string {
  try {
    return Buffer.from(context.wire.body).toString('utf8')
  } catch {
    // Refused before its body was read.
    return ''
  }
}

const secretHeaders = /^(?:authorization|x-api-key|api-key|x-goog-api-key|cookie)$/i

function redacted(entry: TraceEntry, redact: (text: string) => string): TraceEntry {
  if (entry.kind === 'hook') {
    return {
      ...entry,
      changed: entry.changed.map(redact),
      ...(entry.result === undefined ? {} : { result: redact(entry.result) }),
    }
  }
  return {
    ...entry,
    url: redact(entry.url),
    body: redact(clip(entry.body)),
    headers: Object.fromEntries(
      Object.entries(entry.headers).map(([name, value]) => [
        name,
        secretHeaders.test(name) ? '****' : redact(value),
      ]),
    ),
  }
}
