import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { WireError } from '../refusal.ts'
import { checkChat } from './check.ts'

const user = { role: 'user', content: 'hi' }
const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }

function refusal(body: JsonObject): WireError | undefined {
  try {
    checkChat(body)
    return undefined
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
}

function body(...messages: JsonObject[]): JsonObject {
  return { model: 'm', messages }
}

describe('checkChat refuses', () => {
  it.each<[string, JsonObject, string | null, string | null, string]>([
    ['no model', { messages: [user] }, null, null, 'you must provide a model parameter'],
    [
      'no messages',
      { model: 'm' },
      'messages',
      'missing_required_parameter',
      "Missing required parameter: 'messages'.",
    ],
    [
      'messages of another type',
      { model: 'm', messages: 'hi' },
      'messages',
      'invalid_type',
      'expected an array of objects, but got a string',
    ],
    ['an empty conversation', { model: 'm', messages: [] }, 'messages', 'empty_array', 'empty array'],
    [
      'a message that is none',
      { model: 'm', messages: [1] },
      'messages[0]',
      'invalid_type',
      'got an integer',
    ],
    [
      'an unknown role',
      body({ role: 'model', content: 'x' }),
      'messages[0].role',
      'invalid_value',
      "Invalid value: 'model'",
    ],
    ['no role', body({ content: 'x' }), 'messages[0].role', 'missing_required_parameter', 'messages[0].role'],
    [
      'content null from a user',
      body({ role: 'user', content: null }),
      'messages[0].content',
      'invalid_type',
      'got null',
    ],
    [
      'an assistant without anything',
      body(user, { role: 'assistant', content: null }),
      'messages.[1].content',
      null,
      'expected a string, got null',
    ],
    [
      'a part of another wire',
      body({ role: 'user', content: [{ type: 'input_text', text: 'x' }] }),
      'messages[0].content[0].type',
      'invalid_value',
      "Invalid value: 'input_text'",
    ],
    [
      'a picture from a tool',
      body(
        user,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: [image] },
      ),
      'messages[2]',
      'invalid_value',
      "Image URLs are only allowed for messages with role 'user'",
    ],
    [
      'a picture that is no URL',
      body({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'AAAA' } }] }),
      'messages[0].content[0].image_url.url',
      'invalid_value',
      'Expected a valid URL',
    ],
    [
      'a result without a call',
      body(user, { role: 'tool', tool_call_id: 'call_1', content: 'x' }),
      'messages.[1].role',
      null,
      "must be a response to a preceeding message with 'tool_calls'",
    ],
    [
      'a result of another call',
      body(
        user,
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_2', content: 'x' },
      ),
      'messages.[2].role',
      null,
      'preceeding message',
    ],
    [
      'a call without a result',
      body(user, { role: 'assistant', tool_calls: [call] }, user),
      'messages.[2].role',
      null,
      'did not have response messages: call_1',
    ],
    [
      'a call at the end',
      body(user, { role: 'assistant', tool_calls: [call] }),
      'messages.[2].role',
      null,
      'did not have response messages: call_1',
    ],
    [
      'one of two calls without a result',
      body(
        user,
        { role: 'assistant', tool_calls: [call, { ...call, id: 'call_2' }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'x' },
        user,
      ),
      'messages.[3].role',
      null,
      'call_2',
    ],
    [
      'arguments that are an object',
      body(user, { role: 'assistant', tool_calls: [{ ...call, function: { name: 'f', arguments: {} } }] }),
      'messages[1].tool_calls[0].function.arguments',
      'invalid_type',
      'got an object',
    ],
    [
      'an empty list of calls',
      body(user, { role: 'assistant', content: 'x', tool_calls: [] }),
      'messages[1].tool_calls',
      'empty_array',
      'empty array',
    ],
    [
      'an empty list of tools',
      { ...body(user), tools: [] },
      'tools',
      'empty_array',
      'Expected an array with minimum length 1',
    ],
    [
      'a flat tool',
      { ...body(user), tools: [{ type: 'function', name: 'f' }] },
      'tools[0].function',
      'missing_required_parameter',
      'tools[0].function',
    ],
    [
      'a tool name with a dot',
      { ...body(user), tools: [{ type: 'function', function: { name: 'a.b' } }] },
      'tools[0].function.name',
      'invalid_value',
      'does not match pattern',
    ],
    [
      'a tool name of 65',
      { ...body(user), tools: [{ type: 'function', function: { name: 'a'.repeat(65) } }] },
      'tools[0].function.name',
      'string_above_max_length',
      'maximum length 64',
    ],
    [
      'a schema of a string',
      {
        ...body(user),
        tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }],
      },
      'tools[0].function.parameters',
      'invalid_function_parameters',
      "Invalid schema for function 'f'",
    ],
    [
      'a choice without tools',
      { ...body(user), tool_choice: 'auto' },
      'tool_choice',
      null,
      "only allowed when 'tools' are specified",
    ],
    [
      'a choice that is not there',
      { ...body(user), tools: [tool], tool_choice: { type: 'function', function: { name: 'g' } } },
      'tool_choice',
      null,
      "no function named 'g'",
    ],
    [
      'a choice of another wire',
      { ...body(user), tools: [tool], tool_choice: 'any' },
      'tool_choice',
      'invalid_value',
      "'none', 'auto', and 'required'",
    ],
    [
      'parallel calls without tools',
      { ...body(user), parallel_tool_calls: false },
      'parallel_tool_calls',
      null,
      "only allowed when 'tools'",
    ],
    [
      'too hot',
      { ...body(user), temperature: 3 },
      'temperature',
      'decimal_above_max_value',
      'Expected a value <= 2, but got 3 instead.',
    ],
    [
      'too cold',
      { ...body(user), temperature: -1 },
      'temperature',
      'decimal_below_min_value',
      'Expected a value >= 0',
    ],
    [
      'a temperature in words',
      { ...body(user), temperature: 'hot' },
      'temperature',
      'invalid_type',
      'expected a decimal, but got a string instead',
    ],
    ['half a choice', { ...body(user), n: 1.5 }, 'n', 'invalid_type', 'expected an integer'],
    ['no tokens', { ...body(user), max_tokens: 0 }, 'max_tokens', 'integer_below_min_value', '>= 1'],
    [
      'both limits',
      { ...body(user), max_tokens: 1, max_completion_tokens: 1 },
      'max_tokens',
      'invalid_parameter_combination',
      'at the same time',
    ],
    [
      'stream options without a stream',
      { ...body(user), stream_options: { include_usage: true } },
      'stream_options',
      null,
      "only allowed when 'stream' is enabled",
    ],
    [
      'five stops',
      { ...body(user), stop: ['a', 'b', 'c', 'd', 'e'] },
      'stop',
      'array_above_max_length',
      'maximum length 4',
    ],
    [
      'JSON nobody mentions',
      { ...body(user), response_format: { type: 'json_object' } },
      'messages',
      null,
      "must contain the word 'json'",
    ],
    [
      'a schema without a name',
      { ...body(user), response_format: { type: 'json_schema', json_schema: {} } },
      'response_format.json_schema.name',
      'missing_required_parameter',
      'name',
    ],
  ])('%s', (_name, wrong, param, code, message) => {
    const found = refusal(wrong)
    expect(found).toMatchObject({ status: 400, param, code, message: expect.stringContaining(message) })
  })
})

