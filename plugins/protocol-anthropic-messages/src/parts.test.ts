import { describe, expect, it } from 'vitest'
import { attempt } from './captures.test-support.ts'
import { decodeResponse } from './client/decode-response.ts'
import { anthropicMessages, protocol } from './index.ts'
import { blockToPart } from './parts.ts'
import { readUsage } from './usage.ts'

const own = 'anthropic-messages'

describe('blocks', () => {
  it('project hosted results and keep them whole', () => {
    const block = {
      type: 'web_search_tool_result',
      tool_use_id: 's',
      content: [
        { type: 'web_search_result', title: 'T', url: 'https://x', encrypted_content: 'enc', page_age: null },
      ],
    }
    expect(blockToPart(block)).toEqual({
      type: 'server_tool_result',
      tool: 'web_search',
      callId: 's',
      parts: [{ type: 'text', text: 'T\nhttps://x' }],
      native: { protocol: own, value: block },
    })
    expect(
      blockToPart({
        type: 'bash_code_execution_tool_result',
        tool_use_id: 's',
        content: { type: 'bash_code_execution_result', stdout: 'out', stderr: 'err' },
      }),
    ).toMatchObject({
      tool: 'code_execution',
      parts: [{ text: 'out\nerr' }],
    })
    expect(
      blockToPart({
        type: 'web_fetch_tool_result',
        tool_use_id: 's',
        content: { type: 'web_fetch_tool_result_error', error_code: 'url_not_accessible' },
      }),
    ).toMatchObject({
      isError: true,
      parts: [{ text: 'url_not_accessible' }],
    })
    expect(
      blockToPart({ type: 'mcp_tool_result', tool_use_id: 'm', is_error: false, content: 'plain' }),
    ).toMatchObject({ tool: 'mcp', isError: false, parts: [{ text: 'plain' }] })
    expect(
      blockToPart({
        type: 'tool_search_tool_result',
        tool_use_id: 'm',
        content: {
          type: 'tool_search_tool_search_result',
          tool_references: [{ type: 'tool_reference', tool_name: 'w' }],
        },
      }),
    ).toMatchObject({
      tool: 'tool_search',
      parts: [{ text: 'w' }],
    })
  })

  it('that lack what their type needs stay native', () => {
    for (const block of [
      { type: 'text' },
      { type: 'tool_use', id: 't' },
      { type: 'image' },
      { type: 'document', source: { type: 'new' } },
      {},
      { type: 7 },
    ]) {
      expect(blockToPart(block)).toMatchObject({ type: 'native', native: { value: block } })
    }
  })

  it('take an empty signature for none, and unwrap arguments that could not be an object', () => {
    expect(blockToPart({ type: 'thinking', thinking: 'x', signature: '' })).toEqual({
      type: 'reasoning',
      segments: [{ kind: 'text', text: 'x' }],
    })
    expect(blockToPart({ type: 'tool_use', id: 'a', name: 'b', input: { __raw: '{"cut' } })).toMatchObject({
      arguments: '{"cut',
    })
  })
})

describe('whole answers', () => {
  it('may be errors, or nothing of ours', () => {
    expect(
      decodeResponse({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow' } }, attempt()),
    ).toMatchObject({ parts: [], error: { class: 'rate_limited' } })
    expect(() => decodeResponse({ choices: [] }, attempt())).toThrow('not a message')
  })

  it('without a reason end as their content says', () => {
    const content = [{ type: 'tool_use', id: 'a', name: 'b', input: {} }]
    expect(decodeResponse({ type: 'message', content, stop_reason: null }, attempt()).finish).toEqual({
      reason: 'tool_calls',
    })
    expect(decodeResponse({ type: 'message', content: null }, attempt()).finish).toEqual({ reason: 'stop' })
  })
})

describe('usage', () => {
  it('that cannot be true is clamped and named', () => {
    const usage = readUsage(
      {
        input_tokens: -3,
        output_tokens: 2,
        output_tokens_details: { thinking_tokens: 5 },
        cache_creation_input_tokens: 1,
        cache_creation: { ephemeral_1h_input_tokens: 4 },
      },
      { final: true },
    )
    expect(usage.tokens).toEqual({ input: 0, output: 0, reasoning: 2, cache_write_1h: 1 })
    expect(usage.suspect).toBe(
      'input_tokens is not a count; thinking_tokens is more than the total it belongs to; ephemeral_1h_input_tokens is more than the total it belongs to',
    )
  })

  it('counts advisors and compaction beside the answer', () => {
    const iterations = [
      { type: 'message', input_tokens: 1, output_tokens: 1 },
      { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 5, output_tokens: 2 },
      { type: 'compaction', input_tokens: 7, output_tokens: 3 },
    ]
    expect(
      readUsage({ input_tokens: 1, output_tokens: 1, iterations }, { model: 'claude-x', final: true }).nested,
    ).toEqual([
      { model: 'claude-opus-4-8', tokens: { input: 5, output: 2 } },
      { model: 'claude-x', tokens: { input: 7, output: 3 } },
    ])
  })
})

describe('plugin', () => {
  it('provides the protocol, both ends', () => {
    expect(anthropicMessages()).toMatchObject({
      name: 'protocol-anthropic-messages',
      provides: { protocol: [protocol] },
    })
    expect(protocol).toMatchObject({ name: own, contract: 1, client: { framing: 'sse' } })
    expect(Object.keys(protocol.server?.codecs ?? {})).toEqual(['generate', 'countTokens', 'listModels'])
  })
})
