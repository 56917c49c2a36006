import OpenAI from 'openai'

/** The official SDK with only base URL and key changed, and no retries of its own, so that errors show at once. */
export function sdk(url: string, apiKey: string, path = '/v1'): OpenAI {
  return new OpenAI({ baseURL: `${url}${path}`, apiKey, maxRetries: 0 })
}

/** A one-pixel PNG. */
export const pixel: string =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The weather tool of every example. */
export const weather: OpenAI.Chat.Completions.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

/** Every model of the mission's config that a chat client reaches, by the wire its upstream speaks. */
export const bothWires: readonly (readonly [wire: string, model: string])[] = [
  ['a chat upstream', 'sim-chat'],
  ['a messages upstream', 'Sim-Claude-4.6'],
]
