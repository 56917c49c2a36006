import { describe, expect, it } from 'vitest'
import type { Json, JsonObject, Target } from '@gantry/core'
import { relay } from './relay.ts'

const fits = (body: JsonObject, model: string, more: Partial<Target> = {}, indent?: number): boolean => {
  const bytes = Buffer.from(JSON.stringify(body, null, indent))
  const wire = {
    method: 'POST',
    path: '/v1/messages',
    params: {},
    headers: new Headers(),
    body: bytes,
    json: () => JSON.parse(bytes.toString()) as JsonObject,
  }
  return relay.fits?.(wire, { provider: 'p', protocol: 'anthropic-messages', model, ...more }) ?? true
}
const ask = (more: { [key: string]: Json }): JsonObject => ({
  model: 'alias',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'the "role":"system" of a word' }],
  ...more,
})
const system = {
  messages: [
    { role: 'user', content: 'a' },
    { role: 'system', content: 'b' },
  ],
}

describe('what goes out as its client wrote it', () => {
  it.each<[string, JsonObject, string]>([
    [
      'whatever a model is asked by its own name',
      ask({ model: 'claude-haiku-4-5', thinking: { type: 'adaptive' } }),
      'claude-haiku-4-5',
    ],
    [
      'whatever a host with its own model is asked',
      ask({ thinking: { type: 'adaptive' }, temperature: 1 }),
      'glm-5',
    ],
    ['a plain request by an alias', ask({}), 'claude-opus-5-5'],
    ['system messages to a model that takes them', ask(system), 'claude-opus-5'],
    [
      'manual thinking to a model that knows it',
      ask({ thinking: { type: 'enabled', budget_tokens: 1024 } }),
      'claude-haiku-4-5',
    ],
  ])('%s', (_what, body, model) => {
    expect(fits(body, model)).toBe(true)
    expect(fits(body, model, {}, 2)).toBe(true)
  })
})

describe('what is encoded for its target', () => {
  it.each<[string, JsonObject, string]>([
    ['system messages to a model without them', ask(system), 'claude-haiku-4-5'],
    ['the same by its own name', ask({ ...system, model: 'claude-haiku-4-5' }), 'claude-haiku-4-5'],
    ['the same to a host with its own model', ask(system), 'glm-5'],
    ['adaptive thinking to a manual model', ask({ thinking: { type: 'adaptive' } }), 'claude-haiku-4-5'],
    [
      'a budget to a model without',
      ask({ thinking: { type: 'enabled', budget_tokens: 1024 } }),
      'claude-opus-5-5',
    ],
    ['thinking switched off where it cannot be', ask({ thinking: { type: 'disabled' } }), 'claude-opus-5-5'],
    ['a temperature', ask({ temperature: 1 }), 'claude-opus-5-5'],
    ['a forced tool', ask({ tool_choice: { type: 'any' } }), 'claude-opus-5-5'],
    ['an effort', ask({ output_config: { effort: 'high' } }), 'claude-haiku-4-5'],
    ['a schema', ask({ output_config: { format: { type: 'json_schema', schema: {} } } }), 'claude-opus-4-0'],
  ])('%s', (_what, body, model) => {
    expect(fits(body, model)).toBe(false)
    expect(fits(body, model, {}, 2)).toBe(false)
  })

  it.each<[string, JsonObject]>([
    ['thinking that another wire gave without a state', { type: 'thinking', thinking: 'hm', signature: '' }],
    [
      'sources that another wire gave without an index',
      {
        type: 'text',
        text: 'a',
        citations: [{ type: 'web_search_result_location', url: 'https://a', encrypted_index: '' }],
      },
    ],
  ])('%s, even by its own name', (_what, block) => {
    const body = ask({ model: 'claude-opus-5', messages: [{ role: 'assistant', content: [block] }] })
    expect([fits(body, 'claude-opus-5'), fits(body, 'claude-opus-5', {}, 2)]).toEqual([false, false])
    // A host with a model of its own signs nothing.
    expect(fits(body, 'glm-5')).toBe(true)
    const call = { type: 'tool_use', id: 'a', name: 'f', input: { signature: '' } }
    expect(fits(ask({ messages: [{ role: 'assistant', content: [call] }] }), 'claude-opus-5')).toBe(true)
  })

  it('a limit above the configured one', () => {
    expect(fits(ask({ max_tokens: 9000 }), 'claude-opus-5-5', { maxOutputTokens: 8000 })).toBe(false)
    expect(fits(ask({ max_tokens: 8000 }), 'claude-opus-5-5', { maxOutputTokens: 8000 })).toBe(true)
  })

  it('what a quirk says a host lacks', () => {
    const quirks = { forcedTools: false, midSystem: true }
    expect(fits(ask({ tool_choice: { type: 'any' } }), 'glm-5', { quirks })).toBe(false)
    expect(fits(ask(system), 'glm-5', { quirks })).toBe(true)
  })
})
