import type { GenerateRequest, OutputShape, ReasoningOptions, Sampling } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { betasOf } from './betas.ts'
import { call, encode, result, says, user } from '../encode.test-support.ts'

describe('limits', () => {
  it('takes the client, then the config, then the family', () => {
    expect(encode({ maxOutputTokens: 7 }).body['max_tokens']).toBe(7)
    expect(encode({}, 'claude-opus-5-5', { maxOutputTokens: 500 }).body['max_tokens']).toBe(500)
    const families = {
      'claude-opus-5-5': 128_000,
      'claude-fable-5-1': 128_000,
      'us.anthropic.claude-sonnet-4-6-v1:0': 128_000,
      'claude-sonnet-4-5-20250929': 64_000,
      'claude-haiku-4-5': 64_000,
      'claude-opus-4-1-20250805': 32_000,
      'claude-sonnet-4-20250514': 64_000,
      'claude-3-5-haiku-latest': 8192,
      'claude-2.1': 4096,
      // A date is no version.
      'claude-2026-11': 128_000,
      'claude-something-new': 128_000,
      'kimi-k2': 32_000,
    }
    for (const [model, tokens] of Object.entries(families))
      expect(encode({}, model).body['max_tokens']).toBe(tokens)
  })

  it('keeps to the configured cap and says so', () => {
    const { body, report } = encode({ maxOutputTokens: 900 }, 'claude-opus-5-5', { maxOutputTokens: 500 })
    expect(body['max_tokens']).toBe(500)
    expect(report).toEqual(['approximated max_output_tokens /maxOutputTokens'])
  })
})

describe('reasoning', () => {
  const think = (
    reasoning: ReasoningOptions,
    model: string,
    more: Partial<GenerateRequest> = {},
  ): ReturnType<typeof encode> => encode({ reasoning, ...more }, model)

  it('is an effort on adaptive models', () => {
    const { body, report } = think({ effort: 'high', display: 'auto' }, 'claude-opus-4-8')
    expect(body['thinking']).toEqual({ type: 'adaptive', display: 'summarized' })
    expect(body['output_config']).toEqual({ effort: 'high' })
    expect(report).toEqual([])
    expect(think({ effort: 'none' }, 'claude-opus-4-8').body['thinking']).toEqual({ type: 'disabled' })
    const clamped = think({ effort: 'xhigh' }, 'claude-opus-4-6')
    expect(clamped.body['output_config']).toEqual({ effort: 'high' })
    expect(clamped.report).toEqual(['approximated reasoning.effort /reasoning/effort'])
    expect(think({ effort: 'minimal' }, 'claude-opus-4-8').body['output_config']).toEqual({ effort: 'low' })
    expect(think({ effort: 'huge' }, 'claude-opus-4-8').report).toEqual([
      'dropped reasoning.effort /reasoning/effort',
    ])
  })

  it('cannot be switched off on the newest', () => {
    const off = think({ effort: 'none' }, 'claude-opus-5-5')
    expect(off.body).not.toHaveProperty('thinking')
    expect(off.body['output_config']).toEqual({ effort: 'low' })
    expect(off.report).toEqual(['approximated reasoning.disabled /reasoning'])
    expect(think({ budgetTokens: 9000 }, 'claude-fable-5-1').body['output_config']).toEqual({
      effort: 'medium',
    })
    expect(think({ effort: 'max', display: 'omitted' }, 'claude-opus-5-5').body['thinking']).toEqual({
      type: 'adaptive',
      display: 'omitted',
    })
  })

  it('is a budget on manual models, and the answer keeps its room', () => {
    const { body, report } = think({ effort: 'low' }, 'claude-sonnet-4-5', { maxOutputTokens: 100 })
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 2048 })
    expect(body['max_tokens']).toBe(2148)
    expect(report).toEqual([
      'approximated reasoning.effort /reasoning/effort',
      'approximated max_output_tokens /maxOutputTokens',
    ])
    const exact = think({ mode: 'enabled', budgetTokens: 3000 }, 'claude-sonnet-4-5', {
      maxOutputTokens: 4096,
    })
    expect(exact.body).toMatchObject({ max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 3000 } })
    expect(exact.report).toEqual([])
    const small = encode({ reasoning: { effort: 'max' }, maxOutputTokens: 500 }, 'claude-opus-4-1', {
      maxOutputTokens: 3000,
    })
    expect(small.body).toMatchObject({ max_tokens: 3000, thinking: { budget_tokens: 2999 } })
    expect(think({ effort: 'none' }, 'claude-sonnet-4-5').body).not.toHaveProperty('thinking')
    expect(think({ effort: 'low' }, 'claude-3-5-haiku').report).toEqual(['dropped reasoning /reasoning'])
  })

  it('gives way to forced tools, and to a loop whose thinking is gone', () => {
    const tools = [{ type: 'function', name: 'look' }] as const
    const forced = think({ effort: 'low' }, 'claude-sonnet-4-5', { tools, toolChoice: { mode: 'required' } })
    expect(forced.body).not.toHaveProperty('thinking')
    expect(forced.report).toEqual(['dropped reasoning /reasoning'])
    const adaptive = think({ effort: 'low' }, 'claude-opus-4-8', { tools, toolChoice: { mode: 'required' } })
    expect(adaptive.body['thinking']).toEqual({ type: 'disabled' })
    const turns = [user('Q'), says(call('a')), result('a', 'ok')]
    expect(think({ effort: 'low' }, 'claude-sonnet-4-5', { tools, turns }).report).toEqual([
      'dropped reasoning /reasoning',
    ])
    expect(think({ effort: 'low' }, 'claude-opus-4-8', { tools, turns }).report).toEqual([])
  })
})

