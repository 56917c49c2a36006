import type { GenerateRequest, JsonObject, Target } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { encode, encodeOwn, type Encoded } from '../encode.test-support.ts'
import { modelRules } from './models.ts'

const on = (model: string, request: Partial<GenerateRequest>, quirks: JsonObject = {}): Encoded =>
  encode(request, { model, quirks })

describe('what is kept', () => {
  const storeOf = (continuation: GenerateRequest['continuation'], quirks: JsonObject = {}): unknown =>
    encode({ ...(continuation && { continuation }) }, { quirks }).body['store']

  it('is nothing, whatever the client wishes, unless the config leaves it to the client', () => {
    expect(storeOf(undefined)).toBe(false)
    expect(encodeOwn({}).body['store']).toBe(false)
    expect(storeOf({ store: true })).toBe(false)
    expect(storeOf({ store: false })).toBe(false)
    expect(storeOf({ background: true })).toBe(false)
    expect(storeOf(undefined, { store: 'client' })).toBeUndefined()
    expect(storeOf({ store: true }, { store: 'client' })).toBe(true)
    expect(storeOf({ store: true }, { store: 'never' })).toBe(false)
    expect(encode({ continuation: { store: true } }, { quirks: { store: 'never' } }).report).toEqual([
      'continuation.store dropped /continuation/store',
    ])
  })

  it('is named as the client named it', () => {
    const { body } = encodeOwn(
      {
        continuation: {
          previousResponseId: 'resp_1',
          conversation: 'conv_1',
          background: true,
          store: true,
        },
        extra: { 'openai-responses': { $conversation: { id: 'conv_1' } } },
      },
      { quirks: { store: 'client' } },
    )
    expect(body).toMatchObject({
      previous_response_id: 'resp_1',
      conversation: { id: 'conv_1' },
      background: true,
      store: true,
    })
  })
})

