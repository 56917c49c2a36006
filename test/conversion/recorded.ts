import type { JsonObject } from '@gantry/core'
import { type Capture, type CapturedExchange, responseBytes } from '@gantry/testing'
import type { Wire } from './reading.ts'

/** One recorded answer. */
export interface Recorded {
  readonly name: string
  readonly provider: string
  readonly bytes: string
  readonly stream: boolean
  /** Whether the stream says that it failed. */
  readonly failed: boolean
}

/** Good answers of the operation `generate` that are of this wire. */
export function answersOf(wire: Wire, captures: readonly Capture[]): readonly Recorded[] {
  return captures.flatMap((capture) =>
    capture.exchanges.flatMap((exchange, index): readonly Recorded[] => {
      const { response, provider } = exchange
      if (response.status >= 300 || !isOf(wire, exchange)) return []
      const bytes = Buffer.from(responseBytes(response)).toString('utf8')
      const failed = capture.tags.includes('error-midstream')
      const stream = response.sse !== undefined
      return [{ name: `${capture.name} #${index}`, provider, bytes, stream, failed }]
    }),
  )
}

/** Bodies of requests of this wire that a vendor accepted. */
export function requestsOf(
  wire: Wire,
  captures: readonly Capture[],
): readonly (readonly [name: string, body: JsonObject])[] {
  return captures.flatMap((capture) =>
    capture.exchanges.flatMap((exchange, index): readonly (readonly [string, JsonObject])[] => {
      const { request, response } = exchange
      if (response.status >= 300 || !request?.body || !isOf(wire, exchange)) return []
      return [[`${capture.name} #${index}`, request.body as JsonObject]]
    }),
  )
}

function isOf(wire: Wire, { provider, protocol, request, response }: CapturedExchange): boolean {
  // Its wire is its own; those captures are relayed only.
  if (provider === 'cohere') return false
  if (protocol !== nameInFixtures[wire]) return false
  const path = request?.path.split('?')[0]
  if (path !== undefined && !path.endsWith(paths[wire])) return false
  const json = response.json as JsonObject | undefined
  // Answers that run in the background are fetched later, by their id.
  return json?.['status'] !== 'queued'
}

const nameInFixtures: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'anthropic',
}

const paths: { readonly [wire in Wire]: string } = {
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
  'anthropic-messages': '/messages',
}