describe('sampling', () => {
  const sample = (sampling: Sampling, model?: string): ReturnType<typeof encode> =>
    encode({ sampling }, model)

  it('is clamped to the range, and never both', () => {
    const { body, report } = sample({ temperature: 1.7, topP: 0.5, topK: 3 })
    expect(body).toMatchObject({ temperature: 1, top_k: 3 })
    expect(report).toEqual([
      'approximated sampling.temperature /sampling/temperature',
      'dropped sampling.top_p /sampling/topP',
    ])
    expect(sample({ topP: 0.5 }).body['top_p']).toBe(0.5)
  })

  it('is dropped where the model or its thinking excludes it, unless it says nothing', () => {
    expect(sample({ temperature: 0.2, topP: 1, topK: 1 }, 'claude-opus-4-8').report).toEqual([
      'dropped sampling.temperature /sampling/temperature',
      'dropped sampling.top_k /sampling/topK',
    ])
    expect(sample({ temperature: 1 }, 'claude-opus-5-5').report).toEqual([])
    const { body } = encode({
      sampling: { temperature: 0.2 },
      reasoning: { mode: 'enabled', budgetTokens: 2000 },
    })
    expect(body).not.toHaveProperty('temperature')
  })

  it('has no word for the rest', () => {
    expect(
      sample({
        seed: 1,
        presencePenalty: 0.5,
        frequencyPenalty: 0,
        logitBias: { 50: 1 },
        logprobs: true,
        count: 1,
      }).report,
    ).toEqual([
      'dropped sampling.seed /sampling/seed',
      'dropped sampling.presence_penalty /sampling/presencePenalty',
      'dropped sampling.logprobs /sampling/logprobs',
      'dropped sampling.logit_bias /sampling/logitBias',
    ])
  })

  it('keeps stop sequences that are not blank', () => {
    const { body, report } = encode({ stop: ['END', '\n', ''] })
    expect(body['stop_sequences']).toEqual(['END'])
    expect(report).toEqual(['dropped stop /stop/1'])
  })
})

