import { connect } from 'node:net'
import { GatewayError, toErrorData } from '../error.ts'
import type { ServerOptions } from '../contract/index.ts'
import type { Answer, FailedRequest, Incoming, Kernel, KernelRoute, KernelSocket } from '../run/exchange.ts'

/** Handles a matched request in a test. */
export type FakeHandler = (incoming: Incoming, route: KernelRoute) => Answer | Promise<Answer>

/** A kernel without phases: records what the shell gave it, and answers with what the test says. */
export interface FakeKernel extends Kernel {
  readonly seen: Incoming[]
  readonly failures: { error: unknown; request: FailedRequest }[]
}

const json = { 'content-type': 'application/json' }

/** The routes of most tests: a chat path, models by id, a stored response and its cancel. */
export const someRoutes: readonly KernelRoute[] = [
  route('POST', '/chat/completions'),
  route('GET', '/models'),
  route('GET', '/models/**:id'),
  route('GET', '/responses/{id}'),
  route('POST', '/responses/{id}/cancel'),
]

/** By default the answer says what came in: method, path, parameters and body. */
export function fakeKernel(
  options: {
    server?: ServerOptions
    routes?: readonly KernelRoute[]
    sockets?: readonly KernelSocket[]
    handle?: FakeHandler
    admit?: Kernel['admit']
  } = {},
): FakeKernel {
  const seen: Incoming[] = []
  const failures: FakeKernel['failures'] = []
  const handle = options.handle ?? echo
  const kernel: FakeKernel = {
    seen,
    failures,
    routes: options.routes ?? someRoutes,
    sockets: options.sockets ?? [],
    admit: options.admit ?? (async () => undefined),
    server: options.server ?? {},
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    async run(matched, incoming) {
      seen.push(incoming)
      try {
        return await handle(incoming, matched)
      } catch (error) {
        return kernel.fail(error, { id: incoming.id, method: incoming.method, path: incoming.path })
      }
    },
    fail(error, request) {
      failures.push({ error, request })
      const { status, message, class: name, code, retryAfterMs } = toErrorData(error)
      const retry: { [name: string]: string } =
        retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
      const body = { error: { message, type: name, code: code ?? null, request_id: request.id } }
      return { status, headers: { ...json, ...retry }, body: JSON.stringify(body) }
    },
  }
  return kernel
}

export function route(
  method: KernelRoute['method'],
  path: string,
  more: Partial<KernelRoute> = {},
): KernelRoute {
  return { protocol: 'test', operation: 'generate', method, path, ...more }
}

const echo: FakeHandler = async (incoming, matched) => {
  const body = incoming.method === 'POST' ? Buffer.from(await incoming.body()).toString() : undefined
  const { id, method, path, params } = incoming
  return {
    status: 200,
    headers: { ...json, 'x-gantry-model': 'm' },
    body: JSON.stringify({ id, method, path, params, protocol: matched.protocol, body }),
  }
}

/** Fails as auth does: without a look at the body. */
export const refuse: FakeHandler = () => {
  throw new GatewayError({ class: 'authentication', message: 'No such key.' })
}

/** Writes raw bytes to a port and returns everything that comes back until the connection ends or falls silent. */
export function sendRaw(
  port: number,
  pieces: string | readonly (string | Uint8Array)[],
  options: { silenceMs?: number; gapMs?: number; end?: boolean } = {},
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const chunks: Buffer[] = []
    let timer: NodeJS.Timeout | undefined
    const finish = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text: Buffer.concat(chunks).toString('latin1'), closed })
    }
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => finish(false), options.silenceMs ?? 300)
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      wait()
    })
    socket.on('close', () => finish(true))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('connect', async () => {
      wait()
      for (const piece of typeof pieces === 'string' ? [pieces] : pieces) {
        if (socket.destroyed) return
        socket.write(piece)
        if (options.gapMs !== undefined) await new Promise((next) => setTimeout(next, options.gapMs))
      }
      if (options.end) socket.end()
    })
  })
}

/** The statuses of the answers in a raw text. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]))
}

/** Waits until something is so, for at most two seconds. */
export async function eventually(check: () => boolean): Promise<true> {
  for (let turn = 0; turn < 200; turn++) {
    if (check()) return true
    await new Promise((next) => setTimeout(next, 10))
  }
  throw new Error('never happened')
}