describe('checkChat accepts', () => {
  it.each<[string, JsonObject]>([
    [
      'every role',
      body(
        { role: 'system', content: 'x' },
        { role: 'developer', content: [{ type: 'text', text: 'x' }] },
        user,
      ),
    ],
    [
      'calls and results in any order',
      body(
        user,
        { role: 'assistant', content: null, tool_calls: [call, { ...call, id: 'call_2' }] },
        { role: 'tool', tool_call_id: 'call_2', content: 'x' },
        { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'y' }] },
        user,
      ),
    ],
    [
      'runs of one role',
      body(user, user, { role: 'assistant', content: 'x' }, { role: 'assistant', content: 'y' }, user),
    ],
    [
      'fields it has never heard of',
      { ...body({ ...user, reasoning_content: 'x' }), provider: { only: ['x'] } },
    ],
    [
      'nulls for what may be left out',
      {
        ...body(user),
        temperature: null,
        tools: null,
        tool_choice: null,
        stop: null,
        n: null,
        stream_options: null,
        response_format: null,
      },
    ],
    [
      'a custom tool',
      {
        ...body(user),
        tools: [{ type: 'custom', custom: { name: 'f' } }],
        tool_choice: { type: 'custom', custom: { name: 'f' } },
      },
    ],
  ])('%s', (_name, good) => {
    expect(refusal(good)).toBeUndefined()
  })

  const folder = new URL('../../../../test/fixtures/chat/', import.meta.url)
  const accepted = readdirSync(folder).flatMap((file) => {
    const capture = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
      exchanges: { provider: string; request: { body?: JsonObject } | null; response: { status: number } }[]
    }
    return capture.exchanges.flatMap(({ provider, request, response }, index) =>
      provider === 'openai' && request?.body && response.status === 200
        ? [[`${file} ${index}`, request.body] as const]
        : [],
    )
  })

  it('has recordings to go by', () => {
    expect(accepted.length).toBeGreaterThan(10)
  })

  it.each(accepted)('what OpenAI accepted: %s', (_name, recorded) => {
    expect(refusal(recorded)).toBeUndefined()
  })
})

it('answers any JSON with a refusal or a pass, never a crash', () => {
  const near = fc.record(
    {
      model: fc.constantFrom('m', '', 1),
      messages: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record(
            {
              role: fc.constantFrom('user', 'tool', 'assistant'),
              content: fc.jsonValue(),
              tool_calls: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
        ),
      ),
      tools: fc.jsonValue(),
      tool_choice: fc.jsonValue(),
      stop: fc.jsonValue(),
      response_format: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(near, (wrong) => {
      refusal(wrong as JsonObject)
    }),
  )
})
