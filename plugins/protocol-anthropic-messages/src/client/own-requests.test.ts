import { describe, expect, it } from 'vitest'
import type { GenerateRequest, Json, JsonObject } from '@gantry/core'
import { attempt } from '../captures.test-support.ts'
import { wireOf } from '../server/answers.test-support.ts'
import { decodeRequest } from '../server/decode-request.ts'
import { encodeRequest } from './encode-request.ts'

const hi = { role: 'user', content: 'hi' }
const ask = (more: { [key: string]: Json }): JsonObject => ({
  model: 'claude-sonnet-4-6',
  max_tokens: 10,
  messages: [hi],
  ...more,
})

/** A request as our server end reads it, changed by `change`, as our client end writes it. */
function again(
  body: JsonObject,
  { model = String(body['model']), headers = {}, change = (request: GenerateRequest) => request } = {},
): {
  readonly body: JsonObject
  readonly headers: { readonly [name: string]: string } | undefined
  readonly losses: readonly string[]
} {
  const context = attempt(model)
  const made = encodeRequest(change(decodeRequest(wireOf(body, { headers }))), context)
  const sent = JSON.parse(JSON.stringify(made.body)) as JsonObject
  return {
    body: sent,
    headers: made.headers,
    losses: context.losses.map(({ what, how }) => `${what} ${how}`),
  }
}

describe('a request of this wire’s own clients', () => {
  it.each<[string, JsonObject]>([
    [
      'blank and empty texts',
      ask({
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: ' ' },
              { type: 'text', text: '' },
            ],
          },
        ],
      }),
    ],
    [
      'turns of one side in a row',
      ask({
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'a' }] },
          { role: 'user', content: [{ type: 'text', text: 'b' }] },
        ],
      }),
    ],
    [
      'a call without a result, a result without a call',
      ask({
        messages: [
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: { b: 1, a: 2 } }] },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'tool_result', tool_use_id: 'z', content: [{ type: 'text', text: 'y' }] },
            ],
          },
        ],
      }),
    ],
    [
      'pictures of an assistant',
      ask({
        messages: [
          {
            role: 'assistant',
            content: [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } }],
          },
        ],
      }),
    ],
    [
      'more breakpoints than the vendor takes',
      ask({
        messages: [
          {
            role: 'user',
            content: Array.from({ length: 6 }, () => ({
              type: 'text',
              text: 'a',
              cache_control: { type: 'ephemeral', scope: 'global' },
            })),
          },
        ],
      }),
    ],
    [
      'what the model refuses',
      ask({
        model: 'claude-opus-5-5',
        temperature: 1,
        top_p: 1,
        thinking: { type: 'disabled' },
        tools: [{ name: 'f', input_schema: { type: 'object', minimum: 3 }, strict: true }],
        tool_choice: { type: 'any', disable_parallel_tool_use: false },
      }),
    ],
    [
      'a kind of thinking nobody else has',
      ask({
        thinking: { type: 'between_tools', display: 'updates', pace: 1 },
        output_config: { effort: 'max', task_budget: { total: 5 } },
      }),
    ],
    [
      'the older place of a format',
      ask({ output_format: { type: 'json_schema', schema: { type: 'object' }, name: 'x' } }),
    ],
    [
      'blank stop sequences, tier, user, unknown fields',
      ask({
        stop_sequences: [' '],
        service_tier: 'flex',
        metadata: { user_id: 'u'.repeat(300), team: 't' },
        x: { y: null },
      }),
    ],
    [
      'a compaction without state',
      ask({ messages: [{ role: 'assistant', content: [{ type: 'compaction', content: 'short' }] }] }),
    ],
    [
      'tools that Anthropic defines and the client runs',
      ask({
        tools: [
          { type: 'bash_20250124', name: 'bash', cache_control: { type: 'ephemeral' } },
          { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool', max_characters: 5000 },
          { type: 'memory_20250818', name: 'memory', defer_loading: true },
          { type: 'computer_20251124', name: 'computer', display_width_px: 1, display_height_px: 1 },
        ],
      }),
    ],
    [
      'who made a call',
      ask({
        messages: [
          {
            role: 'assistant',
            content: [{ type: 'tool_use', id: 'a', name: 'f', input: {}, caller: { type: 'direct' } }],
          },
        ],
      }),
    ],
    [
      'the billing block',
      ask({
        system: [
          { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329.3c4;' },
          { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } },
        ],
      }),
    ],
  ])('goes out as it came: %s', (_what, body) => {
    const { body: sent, losses } = again(body)
    expect(sent).toEqual(body)
    expect(losses).toEqual([])
  })

  it('shows every edit', () => {
    const body = ask({
      system: 'Be kind.',
      thinking: { type: 'enabled', budget_tokens: 2000 },
      tools: [{ name: 'f', input_schema: {} }],
    })
    const { body: sent } = again(body, {
      change: (request) => ({
        ...request,
        instructions: [{ type: 'text', text: 'Be brief.' }],
        reasoning: { ...request.reasoning, budgetTokens: 3000 },
        maxOutputTokens: 5000,
        tools: [],
        turns: [...request.turns, { role: 'assistant', parts: [{ type: 'text', text: 'more' }] }],
      }),
    })
    expect(sent).toMatchObject({
      system: [{ type: 'text', text: 'Be brief.' }],
      max_tokens: 5000,
      thinking: { type: 'enabled', budget_tokens: 3000 },
      messages: [{ role: 'user' }, { role: 'assistant', content: [{ type: 'text', text: 'more' }] }],
    })
    expect(sent).not.toHaveProperty('tools')
  })

  it('keeps its betas and its version, unless a hook adds what that refuses', () => {
    const headers = { 'anthropic-beta': 'a-1, b-2', 'anthropic-version': '2026-10-21' }
    const body = ask({ speed: 'fast' })
    expect(again(body, { headers }).headers).toEqual({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'a-1,b-2,fast-mode-2026-02-01',
    })
    const warmer = (request: GenerateRequest): GenerateRequest => ({
      ...request,
      sampling: { temperature: 0 },
    })
    expect(again(body, { headers, change: warmer }).headers?.['anthropic-version']).toBe('2023-06-01')
  })

  it('loses thinking that has no state, and with it the thinking of a tool loop that it began', () => {
    const loop = (signature: string): JsonObject =>
      ask({
        model: 'claude-sonnet-4-5',
        max_tokens: 5000,
        thinking: { type: 'enabled', budget_tokens: 2000 },
        messages: [
          hi,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'hm', signature },
              { type: 'tool_use', id: 'a', name: 'f', input: {} },
            ],
          },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a' }] },
        ],
      })
    expect(again(loop('sig')).body).toEqual(loop('sig'))
    const { body, losses } = again(loop(''))
    expect(JSON.stringify(body)).not.toContain('thinking')
    expect(losses).toEqual(['part.reasoning dropped', 'reasoning dropped'])
    // A host with a model of its own signs nothing, and wants its thinking back.
    expect(again({ ...loop(''), model: 'glm-5' }).body).toEqual({ ...loop(''), model: 'glm-5' })
  })
})

