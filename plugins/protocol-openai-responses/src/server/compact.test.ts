import { describe, expect, it } from 'vitest'
import type { CompactResponse, GenerateRequest, JsonObject, Loss, ServerContext } from '@gantry/core'
import { recorded, wireOf } from '../recorded.test-support.ts'
import { compactCodec } from './compact.ts'
import { countTokensCodec } from './count-tokens.ts'
import { violations } from './schema.test-support.ts'

const request: GenerateRequest = { model: 'm', stream: false, turns: [] }
const losses: Loss[] = []
const context: ServerContext<'compact'> = {
  wire: wireOf({}),
  request,
  requestId: 'req_1',
  report: (loss) => losses.push(loss),
}
const state = { protocol: 'openai-responses', format: 'encrypted', blob: 'gantry1.x' }

describe('a compacted conversation', () => {
  it('is messages as they were and one item for the rest', () => {
    const response: CompactResponse = {
      createdAt: 5,
      turns: [
        { role: 'user', parts: [{ type: 'text', text: 'hi' }] },
        { role: 'assistant', parts: [{ type: 'text', text: 'hello' }], id: 'msg_9', phase: 'final_answer' },
        { role: 'assistant', parts: [{ type: 'compaction', custody: state }] },
        {
          role: 'assistant',
          parts: [
            {
              type: 'server_tool_call',
              tool: 'x',
              callId: 'c',
              name: 'x',
              arguments: '',
              native: { protocol: 'other', value: {} },
            },
          ],
        },
      ],
      usage: { tokens: { input: 3, output: 2 }, source: 'upstream', final: true },
    }
    const body = compactCodec.encodeResponse(response, context)
    expect(violations('CompactResource', body)).toEqual([])
    expect(body).toEqual({
      id: 'resp_1',
      object: 'response.compaction',
      created_at: 5,
      output: [
        {
          id: 'msg_1_0',
          type: 'message',
          role: 'user',
          status: 'completed',
          content: [{ type: 'input_text', text: 'hi' }],
        },
        {
          id: 'msg_9',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          phase: 'final_answer',
          content: [{ type: 'output_text', text: 'hello', annotations: [], logprobs: [] }],
        },
        { id: 'cmp_1_2', type: 'compaction', encrypted_content: 'gantry1.x' },
      ],
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 2,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 5,
      },
    })
    expect(losses.map(({ what, pointer }) => [what, pointer])).toEqual([
      ['part.server_tool_call', '/turns/3'],
    ])
  })

  it('keeps words and items of one turn in their order', () => {
    const { output } = compactCodec.encodeResponse(
      {
        turns: [
          {
            role: 'assistant',
            parts: [
              { type: 'text', text: 'a' },
              { type: 'tool_call', kind: 'function', callId: 'c', name: 'f', arguments: '{}' },
              { type: 'text', text: 'b' },
            ],
          },
        ],
      },
      context,
    )
    expect(output).toMatchObject([
      { type: 'message', id: 'msg_1_0', content: [{ text: 'a' }] },
      { type: 'function_call', id: 'fc_1_1', call_id: 'c' },
      { type: 'message', id: 'msg_1_2', content: [{ text: 'b' }] },
    ])
  })

  it('goes back into the next request, whose client drops ids', () => {
    const body = compactCodec.encodeResponse(
      { turns: [{ role: 'assistant', parts: [{ type: 'compaction', custody: state }] }] },
      context,
    )
    const [item] = body['output'] as readonly JsonObject[]
    const { id: _id, ...sent } = item ?? {}
    const again = compactCodec.decodeRequest(wireOf({ model: 'm', input: [sent] }))
    expect(again.turns[0]?.parts[0]).toMatchObject({ type: 'compaction', custody: state })
  })

  it.each(
    recorded()
      .filter(({ kind }) => kind === 'compaction')
      .map((one) => [one.name, one] as const),
  )('is asked for without a stream: %s', (_name, { request: asked }) => {
    const decoded = compactCodec.decodeRequest(wireOf(asked?.body as JsonObject))
    expect(decoded.stream).toBe(false)
    // A client may name an earlier answer instead of sending the conversation.
    expect(decoded.turns.length > 0 || decoded.continuation?.previousResponseId !== undefined).toBe(true)
  })

  it('may ask for what clients add', () => {
    const body = {
      model: 'm',
      input: 'hi',
      tools: [{ type: 'custom', name: 'p' }],
      reasoning: { effort: 'low' },
      client_metadata: { a: 'b' },
      stream: true,
    }
    expect(compactCodec.decodeRequest(wireOf(body))).toMatchObject({
      stream: false,
      tools: [{ name: 'p' }],
      reasoning: { effort: 'low' },
    })
  })
})

it('a count is a number of tokens', () => {
  const body = countTokensCodec.encodeResponse({ tokens: 16 }, { ...context, request })
  expect(body).toEqual({ object: 'response.input_tokens', input_tokens: 16 })
  expect(violations('TokenCountsResource', body)).toEqual([])
})