describe('thinking', () => {
  it('has its state asked for where there may be some', () => {
    const includeOf = (model: string, reasoning?: GenerateRequest['reasoning']): unknown =>
      on(model, { ...(reasoning && { reasoning }) }).body['include']
    expect(includeOf('gpt-5.5')).toEqual(['reasoning.encrypted_content'])
    expect(includeOf('openai/o3')).toEqual(['reasoning.encrypted_content'])
    expect(includeOf('gpt-4o', { effort: 'high' })).toBeUndefined()
    expect(includeOf('gpt-5.5', { mode: 'disabled' })).toBeUndefined()
    expect(includeOf('unknown')).toBeUndefined()
    expect(includeOf('unknown', { effort: 'low' })).toEqual(['reasoning.encrypted_content'])
    expect(on('gpt-5.5', {}, { include: false }).body).not.toHaveProperty('include')
    // A client of this wire asks for itself.
    expect(encodeOwn({}, { model: 'gpt-5.5' }).body).not.toHaveProperty('include')
    expect(
      encodeOwn({ reasoning: { opaque: true, extra: { 'openai-responses': { $implied: true } } } }).body,
    ).toMatchObject({
      include: ['reasoning.encrypted_content'],
    })
  })

  it('keeps the order in which the client wrote include, and what the model has no word for', () => {
    const notes = {
      include: ['file_search_call.results'],
      $include: ['file_search_call.results', 'reasoning.encrypted_content'],
    }
    const { body } = encodeOwn({ reasoning: { opaque: true }, extra: { 'openai-responses': notes } })
    expect(body['include']).toEqual(['file_search_call.results', 'reasoning.encrypted_content'])
    const without = encodeOwn({ extra: { 'openai-responses': notes } })
    expect(without.body['include']).toEqual(['file_search_call.results'])
  })

  it('takes the effort that the model has, never more', () => {
    const cases: readonly (readonly [string, GenerateRequest['reasoning'], unknown, readonly string[]])[] = [
      ['gpt-5.5', { effort: 'high' }, { effort: 'high' }, []],
      [
        'gpt-5.5',
        { effort: 'max' },
        { effort: 'xhigh' },
        ['reasoning.effort approximated /reasoning/effort'],
      ],
      ['o3', { effort: 'minimal' }, { effort: 'low' }, ['reasoning.effort approximated /reasoning/effort']],
      [
        'gpt-5',
        { mode: 'disabled' },
        { effort: 'minimal' },
        ['reasoning.effort approximated /reasoning/mode'],
      ],
      ['gpt-5.1', { mode: 'disabled' }, { effort: 'none' }, []],
      ['gpt-9', { effort: 'max' }, { effort: 'max' }, []],
      ['gpt-4.1', { effort: 'high' }, undefined, ['reasoning dropped /reasoning']],
      ['gpt-4.1', { mode: 'disabled' }, undefined, []],
      [
        'gpt-5.5',
        { budgetTokens: 16_000, mode: 'enabled' },
        { effort: 'medium' },
        ['reasoning.budget_tokens approximated /reasoning/budgetTokens'],
      ],
      ['gpt-5.5', { mode: 'adaptive' }, undefined, []],
    ]
    for (const [model, reasoning, expected, report] of cases) {
      const encoded = on(model, { ...(reasoning && { reasoning }) })
      expect([model, encoded.body['reasoning'], encoded.report]).toEqual([model, expected, report])
    }
    expect(on('x', { reasoning: { effort: 'max' } }, { effort: ['low', 'high'] }).body['reasoning']).toEqual({
      effort: 'high',
    })
  })

  it('shows summaries to those who want to see something', () => {
    const summaryOf = (display: string): unknown =>
      on('gpt-5.5', { reasoning: { effort: 'low', display } }).body['reasoning']
    expect(summaryOf('summarized')).toEqual({ effort: 'low', summary: 'auto' })
    expect(summaryOf('detailed')).toEqual({ effort: 'low', summary: 'detailed' })
    expect(summaryOf('omitted')).toEqual({ effort: 'low' })
    expect(on('gpt-5.5', { reasoning: { display: 'thoughts' } }).report).toEqual([
      'reasoning.display approximated /reasoning/display',
    ])
  })

  it('leaves the words of a client of this wire alone', () => {
    const { body, report } = encodeOwn(
      {
        reasoning: {
          effort: 'max',
          display: 'auto',
          extra: { 'openai-responses': { context: 'all_turns' } },
        },
      },
      { model: 'gpt-4.1' },
    )
    expect(body['reasoning']).toEqual({ context: 'all_turns', effort: 'max', summary: 'auto' })
    expect(report).toEqual([])
  })
})

