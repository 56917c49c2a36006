import type { JsonObject } from '@gantry/core'

/**
 * What OpenAI's own endpoint wants on the chat wire, by model family, as data for the protocol:
 * the fields of the first entry of `families` whose pattern (`*` is any text) matches the model replace the rest.
 *
 * `max_completion_tokens` is what all current models take; the reasoning models answer 400 to `max_tokens`
 * ("Use 'max_completion_tokens' instead"). They know `developer` where the older ones were trained on `system`.
 */
export const openaiQuirks: JsonObject = {
  maxTokens: 'max_completion_tokens',
  systemRole: 'developer',
  customTools: true,
  families: [
    { models: ['gpt-3.5-*', 'gpt-4', 'gpt-4-*', 'gpt-4o*', 'chatgpt-4o-*'], systemRole: 'system' },
    { models: ['gpt-4.1*', 'gpt-4.5*'], systemRole: 'system' },
  ],
}

/** What OpenAI's own endpoint wants on the Responses wire: it takes no thinking back in plain words ("array too long"). */
export const openaiResponsesQuirks: JsonObject = { reasoningText: false }
