import type {
  ClientContext,
  Json,
  JsonObject,
  Loss,
  Operation,
  Protocol,
  ServerContext,
  Target,
} from '@gantry/core'
import { toWireRequest, type CapturedExchange } from '../fixtures.ts'
import { isObject } from '../normalise/rules.ts'
import { deepFreeze } from './streams.ts'
import type { ProtocolSuiteOptions } from './options.ts'

/** One exchange under test, and what every check about it needs. */
export interface Subject {
  readonly name: string
  readonly exchange: CapturedExchange
  readonly operation: Operation
  readonly protocol: Protocol
  readonly options: ProtocolSuiteOptions
  /** A context for one use of the client end; `expectNoLoss` throws if it was told of one. */
  client(model?: string): ClientContext & { expectNoLoss(): void }
  /** A context for one use of the server end. */
  server(): ServerContext<'generate'> & { expectNoLoss(): void }
}

/** Prepares an exchange. Recorded values are frozen: a codec that writes into its input fails. */
export function subjectOf(
  name: string,
  exchange: CapturedExchange,
  operation: Operation,
  protocol: Protocol,
  options: ProtocolSuiteOptions,
): Subject {
  deepFreeze(exchange)
  const target: Target = {
    provider: exchange.provider,
    protocol: protocol.name,
    model: modelOf(exchange),
    ...options.target,
  }
  const collect = (): { readonly report: (loss: Loss) => void; expectNoLoss(): void } => {
    const losses: Loss[] = []
    return {
      report: (loss) => {
        if (!options.allowLoss?.(loss)) losses.push(loss)
      },
      expectNoLoss() {
        if (losses.length === 0) return
        const list = losses.map(({ what, how, pointer }) => `${what} ${how} at "${pointer}"`).join(', ')
        throw new Error(`The same protocol on both sides loses nothing, but reported: ${list}.`)
      },
    }
  }
  return {
    name,
    exchange,
    operation,
    protocol,
    options,
    client: (model = target.model) => ({ target: { ...target, model }, ...collect() }),
    server: () => ({
      wire: toWireRequest(exchange.request ?? { method: 'POST', path: '/', body: {} }),
      request: {
        model: target.model,
        stream: exchange.response.sse !== undefined,
        turns: [],
        includeUsage: true,
      },
      requestId: 'req_conformance',
      ...collect(),
    }),
  }
}

/** A recorded JSON body that is an object; undefined otherwise. */
export function bodyOf(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

function modelOf({ request, response }: CapturedExchange): string {
  for (const body of [request?.body, response.json]) {
    if (isObject(body) && typeof body['model'] === 'string') return body['model']
  }
  return 'model'
}
