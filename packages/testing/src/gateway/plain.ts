import type { AnyPlugin, GatewayConfig, GatewayEvent, ProviderPlugin } from '@gantry/core'
import { toyProtocol } from '../protocol/toy/protocol.ts'

/** How a plain gateway is made. */
export interface PlainConfigOptions {
  /** The plugins under test, in their order. */
  readonly plugins?: readonly AnyPlugin[]
  /** What the model says, one text delta each; `['hel', 'lo']` by default. */
  readonly says?: readonly string[]
}

/**
 * A whole config that needs no other package: a small wire under `/v1/toy`, a provider that answers from memory, one
 * model `model-a` for everybody. For tests of a plugin that does not care which wire it serves.
 */
export function plainConfig({ plugins = [], says = ['hel', 'lo'] }: PlainConfigOptions = {}): GatewayConfig<
  'plain',
  'model-a',
  'all'
> {
  return {
    plugins: [{ name: 'protocol-toy', provides: { protocol: [toyProtocol()] } }, ...plugins],
    providers: { plain: plainProvider(says) },
    models: { 'model-a': { to: 'plain/model-a', price: { input: '1', output: '2' } } },
    groups: { all: { models: ['*'] } },
    defaultGroup: 'all',
  }
}

/** A request that a plain gateway answers: path and what `fetch` takes beside it. */
export function plainRequest(
  options: { readonly stream?: boolean; readonly headers?: { readonly [name: string]: string } } = {},
): readonly [path: string, init: RequestInit] {
  const body = { model: 'model-a', lines: ['hi'], ...(options.stream && { stream: true }) }
  const headers = { 'content-type': 'application/json', ...options.headers }
  return ['/v1/toy', { method: 'POST', headers, body: JSON.stringify(body) }]
}

/** The events of a short answer, in order. */
export function plainEvents(says: readonly string[]): readonly GatewayEvent[] {
  return [
    { type: 'start', id: 'r1' },
    { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
    ...says.map((text): GatewayEvent => ({ type: 'part-delta', index: 0, delta: { type: 'text', text } })),
    { type: 'part-end', index: 0 },
    {
      type: 'usage',
      usage: { tokens: { input: 3, output: says.length }, source: 'upstream', final: true },
    },
    { type: 'finish', finish: { reason: 'stop' } },
    { type: 'end' },
  ]
}

function plainProvider(says: readonly string[]): ProviderPlugin {
  return {
    name: 'provider-plain',
    provider: (name) => ({
      name,
      cancelStopsBilling: true,
      generate(_request, emit) {
        for (const event of plainEvents(says)) emit(event)
      },
    }),
  }
}
