import { describe, expect, it } from 'vitest'
import type { GenerateResponse, JsonObject, Part } from '@gantry/core'
import { contextOf, recordedAnswers, wholeOf } from './answers.test-support.ts'
import { violations } from './schema.test-support.ts'

const answer = (more: Partial<GenerateResponse> = {}): GenerateResponse => ({
  id: 'msg_01',
  model: 'claude',
  createdAt: 1_700_000_000,
  parts: [{ type: 'text', text: 'hi' }],
  finish: { reason: 'stop', raw: 'end_turn' },
  ...more,
})

describe('a response', () => {
  it('repeats what was asked and says of itself what is true', () => {
    const tools = [
      { type: 'function', name: 'f' },
      { type: 'namespace', name: 'n', tools: [] },
      { type: 'web_search', search_context_size: 'low' },
    ]
    const asked: JsonObject = {
      model: 'alias',
      input: 'hi',
      instructions: 'be kind',
      tools,
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
      temperature: 0.2,
      top_p: 0.5,
      max_output_tokens: 100,
      max_tool_calls: 2,
      reasoning: { effort: 'high' },
      text: { format: { type: 'json_schema', name: 'x', schema: {} }, verbosity: 'low' },
      metadata: { a: 'b' },
      truncation: 'auto',
      store: true,
      service_tier: 'priority',
      prompt_cache_key: 'k',
      safety_identifier: 's',
    }
    const response = wholeOf(answer(), contextOf(asked))
    expect(violations('Response', response)).toEqual([])
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'claude',
      created_at: 1_700_000_000,
      error: null,
      incomplete_details: null,
      usage: null,
      instructions: 'be kind',
      tools: [
        { type: 'function', name: 'f', description: null, parameters: null, strict: null },
        { type: 'namespace', name: 'n', description: '', tools: [] },
        { type: 'web_search', search_context_size: 'low' },
      ],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
      temperature: 0.2,
      top_p: 0.5,
      max_output_tokens: 100,
      max_tool_calls: 2,
      reasoning: { effort: 'high', summary: null },
      text: { format: { type: 'json_schema', name: 'x', strict: false }, verbosity: 'low' },
      metadata: { a: 'b' },
      truncation: 'auto',
      prompt_cache_key: 'k',
      safety_identifier: 's',
      // The gateway keeps nothing unless it is told to, and buys no tier.
      store: false,
      background: false,
      service_tier: 'default',
    })
    expect(wholeOf(answer(), { ...contextOf(asked), kept: true })).toMatchObject({ store: true })
  })

  it('is the same every time', () => {
    const { completed_at: _one, ...first } = wholeOf(answer())
    const { completed_at: _two, ...second } = wholeOf(answer())
    expect(first).toEqual(second)
    expect(first['id']).toBe('resp_000000001abcdef')
  })

  it('without an end says what it waits for', () => {
    const { finish: _none, ...waiting } = answer({ parts: [] })
    expect(wholeOf(waiting)).toMatchObject({ status: 'in_progress', completed_at: null, output: [] })
    const queued = { ...waiting, extra: { 'openai-responses': { $status: 'queued' } } }
    expect(wholeOf(queued)).toMatchObject({ status: 'queued' })
  })

  it('has every count that readers insist on, also where its upstream leaves them out', () => {
    const native = { protocol: 'openai-responses', value: { input_tokens: 7, output_tokens: 2 } }
    const usage = { tokens: { input: 7, output: 2 }, source: 'upstream', final: true, native } as const
    expect(wholeOf(answer({ usage }))['usage']).toEqual({
      input_tokens: 7,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 2,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 9,
    })
    expect(wholeOf(answer({ usage: { tokens: {}, source: 'none', final: true } }))['usage']).toBeNull()
  })

  it('that failed has its error and what came before it', () => {
    const failed = answer({
      error: {
        class: 'upstream_failed',
        status: 502,
        message: 'Gone.',
        retryable: true,
        source: 'upstream',
      },
    })
    expect(wholeOf(failed)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error', message: 'Gone. (request id: req_000000001abcdef)' },
      output: [{ content: [{ text: 'hi' }] }],
    })
  })

  it('leaves out calls that were answered inside it, and says so', () => {
    const parts: readonly Part[] = [
      {
        type: 'tool_call',
        kind: 'function',
        callId: 'c1',
        name: 'f',
        arguments: '{}',
        caller: { type: 'code_execution_20250825', id: 'srv_1' },
      },
      {
        type: 'server_tool_result',
        tool: 'code_execution',
        callId: 'srv_1',
        parts: [],
        native: { protocol: 'anthropic-messages', value: {} },
      },
      { type: 'tool_call', kind: 'function', callId: 'c2', name: 'f', arguments: '{}' },
    ]
    const context = contextOf({})
    expect(wholeOf(answer({ parts }), context)).toMatchObject({ output: [{ call_id: 'c2' }] })
    expect(context.losses.map(({ what }) => what)).toEqual(['tool_call.answered', 'part.server_tool_result'])
  })
})

/** What the upstream of this wire says about itself stays, also where the request says otherwise. */
describe('an answer of this wire keeps every field', () => {
  const whole = recordedAnswers().filter(
    ({ wire, sent }) => wire === 'responses' && sent[0]?.['object'] === 'response',
  )
  it.each(whole.map((one) => [one.name, one] as const))('%s', (_name, { response, sent, request }) => {
    const written = wholeOf(response, contextOf(request))
    const { output: _output, usage: _usage, ...fields } = sent[0] as JsonObject
    for (const [key, value] of Object.entries(fields)) {
      // Whether it is kept is for this gateway to say.
      if (key === 'store' || key === 'previous_response_id') continue
      expect(written[key], key).toEqual(value)
    }
  })
})
