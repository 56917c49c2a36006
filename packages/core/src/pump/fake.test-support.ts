import { Readable } from 'node:stream'
import type { GatewayErrorData } from '../model/index.ts'
import type { HttpProvider } from '../contract/index.ts'
import { AttemptState } from '../run/attempt-context.ts'
import { RequestContext } from '../run/context.ts'
import { emptyWire } from '../run/wire-request.ts'
import { createOutbound } from '@gantry/wire'
import type { StreamLine } from './line.ts'
import { createStreamPump } from './stream.ts'
import { defaultTimers, type AttemptPlan, type PumpTimers, type StreamPump } from './types.ts'

/** A line whose protocol is one letter a chunk: `a`…`y` output, `.` a ping, `!` an error, `Z` the last frame. */
export function letterLine(): StreamLine & { readonly written: string[] } {
  let out: string[] = []
  const state = {
    committed: false,
    complete: false,
    error: undefined as GatewayErrorData | undefined,
    bytes: 0,
    progress: 0,
    isOpen: false,
  }
  let held: string[] = []
  const written: string[] = []
  const put = (text: string): void => {
    written.push(text)
    if (state.isOpen) out.push(text)
    else held.push(text)
  }
  return {
    written,
    push(chunk) {
      for (const letter of Buffer.from(chunk).toString()) {
        if (letter === '?') throw new Error('garbage')
        if (letter === '!') {
          state.error = {
            class: 'upstream_failed',
            status: 502,
            message: 'theirs',
            retryable: true,
            source: 'upstream',
          }
          return
        }
        if (letter !== '.') state.progress++
        if (letter === 'Z') state.complete = true
        else if (letter !== '.') {
          state.committed = true
          state.bytes++
        }
        put(letter)
      }
    },
    end() {},
    get committed() {
      return state.committed
    },
    get complete() {
      return state.complete
    },
    get finished() {
      return state.complete
    },
    get error() {
      return state.error
    },
    usage: undefined,
    get finish() {
      return state.complete ? ({ reason: 'stop' } as const) : undefined
    },
    get outputBytes() {
      return state.bytes
    },
    get progress() {
      return state.progress
    },
    open() {
      state.isOpen = true
      out.push(...held)
      held = []
    },
    take() {
      const ready = out
      out = []
      return ready
    },
    fail(error) {
      out.push(`<${error.class}>`)
    },
    keepAlive() {
      out.push('~')
    },
    stop() {
      out.push('<length>')
    },
  }
}

/** A source that a test pushes by hand. */
export function handSource(): Readable & { send(text: string): void; paused(): boolean } {
  const stream = new Readable({ read() {} })
  return Object.assign(stream, {
    send(text: string) {
      stream.push(Buffer.from(text))
    },
    paused: () => stream.isPaused(),
  })
}

/** An attempt around nothing. */
export function plan(
  options: {
    timers?: Partial<PumpTimers>
    cancelStopsBilling?: HttpProvider['cancelStopsBilling']
    observe?: AttemptPlan['observe']
    signal?: AbortSignal
    drains?: { taken: number; limit: number }
  } = {},
): AttemptPlan & { cut(error: GatewayErrorData): void } {
  const signal = options.signal ?? new AbortController().signal
  const context = new RequestContext({
    id: 'req_1',
    signal,
    protocol: 'letters',
    operation: 'generate',
    wire: emptyWire('/x'),
    receivedAt: new Date(0),
  })
  const target = { provider: 'host', protocol: 'letters', model: 'm' }
  const request = { model: 'm', stream: true, turns: [] }
  const drains = options.drains ?? { taken: 0, limit: 64 }
  let cut: (error: GatewayErrorData) => void = () => {}
  return {
    shared: {
      outbound: createOutbound(),
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      timers: { ...defaultTimers, ...options.timers },
      redact: (text) => text,
      takeDrain: () => {
        if (drains.taken >= drains.limit) return false
        drains.taken++
        return true
      },
      releaseDrain: () => void drains.taken--,
    },
    state: new AttemptState(context, target, 1, () => request),
    target,
    provider: {
      name: 'host',
      speaks: ['letters'],
      cancelStopsBilling: options.cancelStopsBilling ?? true,
      endpoint: () => ({ url: 'http://127.0.0.1', headers: {} }),
    },
    operation: 'generate',
    clientProtocol: { name: 'letters', contract: 1 },
    server: { codecs: {}, encodeError: () => ({ status: 500, body: {} }) },
    wire: context.wire,
    stream: true,
    bound: () => ({ inputTokens: 10, stream: true }),
    asked: () => request,
    transforms: [],
    child: false,
    observe: options.observe ?? (() => undefined),
    signal,
    onCut: (next) => {
      cut = next
      return () => {}
    },
    cut: (error) => cut(error),
  }
}

/** Runs one stream whose upstream has answered at once. */
export function pumpStream(
  made: AttemptPlan,
  line: StreamLine,
  source: Readable | undefined,
  relayed: boolean,
): StreamPump {
  const pump = createStreamPump(made, () => {})
  pump.attach(line, source, relayed)
  return pump
}

/** Everything a stream gives, as text. */
export async function readAll(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** Lets callbacks and timers of zero run. */
export function tick(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
