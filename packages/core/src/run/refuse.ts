import { Readable } from 'node:stream'
import type { GatewayErrorData } from '../model/index.ts'
import type { Operation, Protocol } from '../contract/index.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { publicError } from './public-error.ts'
import type { Runtime } from './runtime.ts'

/** Encodes an error in the route's protocol and ends the request with it. */
export function refuse(journey: Journey, error: GatewayErrorData, outcome: 'refused' | 'failed'): Answer {
  const { runtime, context } = journey
  const gone = context.signal.aborted
  const shown = publicError(error, runtime.redact)
  journey.finish({
    outcome: gone ? 'aborted' : outcome,
    status: gone ? 499 : shown.status,
    usage: { tokens: {}, source: 'none', final: true },
    error,
    ...(context.target ? { target: context.target } : {}),
  })
  return encodeFailure(runtime, journey.protocol, shown, context.id, journey.route.operation)
}

/** An error as an answer: the protocol's body and headers, and where it came from. */
export function encodeFailure(
  runtime: Runtime,
  protocol: Protocol,
  shown: GatewayErrorData,
  requestId: string,
  operation?: Operation,
): Answer {
  const encoded = protocol.server!.encodeError(shown, { requestId, ...(operation ? { operation } : {}) })
  const source = runtime.headerName('error-source')
  return {
    status: encoded.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(source ? { [source]: shown.source } : {}),
      ...encoded.headers,
    },
    body: JSON.stringify(encoded.body),
  }
}

/** A hook's own answer: a cache, a replay. */
export async function answerWith(journey: Journey, response: Response): Promise<Answer> {
  const body = response.body
    ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    : undefined
  const done = (): void =>
    journey.finish({
      outcome: 'completed',
      status: response.status,
      usage: { tokens: {}, source: 'none', final: true },
    })
  if (body) body.once('close', done)
  else done()
  return { status: response.status, headers: Object.fromEntries(response.headers), ...(body ? { body } : {}) }
}
