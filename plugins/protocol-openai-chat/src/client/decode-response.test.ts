import type { JsonObject } from '@gantry/core'
import { describe, expect, test } from 'vitest'
import { serverContext } from '../recorded.fixture.ts'
import { encodeResponse } from '../server/encode-response.ts'
import { decodeResponse } from './decode-response.ts'

const message = { role: 'assistant', content: 'hi', refusal: null }
const answer = (choices: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 5,
  model: 'm',
  choices,
  ...more,
})
const choice = (fields: JsonObject, more: JsonObject = {}): JsonObject => ({
  index: 0,
  message: { ...message, ...fields },
  finish_reason: 'stop',
  ...more,
})
const again = (body: JsonObject): JsonObject => encodeResponse(decodeResponse(body), serverContext())

describe('every field of an answer comes back to the same protocol', () => {
  test.each<[string, JsonObject]>([
    [
      'unknown fields at every level',
      answer(
        [
          choice(
            { odd: { deep: [1] }, mood: null },
            { native_finish_reason: 'x', content_filter_results: {} },
          ),
        ],
        { provider: 'p', system_fingerprint: null, x: { y: 1 } },
      ),
    ],
    [
      'several choices',
      answer([choice({}), choice({ content: 'two', odd: 1 }, { index: 1, finish_reason: 'length' })]),
    ],
    [
      'log probabilities',
      answer([
        choice(
          {},
          {
            logprobs: {
              content: [{ token: 'h', logprob: -0.5, bytes: [104], top_logprobs: [] }],
              refusal: null,
            },
          },
        ),
      ]),
    ],
    ['no log probabilities', answer([choice({}, { logprobs: null })])],
    [
      'annotations',
      answer([
        choice({
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://example.com', title: 't', start_index: 0, end_index: 2 },
            },
            { type: 'file', file: { hash: 'x' } },
          ],
        }),
      ]),
    ],
    [
      'sound',
      answer([
        choice({ content: null, audio: { id: 'audio_1', data: 'AAAA', expires_at: 9, transcript: 'hi' } }),
      ]),
    ],
    [
      'pictures',
      answer([
        choice({
          images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' }, index: 0 }],
        }),
      ]),
    ],
    ['a refusal', answer([choice({ content: null, refusal: 'no' })])],
    [
      'calls',
      answer([
        choice(
          {
            content: null,
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{"a": 1.0}', odd: 1 }, odd: 2 },
              { id: 'b', type: 'custom', custom: { name: 'p', input: '***' } },
              {
                id: 'c',
                type: 'function',
                function: { name: 'g', arguments: '' },
                extra_content: { google: { thought_signature: 's' }, x: 1 },
              },
            ],
          },
          { finish_reason: 'tool_calls' },
        ),
      ]),
    ],
    [
      'the older function_call',
      answer([
        choice(
          { content: null, function_call: { name: 'f', arguments: '{}' } },
          { finish_reason: 'function_call' },
        ),
      ]),
    ],
    ['thinking in two fields', answer([choice({ reasoning_content: 'a', reasoning: 'a' })])],
    [
      'details alone',
      answer([
        choice({
          reasoning: null,
          reasoning_details: [{ type: 'reasoning.text', text: 'a', signature: 's', index: 0 }],
        }),
      ]),
    ],
    ['another object', answer([choice({})], { object: 'text.chat' })],
    [
      'usage with more in it',
      answer([choice({})], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: 0.1 } }),
    ],
  ])('%s', (_name, body) => {
    expect(again(body)).toEqual(body)
  })
})

test('edits show: text, calls and usage are never hidden by what was kept', () => {
  const decoded = decodeResponse(
    answer(
      [choice({ tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] })],
      { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
    ),
  )
  const edited = encodeResponse(
    {
      ...decoded,
      parts: decoded.parts.map((part) =>
        part.type === 'text'
          ? { ...part, text: 'new' }
          : part.type === 'tool_call'
            ? { ...part, arguments: '[]' }
            : part,
      ),
      finish: { reason: 'length', raw: 'tool_calls' },
      ...(decoded.usage && { usage: { ...decoded.usage, tokens: { input: 7, output: 1 } } }),
    },
    serverContext(),
  )
  expect(edited).toMatchObject({
    choices: [
      {
        message: { content: 'new', tool_calls: [{ function: { arguments: '[]' } }] },
        finish_reason: 'length',
      },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 1, total_tokens: 8 },
  })
})

test.each<[string, JsonObject, string | undefined]>([
  ['nothing', {}, 'upstream_failed'],
  ['no choices', answer([]), 'upstream_failed'],
  ['an error in a 200', { error: { message: 'Insufficient Balance', code: 402 } }, 'insufficient_funds'],
  ['an error beside choices', answer([choice({})], { error: { message: 'x' } }), 'upstream_failed'],
  [
    'an error in the choice',
    answer([choice({}, { error: { code: 429, message: 'slow down' } })]),
    'rate_limited',
  ],
  ['error: null', answer([choice({})], { error: null }), undefined],
])('%s', (_name, body, kind) => {
  expect(decodeResponse(body).error?.class).toBe(kind)
})

test('reasons come from content, and a strange one is no exception', () => {
  const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
  const reason = (finish_reason: string | null, calls: readonly JsonObject[]): unknown =>
    decodeResponse(answer([choice({ tool_calls: calls }, { finish_reason })])).finish?.reason
  expect(reason('stop', [call])).toBe('tool_calls')
  expect(reason(null, [call])).toBe('tool_calls')
  expect(reason('length', [call])).toBe('length')
  expect(reason('stop', [])).toBe('stop')
  expect(reason('weird', [])).toBe('other')
  expect(again(answer([choice({}, { finish_reason: 'weird' })]))).toMatchObject({
    choices: [{ finish_reason: 'stop' }],
  })
})

test('ids that a host forgot are made from the answer, the same each time', () => {
  const body = answer([
    choice({
      tool_calls: [
        { function: { name: 'f', arguments: '{}' } },
        { id: '', function: { name: 'g', arguments: '{}' } },
      ],
    }),
  ])
  const ids = (): readonly string[] =>
    decodeResponse(body).parts.flatMap((part) => (part.type === 'tool_call' ? [part.callId] : []))
  expect(ids()).toEqual(['call_chatcmpl1_0_0', 'call_chatcmpl1_0_1'])
  expect(ids()).toEqual(ids())
})