describe('sampling', () => {
  it('is left out for models that refuse it, and reported where it said something', () => {
    const sampling = { temperature: 0.2, topP: 1 }
    expect(on('gpt-5.5', { sampling }).report).toEqual(['sampling.temperature dropped /sampling/temperature'])
    expect(on('gpt-5.5', { sampling }).body).not.toHaveProperty('top_p')
    expect(on('gpt-5.5', { sampling, reasoning: { effort: 'none' } }).body).toMatchObject({
      temperature: 0.2,
      top_p: 1,
    })
    expect(on('gpt-4.1', { sampling }).body).toMatchObject({ temperature: 0.2, top_p: 1 })
    expect(on('gpt-5.5', { sampling }, { sampling: true }).body).toMatchObject({ temperature: 0.2 })
    expect(encodeOwn({ sampling }, { model: 'gpt-5.5' }).body).toMatchObject({ temperature: 0.2, top_p: 1 })
  })

  it('has no penalties, seeds and biases, except at hosts that take them', () => {
    const sampling = { topK: 5, seed: 7, presencePenalty: 0, frequencyPenalty: 0.5, logitBias: { '1': 2 } }
    expect(on('gpt-4.1', { sampling }).report).toEqual([
      'sampling.top_k dropped /sampling/topK',
      'sampling.seed dropped /sampling/seed',
      'sampling.frequency_penalty dropped /sampling/frequencyPenalty',
      'sampling.logit_bias dropped /sampling/logitBias',
    ])
    expect(on('x', { sampling }, { accepts: ['top_k', 'seed', 'frequency_penalty'] }).body).toMatchObject({
      top_k: 5,
      seed: 7,
      frequency_penalty: 0.5,
    })
  })

  it('has log probabilities in two places', () => {
    expect(on('gpt-4.1', { sampling: { logprobs: 3 } }).body).toMatchObject({
      top_logprobs: 3,
      include: ['message.output_text.logprobs'],
    })
    expect(on('gpt-4.1', { sampling: { logprobs: true } }).body).not.toHaveProperty('top_logprobs')
    expect(on('gpt-4.1', { sampling: { logprobs: 0 } }).body).not.toHaveProperty('include')
  })

  it('has no stop sequences of its own: the gateway ends the answer', () => {
    expect(on('gpt-4.1', { stop: ['END'] }).report).toEqual(['stop lowered /stop'])
    expect(on('gpt-4.1', { stop: [] }).report).toEqual([])
    expect(on('x', { stop: ['END'] }, { accepts: ['stop'] }).body['stop']).toEqual(['END'])
  })

  it('gives one choice', () => {
    expect(() => encode({ sampling: { count: 2 } })).toThrow('n is 2')
    expect(encode({ sampling: { count: 1 } }).report).toEqual([])
  })
})

describe('limits and form', () => {
  const limitOf = (maxOutputTokens: number, target: Partial<Target> = {}): unknown =>
    encode({ maxOutputTokens }, target).body['max_output_tokens']

  it('are within what the wire and the config allow', () => {
    expect(encode({}).body).not.toHaveProperty('max_output_tokens')
    expect(limitOf(100)).toBe(100)
    expect(limitOf(5)).toBe(16)
    expect(limitOf(100, { maxOutputTokens: 50 })).toBe(50)
    expect(encode({ maxOutputTokens: 5 }).report).toEqual(['max_output_tokens approximated /maxOutputTokens'])
    expect(encodeOwn({ maxOutputTokens: 5 }).body['max_output_tokens']).toBe(5)
  })

  it('write schemas with a name', () => {
    const schema: JsonObject = { type: 'object', properties: {}, additionalProperties: false }
    expect(encode({ output: { type: 'json_schema', schema, strict: true } }).body['text']).toEqual({
      format: { type: 'json_schema', name: 'response', schema, strict: true },
    })
    expect(encode({ output: { type: 'json', verbosity: 'low' } }).body['text']).toEqual({
      format: { type: 'json_object' },
      verbosity: 'low',
    })
    expect(encode({ output: { type: 'text' } }).body).not.toHaveProperty('text')
    const own = encodeOwn({
      output: {
        type: 'json_schema',
        name: 'x',
        schema,
        extra: { 'openai-responses': { $format: { description: 'D' } } },
      },
    })
    expect(own.body['text']).toEqual({ format: { description: 'D', type: 'json_schema', name: 'x', schema } })
    expect(encode({ output: { type: 'text', modalities: ['text', 'audio'] } }).report).toEqual([
      'output.modalities dropped /output/modalities',
    ])
  })
})

