import type { ClientContext, Frame, JsonObject, Loss } from '@gantry/core'
import { createSseReader } from '@gantry/wire'
import { readdirSync, readFileSync } from 'node:fs'

/** One recorded exchange with Anthropic. */
export interface Capture {
  readonly file: string
  readonly tags: readonly string[]
  readonly kind: 'response' | 'stream' | 'error' | 'token count' | 'other vendor'
  readonly requestBody?: JsonObject
  readonly status: number
  readonly json?: JsonObject
  readonly sse?: string
}

interface Exchange {
  readonly protocol: string
  readonly request: { readonly path: string; readonly body: JsonObject } | null
  readonly response: { readonly status: number; readonly json?: JsonObject; readonly sse?: string }
}

const folder = new URL('../../../test/fixtures/', import.meta.url)

/** Every exchange of every recorded file of one protocol. */
export function captures(protocol: 'anthropic' | 'chat' = 'anthropic'): readonly Capture[] {
  const where = new URL(`${protocol}/`, folder)
  return readdirSync(where)
    .toSorted()
    .flatMap((file) => {
      const capture = JSON.parse(readFileSync(new URL(file, where), 'utf8')) as {
        tags: readonly string[]
        exchanges: readonly Exchange[]
      }
      return capture.exchanges.map((exchange): Capture => ({
        file,
        tags: capture.tags,
        kind: kindOf(exchange, protocol),
        status: exchange.response.status,
        ...(exchange.request?.body && { requestBody: exchange.request.body }),
        ...(exchange.response.json && { json: exchange.response.json }),
        ...(exchange.response.sse !== undefined && { sse: exchange.response.sse }),
      }))
    })
}

function kindOf({ protocol, request, response }: Exchange, wanted: string): Capture['kind'] {
  if (protocol !== wanted) return 'other vendor'
  if (request?.path.includes('count_tokens')) return 'token count'
  if (response.status >= 400) return 'error'
  return response.sse === undefined ? 'response' : 'stream'
}

/** Frames of a recorded stream, read in slices of the given sizes (the last one repeats); whole without. */
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

/** A context for one attempt, and the losses it collects. */
export function attempt(
  model = 'claude-sonnet-4-5',
  target: Partial<ClientContext['target']> = {},
): ClientContext & { readonly losses: Loss[] } {
  const losses: Loss[] = []
  return {
    target: { provider: 'anthropic', protocol: 'anthropic-messages', model, ...target },
    report: (loss) => losses.push(loss),
    losses,
  }
}