describe('output', () => {
  const shape = (output: OutputShape, model?: string): ReturnType<typeof encode> => encode({ output }, model)
  const schema = {
    type: 'object',
    properties: {
      minimum: { type: 'number', minimum: 0, maximum: 5 },
      list: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'object', properties: {} } },
    },
    additionalProperties: true,
  }

  it('closes schemas and describes their bounds', () => {
    const { body, report } = shape({ type: 'json_schema', name: 'answer', schema })
    expect(body['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          title: 'answer',
          type: 'object',
          properties: {
            minimum: { type: 'number', description: 'Limits: minimum 0, maximum 5.' },
            list: {
              type: 'array',
              minItems: 1,
              items: { type: 'object', properties: {}, additionalProperties: false },
              description: 'Limits: maxItems 3.',
            },
          },
          additionalProperties: false,
        },
      },
    })
    expect(report).toEqual([
      'approximated output.schema /output/schema/properties/minimum/minimum',
      'approximated output.schema /output/schema/properties/minimum/maximum',
      'approximated output.schema /output/schema/properties/list/maxItems',
      'approximated output.schema /output/schema/additionalProperties',
    ])
  })

  it('is an instruction where the wire or the model has no mode for it', () => {
    const json = shape({ type: 'json' })
    expect(json.body['system']).toContain('JSON object')
    expect(json.report).toEqual(['lowered output.json /output'])
    const old = shape({ type: 'json_schema', schema }, 'claude-3-5-sonnet')
    expect(old.body['system']).toContain('"maximum":5')
    expect(old.report).toEqual(['lowered output.json_schema /output'])
  })

  it('reports what has no place', () => {
    expect(shape({ type: 'text', verbosity: 'low', modalities: ['text', 'audio'] }).report).toEqual([
      'dropped output.verbosity /output/verbosity',
      'dropped output.modalities /output/modalities',
    ])
  })
})

describe('accounting', () => {
  it('carries the user, the tier and cache wishes', () => {
    const { body, report } = encode({
      endUser: 'u1',
      serviceTier: 'default',
      cache: { key: 'k', retention: '24h' },
    })
    expect(body).toMatchObject({
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
      cache_control: { type: 'ephemeral', ttl: '1h' },
    })
    expect(report).toEqual([
      'approximated cache.key /cache/key',
      'approximated cache.retention /cache/retention',
    ])
    const long = encode({ endUser: 'é'.repeat(300), serviceTier: 'flex', metadata: { a: 'b' } })
    expect(String(long.at('/metadata/user_id')).length).toBeLessThanOrEqual(256)
    expect(long.report).toEqual([
      'approximated end_user /endUser',
      'dropped metadata /metadata/a',
      'dropped service_tier /serviceTier',
    ])
  })

  it('reports server state, and fields of other protocols where they stood', () => {
    expect(
      encode({
        continuation: { previousResponseId: 'r', store: false, background: true },
        extra: { other: { prediction: { x: 1 }, 'a/b': 1, none: null } },
      }).report,
    ).toEqual([
      'dropped continuation.previous_response_id /continuation/previousResponseId',
      'dropped continuation.background /continuation/background',
      'dropped extra /prediction',
      'dropped extra /a~1b',
    ])
  })

  it('names its version, and the betas that its own fields need', () => {
    expect(encode({}).headers).toEqual({ 'anthropic-version': '2023-06-01' })
    const body = {
      mcp_servers: [{ name: 'x' }],
      context_management: { edits: [{ type: 'compact_20260112' }, { type: 'clear_tool_uses_20250919' }] },
      tools: [{ type: 'computer_20250124', name: 'computer' }],
    }
    expect(betasOf(body)).toBe(
      'compact-2026-01-12,computer-use-2025-01-24,context-management-2025-06-27,mcp-client-2025-04-04',
    )
  })

  it('obeys quirks over the table', () => {
    const quirks = {
      sampling: true,
      midSystem: false,
      maxOutputTokens: 12,
      thinking: 'none',
      effort: 'wrong type',
    }
    const { body, report } = encode(
      { sampling: { temperature: 0.5 }, reasoning: { effort: 'low' } },
      'claude-opus-5-5',
      { quirks },
    )
    expect(body).toMatchObject({ temperature: 0.5, max_tokens: 12 })
    expect(report).toEqual(['dropped reasoning /reasoning'])
  })
})