describe('accounting', () => {
  it('finds the key of the prompt cache in the session of Claude Code', () => {
    const session = '3f2a9f0e-1111-4222-8333-abcdefabcdef'
    const json = JSON.stringify({ device_id: 'd'.repeat(64), session_id: session })
    const encoded = encode({ endUser: json })
    expect(encoded.body['prompt_cache_key']).toBe(session)
    expect(String(encoded.body['safety_identifier'])).toHaveLength(64)
    expect(encoded.report).toEqual(['end_user approximated /endUser'])
    expect(encode({ endUser: `user_abc_account__session_${session}` }).body['prompt_cache_key']).toBe(session)
    expect(encode({ endUser: 'someone' }).body).toMatchObject({ safety_identifier: 'someone' })
    expect(encode({ endUser: 'someone' }).body).not.toHaveProperty('prompt_cache_key')
    expect(encode({ endUser: json, cache: { key: 'mine' } }).body['prompt_cache_key']).toBe('mine')
    expect(encode({ endUser: '{"session_id"' }).body).not.toHaveProperty('prompt_cache_key')
  })

  it('leaves the names of a client of this wire alone', () => {
    expect(encodeOwn({ endUser: 'u'.repeat(80) }).body['user']).toBe('u'.repeat(80))
    expect(
      encodeOwn({ endUser: 'u', extra: { 'openai-responses': { $endUser: 'safety_identifier' } } }).body,
    ).toMatchObject({
      safety_identifier: 'u',
    })
  })

  it('has tiers, metadata and cache wishes', () => {
    const { body, report } = encode({
      serviceTier: 'standard_only',
      metadata: { run: '1' },
      cache: { retention: '24h', breakpoint: { mode: 'ephemeral' }, resource: 'cachedContents/1' },
    })
    expect(body).toMatchObject({
      service_tier: 'default',
      metadata: { run: '1' },
      prompt_cache_retention: '24h',
    })
    expect(report).toEqual([
      'cache.breakpoint dropped /cache/breakpoint',
      'cache.resource dropped /cache/resource',
      'service_tier approximated /serviceTier',
    ])
    const own = encodeOwn({
      cache: { mode: 'explicit', ttl: '30m' },
      extra: { 'openai-responses': { prompt_cache_options: { prewarm: true } } },
    })
    expect(own.body['prompt_cache_options']).toEqual({ prewarm: true, mode: 'explicit', ttl: '30m' })
  })
})

describe('hosts that refuse fields', () => {
  const quirks = { refuses: ['max_output_tokens', 'temperature', 'safety_identifier', 'model', 'nothing'] }

  it('do not get them, and what said something is reported', () => {
    const { body, report } = on('gpt-4.1', { maxOutputTokens: 100, sampling: { temperature: 0 } }, quirks)
    expect(body).not.toHaveProperty('max_output_tokens')
    expect(body).not.toHaveProperty('temperature')
    expect(body['model']).toBe('gpt-4.1')
    expect(report).toEqual([
      'refused.max_output_tokens dropped /max_output_tokens',
      'refused.temperature dropped /temperature',
    ])
  })

  it('may be some models of a host', () => {
    const families = { families: [{ models: ['codex-*', 'gpt-?'], refuses: ['metadata'] }, { models: 7 }] }
    expect(on('codex-mini', { metadata: { a: 'b' } }, families).body).not.toHaveProperty('metadata')
    expect(on('gpt-4.1', { metadata: { a: 'b' } }, families).body).toHaveProperty('metadata')
  })
})

it('knows models by name, with and without a router’s prefix', () => {
  const thinks = (model: string): unknown => modelRules(model).reasoning
  expect(
    [
      'o1',
      'o4-mini',
      'gpt-5',
      'gpt-5-mini',
      'gpt-5.6-sol',
      'gpt-6-luna',
      'codex-mini',
      'openai/GPT-5.1',
      'gpt-oss-120b',
    ].filter(thinks),
  ).toHaveLength(9)
  expect(
    [
      'gpt-4o',
      'gpt-4.1',
      'gpt-3.5-turbo',
      'chatgpt-4o-latest',
      'gpt-5-chat-latest',
      'gpt-5.3-chat-latest',
    ].map(thinks),
  ).toEqual(Array(6).fill(false))
  expect(['grok-4', 'deepseek-v4', 'gpt5', 'oreo'].map(thinks)).toEqual(Array(4).fill(undefined))
})
