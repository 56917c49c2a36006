import type { ClientContext, Frame, GatewayEvent, GenerateResponse, Loss, WireRequest } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { loadFixtures, type CapturedExchange } from '@gantry/testing'
import { createSseReader } from '@gantry/wire'
import { streamDecoder } from './client/stream-decoder.ts'

/** One recorded exchange, with the file it is in. */
export interface Recorded extends CapturedExchange {
  readonly name: string
  readonly kind: 'answer' | 'stream' | 'resumed' | 'compaction' | 'count' | 'error' | 'other wire'
}

/** Every recorded exchange of the wire, in order of files. */
export function recorded(): readonly Recorded[] {
  return loadFixtures(new URL('../../../test/fixtures/responses', import.meta.url)).flatMap(
    ({ name, exchanges }) =>
      exchanges.map((exchange, index) => ({
        ...exchange,
        name: index === 0 ? name : `${name}#${index}`,
        kind: kindOf(exchange),
      })),
  )
}

function kindOf({ protocol, request, response }: CapturedExchange): Recorded['kind'] {
  if (protocol !== 'responses') return 'other wire'
  const path = request?.path ?? '/responses'
  if (response.status >= 400) return 'error'
  if (path.includes('/compact')) return 'compaction'
  if (path.includes('/input_tokens')) return 'count'
  // A stream taken up in its middle has no start: only its bytes can pass.
  if (path.includes('starting_after=')) return 'resumed'
  return response.sse === undefined ? 'answer' : 'stream'
}

/** Frames of a recorded stream, in slices of the given sizes (the last one repeats); whole without. */
export function framesOf(sse: string, sizes: readonly number[] = []): readonly Frame[] {
  const bytes = new TextEncoder().encode(sse)
  const frames: Frame[] = []
  const reader = createSseReader((frame) => frames.push(frame))
  let from = 0
  for (let piece = 0; from < bytes.length; piece++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[piece] ?? sizes.at(-1) ?? 1)
    reader.push(bytes.subarray(from, from + Math.max(1, size)))
    from += Math.max(1, size)
  }
  reader.end()
  return frames
}

/** Events of frames and what they amount to; their order is checked. */
export function decodeFrames(frames: readonly Frame[]): {
  readonly events: readonly GatewayEvent[]
  readonly response: GenerateResponse
} {
  const events: GatewayEvent[] = []
  const guard = orderGuard()
  const folded = accumulate()
  const decoder = streamDecoder(attempt())
  const emit = (event: GatewayEvent): void => {
    guard.push(event)
    folded.push(event)
    events.push(event)
  }
  for (const frame of frames) decoder.push(frame, emit)
  decoder.end(emit)
  guard.end()
  return { events, response: folded.response() }
}

/** A context for one attempt, and the losses it collects. */
export function attempt(
  model = 'gpt-5.5',
  target: Partial<ClientContext['target']> = {},
): ClientContext & { readonly losses: Loss[] } {
  const losses: Loss[] = []
  return {
    target: { provider: 'openai', protocol: 'openai-responses', model, ...target },
    report: (loss) => losses.push(loss),
    losses,
  }
}

/** A request as core hands it over. */
export function wireOf(body: WireRequest['body'] | object, more: Partial<WireRequest> = {}): WireRequest {
  const json = body instanceof Uint8Array ? {} : (body as ReturnType<WireRequest['json']>)
  return {
    method: 'POST',
    path: '/responses',
    params: {},
    headers: new Headers(),
    body: body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body)),
    json: () => json,
    ...more,
  }
}
