import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { body, refusal, tool, user } from './testing.ts'

const strictly = (parameters: JsonObject): JsonObject => ({
  ...body(user),
  tools: [{ ...tool, strict: true, parameters }],
})

describe('checkResponses refuses', () => {
  it.each<[string, JsonObject, string, string | null]>([
    ['no model', { input: 'x' }, "Missing required parameter: 'model'.", 'model'],
    ['no input', { model: 'm' }, "One of 'input' or 'previous_response_id'", 'input'],
    ['input of another type', { model: 'm', input: 1 }, "Invalid type for 'input'", 'input'],
    ['an unknown field', { ...body(user), stop: ['x'] }, "Unknown parameter: 'stop'.", 'stop'],
    [
      'a field of the chat wire',
      { ...body(user), max_tokens: 9 },
      "this parameter has moved to 'max_output_tokens'",
      'max_tokens',
    ],
    ['messages', { model: 'm', messages: [user] }, "has moved to 'input'", 'messages'],
    [
      'an inherited name for a field',
      { ...body(user), constructor: 1 },
      "Unknown parameter: 'constructor'.",
      'constructor',
    ],
    [
      'too low a limit',
      { ...body(user), max_output_tokens: 15 },
      'Expected a value >= 16',
      'max_output_tokens',
    ],
    ['a temperature too high', { ...body(user), temperature: 3 }, 'Expected a value <= 2', 'temperature'],
    [
      'usage in a stream',
      { ...body(user), stream: true, stream_options: { include_usage: true } },
      "Unknown parameter: 'stream_options.include_usage'.",
      'stream_options.include_usage',
    ],
    ['an unknown include', { ...body(user), include: ['x'] }, "Invalid value: 'x'.", 'include[0]'],
    [
      'an unknown effort',
      { ...body(user), reasoning: { effort: 'x' } },
      "Invalid value: 'x'.",
      'reasoning.effort',
    ],
    [
      'two histories',
      { ...body(user), previous_response_id: 'resp_1', conversation: 'conv_1' },
      'Mutually exclusive parameters',
      null,
    ],
    [
      'background without keeping',
      { ...body(user), background: true, store: false },
      'Background mode requires',
      'background',
    ],
    [
      'a format without a name',
      { ...body(user), text: { format: { type: 'json_schema', schema: {} } } },
      "Missing required parameter: 'text.format.name'.",
      'text.format.name',
    ],
    [
      'a conversation it never had',
      { ...body(user), conversation: { id: 'conv_1' } },
      "Conversation with id 'conv_1' not found.",
      null,
    ],
    [
      'an answer it never gave',
      { ...body(user), previous_response_id: 'resp_1' },
      "Previous response with id 'resp_1' not found.",
      'previous_response_id',
    ],
    [
      'a tool of the chat wire',
      { ...body(user), tools: [{ type: 'function', function: { name: 'f' } }] },
      "Unknown parameter: 'tools[0].function'.",
      'tools[0].function',
    ],
    [
      'a tool of the messages wire',
      { ...body(user), tools: [{ name: 'f', input_schema: {} }] },
      "Missing required parameter: 'tools[0].type'.",
      'tools[0].type',
    ],
    ['an unknown tool', { ...body(user), tools: [{ type: 'x' }] }, "Invalid value: 'x'.", 'tools[0].type'],
    [
      'a group in a group',
      {
        ...body(user),
        tools: [{ type: 'namespace', name: 'n', description: '', tools: [{ type: 'namespace' }] }],
      },
      "Invalid value: 'namespace'.",
      'tools[0].tools[0].type',
    ],
    [
      'parameters that are no object',
      { ...body(user), tools: [{ ...tool, parameters: { type: 'string' } }] },
      'schema must be a JSON Schema of',
      'tools[0].parameters',
    ],
    [
      'a strict schema that is open',
      strictly({ type: 'object', properties: {} }),
      "'additionalProperties' is required to be supplied and to be false",
      'tools[0].parameters',
    ],
    [
      'a strict schema with a choice',
      strictly({
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: 'string' } },
        required: [],
      }),
      "Missing 'a'",
      'tools[0].parameters',
    ],
    [
      'a strict schema that is open inside',
      strictly({
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: 'array', items: { type: 'object', properties: {} } } },
        required: ['a'],
      }),
      "In context=('properties', 'a', 'items')",
      'tools[0].parameters',
    ],
    [
      'an unknown grammar',
      {
        ...body(user),
        tools: [{ type: 'custom', name: 'f', format: { type: 'grammar', syntax: 'x', definition: '' } }],
      },
      "Invalid value: 'x'.",
      'tools[0].format.syntax',
    ],
    [
      'a choice without tools',
      { ...body(user), tool_choice: 'required' },
      "Tool choice 'required' must be specified",
      'tool_choice',
    ],
    [
      'a choice that is none',
      { ...body(user), tools: [tool], tool_choice: 'any' },
      "Invalid value: 'any'.",
      'tool_choice',
    ],
    [
      'a choice of the chat wire',
      { ...body(user), tools: [tool], tool_choice: { type: 'function', function: { name: 'f' } } },
      "Missing required parameter: 'tool_choice.name'.",
      'tool_choice.name',
    ],
    [
      'a choice that is not there',
      { ...body(user), tools: [tool], tool_choice: { type: 'function', name: 'g' } },
      "Tool choice 'function' not found in 'tools' parameter.",
      'tool_choice',
    ],
  ])('%s', (_name, wrong, message, param) => {
    expect(refusal(wrong)).toMatchObject({ message: expect.stringContaining(message), param })
  })

  it.each(['client_metadata', 'store', 'stream', 'tool_choice'])('%s in a compaction', (name) => {
    expect(refusal({ ...body(user), [name]: {} }, 'compact')?.message).toBe(`Unknown parameter: '${name}'.`)
  })

  it.each(['stream', 'max_output_tokens'])('%s in a count', (name) => {
    expect(refusal({ ...body(user), [name]: 16 }, 'count')?.message).toBe(`Unknown parameter: '${name}'.`)
  })
})

describe('checkResponses accepts', () => {
  it.each<[string, JsonObject]>([
    ['words', { model: 'm', input: 'x' }],
    ['what a client adds', { ...body(user), client_metadata: { a: 'b' } }],
    [
      'tools of the vendor',
      {
        ...body(user),
        tools: [
          { type: 'web_search', external_web_access: false },
          { type: 'mcp', x: 1 },
        ],
      },
    ],
    [
      'a strict schema',
      strictly({
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: ['string', 'null'] } },
        required: ['a'],
      }),
    ],
    [
      'a choice in a group',
      {
        ...body(user),
        tools: [{ type: 'namespace', name: 'n', description: '', tools: [tool] }],
        tool_choice: { type: 'function', name: 'f' },
      },
    ],
  ])('%s', (_name, good) => {
    expect(refusal(JSON.parse(JSON.stringify(good)) as JsonObject)).toBeUndefined()
  })
})