it('sources that another wire gave are left out, and said to be', () => {
  const citation = { type: 'web_search_result_location', url: 'https://a', title: 'A', cited_text: '' }
  const text = (index: string): JsonObject => ({
    type: 'text',
    text: 'a',
    citations: [{ ...citation, encrypted_index: index }],
  })
  const { body, losses } = again(
    ask({ messages: [hi, { role: 'assistant', content: [text('real'), text('')] }] }),
  )
  expect((body['messages'] as readonly JsonObject[])[1]?.['content']).toEqual([
    text('real'),
    { type: 'text', text: 'a' },
  ])
  expect(losses).toEqual(['part.text.citations dropped'])
})

describe('by an alias, to a model of other rules', () => {
  it('system messages become marked text of the user', () => {
    const body = ask({
      messages: [hi, { role: 'system', content: 'Be brief.', output_config: { effort: 'low' } }],
    })
    const { body: sent, losses } = again(body, { model: 'claude-haiku-4-5' })
    expect(sent['messages']).toEqual([hi, { role: 'user', content: '<system>\nBe brief.\n</system>' }])
    expect(losses).toContain('turn.output_config dropped')
    expect(losses).toContain('turn.system lowered')
  })

  it.each<[JsonObject, string, object]>([
    [
      ask({ thinking: { type: 'adaptive' }, max_tokens: 20_000 }),
      'claude-haiku-4-5',
      { thinking: { type: 'enabled', budget_tokens: 8192 } },
    ],
    [ask({ thinking: { type: 'disabled' } }), 'claude-opus-5-5', { output_config: { effort: 'low' } }],
    [
      ask({ thinking: { type: 'enabled', budget_tokens: 9000 }, max_tokens: 20_000 }),
      'claude-opus-5-5',
      { output_config: { effort: 'medium' } },
    ],
    [ask({ output_config: { effort: 'high' } }), 'claude-opus-5-5', { output_config: { effort: 'high' } }],
  ])('thinking is what the model knows: %j', (body, model, expected) => {
    expect(again(body, { model }).body).toMatchObject(expected)
  })

  it('an effort alone does not ask for thinking', () => {
    expect(
      again(ask({ output_config: { effort: 'high' } }), { model: 'claude-opus-5' }).body,
    ).not.toHaveProperty('thinking')
  })
})
