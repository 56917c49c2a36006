import { readFileSync, readdirSync } from 'node:fs'
import type { Frame, GatewayEvent, JsonObject, ServerContext, Target, WireRequest } from '@gantry/core'
import { createSseReader } from '@gantry/wire'
import { streamDecoder } from './client/stream-decoder.ts'

/** For tests only: one recorded exchange. */
export interface Exchange {
  readonly file: string
  readonly provider: string
  readonly request: { readonly method: string; readonly path: string; readonly body: JsonObject } | null
  readonly response: {
    readonly status: number
    readonly json?: JsonObject
    readonly sse?: string
    readonly text?: string
  }
}

const folder: URL = new URL('../../../test/fixtures/chat/', import.meta.url)

/** All recorded exchanges; Cohere's own wire is told apart by `isCohere`. */
export function recorded(): readonly Exchange[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .flatMap((file) => {
      const { exchanges } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
        exchanges: Omit<Exchange, 'file'>[]
      }
      return exchanges.map((exchange) => ({ ...exchange, file }))
    })
}

/** Three captures are not chat. */
export function isCohere(exchange: Exchange): boolean {
  return exchange.provider === 'cohere'
}

/** A request as core hands it over. */
export function wireOf(body: JsonObject, more: Partial<WireRequest> = {}): WireRequest {
  return {
    method: 'POST',
    path: '/chat/completions',
    params: {},
    headers: new Headers(),
    body: new TextEncoder().encode(JSON.stringify(body)),
    json: () => body,
    ...more,
  }
}

/** A target without quirks. */
export function targetOf(model: string, more: Partial<Target> = {}): Target {
  return { provider: 'upstream', protocol: 'openai-chat', model, ...more }
}

/** What an encoder of the server gets. */
export function serverContext(more: Partial<ServerContext<'generate'>> = {}): ServerContext<'generate'> {
  return {
    wire: wireOf({}),
    request: { model: 'asked', stream: true, turns: [], includeUsage: true },
    requestId: 'req_1',
    report: () => {},
    ...more,
  }
}

/** Frames of a stream, in slices as given. */
export function framesOf(...slices: readonly (string | Uint8Array)[]): readonly Frame[] {
  const frames: Frame[] = []
  const reader = createSseReader((frame) => frames.push(frame))
  for (const slice of slices) reader.push(typeof slice === 'string' ? new TextEncoder().encode(slice) : slice)
  reader.end()
  return frames
}

/** Events of a stream. */
export function eventsIn(frames: readonly Frame[]): readonly GatewayEvent[] {
  const events: GatewayEvent[] = []
  const decoder = streamDecoder()
  for (const frame of frames) decoder.push(frame, (event) => events.push(event))
  decoder.end((event) => events.push(event))
  return events
}
