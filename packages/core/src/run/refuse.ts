import type { GatewayErrorData, Usage } from '../model/index.ts'
import type { EncodedError, Operation, Protocol } from '../contract/index.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { publicError } from './public-error.ts'
import type { Runtime } from './runtime.ts'

/** Encodes an error in the route's protocol and ends the request with it. */
export function refuse(journey: Journey, error: GatewayErrorData, outcome: 'refused' | 'failed'): Answer {
  const { runtime, context } = journey
  const gone = context.gone || error.class === 'cancelled'
  const shown = publicError(error, runtime.redact)
  journey.finish({
    outcome: gone ? 'aborted' : outcome,
    status: gone ? 499 : shown.status,
    usage: noUsage,
    error,
    ...(context.target ? { target: context.target } : {}),
  })
  return encodeFailure(runtime, journey.protocol, shown, context.id, journey.route.operation)
}

/** An error as an answer: the protocol's body and headers, and where it came from. Never throws. */
export function encodeFailure(
  runtime: Runtime,
  protocol: Protocol | undefined,
  shown: GatewayErrorData,
  requestId: string,
  operation?: Operation,
): Answer {
  const encoded = encodeSafely(runtime, protocol, shown, requestId, operation)
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

/** The protocol's own shape; a plain one where no protocol faces clients, or the one that does fails at it. */
function encodeSafely(
  runtime: Runtime,
  protocol: Protocol | undefined,
  shown: GatewayErrorData,
  requestId: string,
  operation: Operation | undefined,
): EncodedError {
  try {
    const made = protocol?.server?.encodeError(shown, { requestId, ...(operation ? { operation } : {}) })
    if (made) return made
  } catch (cause) {
    runtime.logger.error('a protocol failed to encode an error', { id: requestId, cause })
  }
  const message = `${shown.message} (request id: ${requestId})`
  return { status: shown.status, body: { error: { message, type: shown.class, code: shown.code ?? null } } }
}

const noUsage: Usage = { tokens: {}, source: 'none', final: true }
