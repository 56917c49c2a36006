import type { JsonObject } from '@gantry/core'
import type { SimulatorSettings } from './options.ts'
import { startSimulator } from './simulator.ts'
import type { Simulator } from './simulator.ts'

/** Runs a test with a simulator and closes it whatever happens. */
export async function withSimulator(
  settings: SimulatorSettings,
  test: (simulator: Simulator) => Promise<void>,
): Promise<void> {
  const simulator = await startSimulator(settings)
  try {
    await test(simulator)
  } finally {
    await simulator.close()
  }
}

/** A request on the chat wire. */
export function chat(
  { url }: Simulator,
  content: unknown,
  more: object = {},
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], ...more })
  return fetch(`${url}/chat/completions`, { method: 'POST', headers, body, ...(signal && { signal }) })
}

/** A request on the messages wire. */
export function messages(
  { url }: Simulator,
  content: unknown,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 4096,
    messages: [{ role: 'user', content }],
    ...more,
  })
  return fetch(`${url}/messages`, {
    method: 'POST',
    headers: { 'anthropic-version': '2023-06-01', ...headers },
    body,
  })
}

/** A request on the responses wire. */
export function responses(
  { url }: Simulator,
  input: unknown,
  more: object = {},
  path: '' | '/compact' | '/input_tokens' = '',
): Promise<Response> {
  const body = JSON.stringify({ model: 'm', input, ...more })
  return fetch(`${url}/responses${path}`, { method: 'POST', body })
}

/** The data of each whole frame. */
export function frames(text: string): { readonly event?: string; readonly data: string }[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const [, event, data] = /^(?:event: (.*)\n)?data: (.*)$/.exec(frame) ?? []
      return { ...(event !== undefined && { event }), data: data ?? '' }
    })
}

/** Parses a JSON object. */
export function object(text: string): JsonObject {
  return JSON.parse(text) as JsonObject
}
