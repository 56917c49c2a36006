import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { WireError } from '../refusal.ts'
import { checkMessages } from './check.ts'
import { sign } from './signature.ts'

const user = { role: 'user', content: 'hi' }
const call = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' }
const tool = { name: 'f', input_schema: { type: 'object' } }

function refusal(
  body: JsonObject,
  headers: Record<string, string> = { 'anthropic-version': '2023-06-01' },
): WireError | undefined {
  try {
    checkMessages(body, new Headers(headers))
    return undefined
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
}

function body(...messages: JsonObject[]): JsonObject {
  return { model: 'm', max_tokens: 4096, messages }
}

function assistant(...content: JsonObject[]): JsonObject {
  return { role: 'assistant', content }
}

function said(...content: JsonObject[]): JsonObject {
  return { role: 'user', content }
}

describe('checkMessages refuses', () => {
  it.each<[string, JsonObject, string]>([
    ['no limit', { model: 'm', messages: [user] }, 'max_tokens: Field required'],
    ['no model', { max_tokens: 1, messages: [user] }, 'model: Field required'],
    ['no messages', { model: 'm', max_tokens: 1 }, 'messages: Field required'],
    ['an empty conversation', body(), 'messages: at least one message is required'],
    ['no tokens', { ...body(user), max_tokens: 0 }, 'max_tokens: Input should be greater than or equal to 1'],
    ['a limit in words', { ...body(user), max_tokens: '9' }, 'max_tokens: Input should be a valid integer'],
    ['a field of another wire', { ...body(user), n: 1 }, 'n: Extra inputs are not permitted'],
    [
      'a beta field without its beta',
      { ...body(user), context_management: {} },
      'context_management: Extra inputs are not permitted',
    ],
    ['a field of a message', body({ ...user, name: 'x' }), 'messages.0.name: Extra inputs are not permitted'],
    [
      'a field of a block',
      body(said({ type: 'text', text: 'x', annotations: [] })),
      'messages.0.content.0.text.annotations: Extra inputs are not permitted',
    ],
    [
      'a block of another wire',
      body(said({ type: 'image_url', image_url: { url: 'x' } })),
      "Input tag 'image_url' found using 'type'",
    ],
    [
      'another role',
      body({ role: 'developer', content: 'x' }),
      "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ],
    ['a result as a role', body(user, { role: 'tool', content: 'x' }), 'messages.1.role'],
    [
      'an assistant first',
      body(assistant({ type: 'text', text: 'x' }), user),
      'first message must use the "user" role',
    ],
    [
      'a system message first',
      body({ role: 'system', content: 'x' }, user),
      "a message with role 'system' cannot come first",
    ],
    [
      'two system messages',
      body(user, { role: 'system', content: 'x' }, { role: 'system', content: 'y' }),
      'must come last or before an assistant message',
    ],
    [
      'a system message after an answer',
      body(user, assistant({ type: 'text', text: 'x' }), { role: 'system', content: 'x' }),
      'must follow a user message',
    ],
    ['empty text', body(said({ type: 'text', text: '' })), 'messages: text content blocks must be non-empty'],
    [
      'an empty user message',
      body({ role: 'user', content: '' }),
      'messages.0: user messages must have non-empty content',
    ],
    [
      'an empty answer in between',
      body(user, assistant(), user),
      'all messages must have non-empty content except for the optional final assistant message',
    ],
    [
      'a prefill that ends in space',
      body(user, { role: 'assistant', content: 'x ' }),
      'final assistant content cannot end with trailing whitespace',
    ],
    [
      'a call without a result',
      body(user, assistant(call), user),
      'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1',
    ],
    [
      'a call at the end',
      body(user, assistant(call)),
      '`tool_use` ids were found without `tool_result` blocks',
    ],
    [
      'a result behind text',
      body(user, assistant(call), said({ type: 'text', text: 'x' }, result)),
      '`tool_use` ids were found without',
    ],
    [
      'a result without a call',
      body(said(result)),
      'messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1',
    ],
    [
      'a result one turn late',
      body(user, assistant(call), said(result), assistant({ type: 'text', text: 'x' }), said(result)),
      'messages.4.content.0: unexpected `tool_use_id`',
    ],
    [
      'two results of one call',
      body(user, assistant(call), said(result, result)),
      'each tool_use must have a single result',
    ],
    [
      'one id for two calls',
      body(user, assistant(call), said(result), assistant(call), said(result)),
      '`tool_use` ids must be unique',
    ],
    [
      'an id of another host',
      body(
        user,
        assistant({ ...call, id: 'functions.f:0' }),
        said({ ...result, tool_use_id: 'functions.f:0' }),
      ),
      "String should match pattern '^[a-zA-Z0-9_-]+$'",
    ],
    [
      'arguments in a string',
      body(user, assistant({ ...call, input: '{}' }), said(result)),
      'messages.1.content.0.tool_use.input: Input should be a valid dictionary',
    ],
    ['a call by a user', body(said(call)), '`tool_use` blocks can only be in `assistant` messages'],
    [
      'a foreign signature',
      body(user, assistant({ type: 'thinking', thinking: 'x', signature: 'EqYCCpMB' }), user),
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    ],
    [
      'changed thinking',
      body(user, assistant({ type: 'thinking', thinking: 'y', signature: sign('x', 'a'.repeat(64)) }), user),
      'Invalid `signature`',
    ],
    [
      'a picture of unknown type',
      body(said({ type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: 'AAAA' } })),
      "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
    ],
    [
      'a data URL for base64',
      body(
        said({
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: 'data:image/png;base64,AAAA' },
        }),
      ),
      'invalid base64 data',
    ],
    ['too hot', { ...body(user), temperature: 1.5 }, 'temperature: Input should be less than or equal to 1'],
    [
      'a stop of spaces',
      { ...body(user), stop_sequences: [' \n'] },
      'each stop sequence must contain non-whitespace',
    ],
    [
      'empty system text',
      { ...body(user), system: [{ type: 'text', text: '' }] },
      'system: text content blocks must be non-empty',
    ],
    [
      'a tool of the chat wire',
      { ...body(user), tools: [{ type: 'function', function: { name: 'f' } }] },
      "tools.0: Input tag 'function' found",
    ],
    [
      'a tool without a schema',
      { ...body(user), tools: [{ name: 'f' }] },
      'tools.0.custom.input_schema: Field required',
    ],
    [
      'a schema without a type',
      { ...body(user), tools: [{ name: 'f', input_schema: {} }] },
      'tools.0.custom.input_schema.type: Field required',
    ],
    [
      'a tool name with a dot',
      { ...body(user), tools: [{ ...tool, name: 'a.b' }] },
      'tools.0.custom.name: String should match pattern',
    ],
    ['two tools of one name', { ...body(user), tools: [tool, tool] }, 'tools: Tool names must be unique.'],
    [
      'a choice without tools',
      { ...body(user), tool_choice: { type: 'auto' } },
      'Tool choice may only be specified while providing tools',
    ],
    [
      'a choice in a word',
      { ...body(user), tools: [tool], tool_choice: 'auto' },
      'tool_choice: Input should be a valid dictionary',
    ],
    [
      'a choice that is not there',
      { ...body(user), tools: [tool], tool_choice: { type: 'tool', name: 'g' } },
      "Tool 'g' not found in provided tools",
    ],
    [
      'a budget over the limit',
      { ...body(user), thinking: { type: 'enabled', budget_tokens: 4096 } },
      '`max_tokens` must be greater than `thinking.budget_tokens`',
    ],
    [
      'a small budget',
      { ...body(user), thinking: { type: 'enabled', budget_tokens: 1 } },
      'budget_tokens: Input should be greater than or equal to 1024',
    ],
    [
      'thinking and forced tools',
      {
        ...body(user),
        tools: [tool],
        tool_choice: { type: 'any' },
        thinking: { type: 'enabled', budget_tokens: 1024 },
      },
      'Thinking may not be enabled when tool_choice forces tool use.',
    ],
    [
      'thinking and a temperature',
      { ...body(user), temperature: 0, thinking: { type: 'enabled', budget_tokens: 1024 } },
      '`temperature` may only be set to 1',
    ],
    [
      'five breakpoints',
      {
        ...body(
          said(
            ...Array.from({ length: 5 }, (): JsonObject => ({
              type: 'text',
              text: 'x',
              cache_control: { type: 'ephemeral' },
            })),
          ),
        ),
      },
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
  ])('%s', (_name, wrong, message) => {
    expect(refusal(wrong)).toMatchObject({ status: 400, message: expect.stringContaining(message) })
  })

  it('a request without a version, or with one that never was', () => {
    expect(refusal(body(user), {})?.message).toBe('anthropic-version: header is required')
    expect(refusal(body(user), { 'anthropic-version': '2024-01-01' })?.message).toContain(
      'is not a valid version',
    )
  })

  it.each(['temperature', 'top_p', 'top_k'])('%s under the newest version', (name) => {
    const found = refusal({ ...body(user), [name]: 1 }, { 'anthropic-version': '2026-10-21' })
    expect(found?.message).toBe(`${name}: Extra inputs are not permitted`)
  })
})

describe('checkMessages accepts', () => {
  it.each<[string, JsonObject]>([
    [
      'runs of one role, as Anthropic joins them',
      body(user, user, assistant({ type: 'text', text: 'x' }), user),
    ],
    [
      'results in two messages',
      body(
        user,
        assistant(call, { ...call, id: 'toolu_2' }),
        said({ ...result, tool_use_id: 'toolu_2' }),
        said(result, { type: 'text', text: 'x' }),
      ),
    ],
    [
      'a system message in the middle and at the end',
      body(user, { role: 'system', content: 'x' }, assistant({ type: 'text', text: 'x' }), user, {
        role: 'system',
        content: [{ type: 'text', text: 'x' }],
      }),
    ],
    [
      'its own thinking, shown or left out',
      body(
        user,
        assistant(
          { type: 'thinking', thinking: 'x', signature: sign('x', 'a'.repeat(64)) },
          { type: 'thinking', thinking: '', signature: sign('y', 'b'.repeat(64)) },
          { type: 'text', text: 'x' },
        ),
        user,
      ),
    ],
    ['a prefill', body(user, { role: 'assistant', content: '{' })],
    [
      'an error for a result, and none at all',
      body(
        user,
        assistant(call, { ...call, id: 'toolu_2' }),
        said({ ...result, is_error: true }, { type: 'tool_result', tool_use_id: 'toolu_2' }),
      ),
    ],
    [
      'a picture in a result',
      body(
        user,
        assistant(call),
        said({
          ...result,
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }],
        }),
      ),
    ],
  ])('%s', (_name, good) => {
    expect(refusal(good)).toBeUndefined()
  })

  it('beta fields where a beta is asked for', () => {
    const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'context-management-2025-06-27' }
    expect(refusal({ ...body(user), context_management: {} }, headers)).toBeUndefined()
  })

  const folder = new URL('../../../../test/fixtures/anthropic/', import.meta.url)
  const accepted = readdirSync(folder).flatMap((file) => {
    const capture = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
      exchanges: {
        request: { path?: string; headers?: Record<string, string>; body?: JsonObject } | null
        response: { status: number }
      }[]
    }
    return capture.exchanges.flatMap(({ request, response }, index) =>
      request?.body &&
      request.path?.startsWith('/v1/messages') &&
      !request.path.includes('count_tokens') &&
      response.status === 200
        ? [[`${file} ${index}`, request.body, request.headers ?? {}] as const]
        : [],
    )
  })

  it('has recordings to go by', () => {
    expect(accepted.length).toBeGreaterThan(40)
  })

  it.each(accepted)('what Anthropic accepted: %s', (_name, recorded, headers) => {
    const version = headers['anthropic-version'] ?? '2023-06-01'
    // Recorded headers lack the betas that were asked for; signatures are another issuer's, and only that may be refused.
    const found = refusal(recorded, { 'anthropic-version': version, 'anthropic-beta': 'any' })
    const thought = JSON.stringify(recorded.messages).includes('"type":"thinking"')
    expect(found?.message ?? '').toMatch(
      thought ? /^messages\.\d+\.content\.\d+: Invalid `signature`|^$/ : /^$/,
    )
  })
})

it('answers any JSON with a refusal or a pass, never a crash', () => {
  const block = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        type: fc.constantFrom('text', 'tool_use', 'tool_result', 'thinking', 'image'),
        text: fc.jsonValue(),
        content: fc.jsonValue(),
        signature: fc.string(),
        thinking: fc.string(),
        source: fc.jsonValue(),
      },
      { requiredKeys: ['type'] },
    ),
  )
  const near = fc.record(
    {
      model: fc.constant('m'),
      max_tokens: fc.constant(1),
      messages: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record({
            role: fc.constantFrom('user', 'system', 'assistant'),
            content: fc.oneof(fc.string(), fc.array(block)),
          }),
        ),
      ),
      tools: fc.jsonValue(),
      tool_choice: fc.jsonValue(),
      system: fc.jsonValue(),
      thinking: fc.jsonValue(),
    },
    { requiredKeys: ['model', 'max_tokens', 'messages'] },
  )
  fc.assert(
    fc.property(near, (wrong) => {
      refusal(wrong as JsonObject)
    }),
  )
})
