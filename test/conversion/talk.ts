import * as fc from 'fast-check'
import type { Json, JsonObject } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import type { Wire } from './reading.ts'

/** A conversation before it is written on a wire. */
export interface Talk {
  readonly system?: string
  /** Names of the tools that are declared. */
  readonly tools: readonly string[]
  readonly rounds: readonly Round[]
}

/** What a user says and what comes of it. */
export interface Round {
  readonly user: readonly Said[]
  readonly reasoning?: string
  readonly text?: string
  readonly calls: readonly Called[]
  /** In the order of their completion. */
  readonly results: readonly Answered[]
}

/** A user's part: text, or a picture in base64. */
export type Said = { readonly text: string } | { readonly image: string }

/** A call, its arguments as the model wrote them. */
export interface Called {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** A result; only one wire can say that it is an error. */
export interface Answered {
  readonly id: string
  readonly text: string
  readonly isError: boolean
}

/** Words that are more than white space, which one wire refuses. */
const words: fc.Arbitrary<string> = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `<${text}>`)

/** Ids as hosts make them: of every alphabet, longer than every limit, and alike but for what is cleaned away. */
const callIds: fc.Arbitrary<string> = fc.oneof(
  fc.nat(99).map((number) => `functions.Bash:${number}`),
  fc.nat(9).map((number) => `functions/Bash ${number}`),
  fc.nat(9).map((number) => `functions_Bash_${number}`),
  fc.stringMatching(/^call_[a-zA-Z0-9]{24}$/),
  fc.stringMatching(/^toolu_[a-zA-Z0-9]{22}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  fc.nat(9).map((number) => `${'long'.repeat(80)}${number}`),
)

const names: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('get_weather', 'mcp__files__read', 'files.read', 'files_read', 'files read', 'füße'),
  fc.nat(3).map((number) => `${'n'.repeat(89)}${number}`),
)

/** Arguments as models write them: JSON with spaces and without, nothing at all, and what is no JSON object. */
const argumentTexts: fc.Arbitrary<string> = fc.oneof(
  fc
    .dictionary(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }))
    .map((value) => JSON.stringify(value)),
  fc.dictionary(words, fc.jsonValue({ maxDepth: 1 })).map((value) => JSON.stringify(value, undefined, 1)),
  fc.constantFrom('', '{}', '{"x":', 'not JSON', '[1]', '"text"', '7', 'null', '{"a":1,"a":2}'),
  fc.constantFrom(
    '{"n":12345678901234567890,"f":1.50,"e":1E2}',
    '{"2":"b","1":"a"}',
    '{ "\\u00e9" : "\\ud83d\\ude00" }',
  ),
)

const round: fc.Arbitrary<Round> = fc
  .record({
    user: fc.array(
      fc.oneof(
        words.map((text) => ({ text })),
        fc.base64String({ minLength: 4, maxLength: 12 }).map((image) => ({ image })),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    reasoning: fc.option(words, { nil: undefined }),
    text: fc.option(words, { nil: undefined }),
    calls: fc.array(fc.record({ id: callIds, name: fc.nat(3), arguments: argumentTexts }), { maxLength: 4 }),
    results: fc.array(
      fc.record({ text: fc.oneof(words, fc.constant('')), isError: fc.boolean(), place: fc.nat() }),
      {
        minLength: 4,
        maxLength: 4,
      },
    ),
  })
  .map(({ user, reasoning, text, calls, results }): Round => ({
    user,
    ...(reasoning !== undefined && { reasoning }),
    // Somebody has to answer.
    ...((text !== undefined || calls.length === 0) && { text: text ?? 'well' }),
    calls: calls.map(({ id, name, arguments: written }) => ({ id, name: String(name), arguments: written })),
    results: calls
      .map(({ id }, index) => ({ id, ...results[index]! }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ id, text: told, isError }) => ({ id, text: told, isError })),
  }))

/** Any conversation that ends with a user; every call has its result, and no two calls share an id. */
export const talks: fc.Arbitrary<Talk> = fc
  .record({
    system: fc.option(words, { nil: undefined }),
    tools: fc.uniqueArray(names, { minLength: 4, maxLength: 4 }),
    rounds: fc.array(round, { minLength: 1, maxLength: 4 }),
    last: words,
  })
  .filter(({ rounds }) => {
    const ids = rounds.flatMap(({ calls }) => calls.map(({ id }) => id))
    return new Set(ids).size === ids.length
  })
  .map(({ system, tools, rounds, last }) => ({
    ...(system !== undefined && { system }),
    tools,
    rounds: [
      ...rounds.map((one) => ({
        ...one,
        calls: one.calls.map((call) => ({ ...call, name: tools[Number(call.name)]! })),
      })),
      { user: [{ text: last }], calls: [], results: [] },
    ],
  }))

const schema: JsonObject = { type: 'object', properties: {} }

/** A conversation as a client of one wire sends it. */
export function writeTalk(wire: Wire, talk: Talk): JsonObject {
  if (wire === 'openai-chat') return writeChat(talk)
  return wire === 'openai-responses' ? writeResponses(talk) : writeMessages(talk)
}

function writeChat({ system, tools, rounds }: Talk): JsonObject {
  const messages: JsonObject[] = system === undefined ? [] : [{ role: 'system', content: system }]
  for (const { user, reasoning, text, calls, results } of rounds) {
    messages.push({
      role: 'user',
      content: user.map((said) =>
        'text' in said
          ? { type: 'text', text: said.text }
          : { type: 'image_url', image_url: { url: `data:image/png;base64,${said.image}` } },
      ),
    })
    if (text === undefined && calls.length === 0) continue
    messages.push({
      role: 'assistant',
      content: text ?? null,
      ...(reasoning !== undefined && { reasoning_content: reasoning }),
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ id, name, arguments: written }) => ({
          id,
          type: 'function',
          function: { name, arguments: written },
        })),
      }),
    })
    for (const { id, text: told } of results) messages.push({ role: 'tool', tool_call_id: id, content: told })
  }
  return {
    model: 'm',
    messages,
    tools: tools.map((name) => ({ type: 'function', function: { name, parameters: schema } })),
  }
}

function writeResponses({ system, tools, rounds }: Talk): JsonObject {
  const input: JsonObject[] = []
  for (const { user, reasoning, text, calls, results } of rounds) {
    input.push({
      type: 'message',
      role: 'user',
      content: user.map((said) =>
        'text' in said
          ? { type: 'input_text', text: said.text }
          : { type: 'input_image', image_url: `data:image/png;base64,${said.image}` },
      ),
    })
    if (reasoning !== undefined) {
      input.push({ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: reasoning }] })
    }
    if (text !== undefined) {
      input.push({
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text, annotations: [] }],
      })
    }
    for (const { id, name, arguments: written } of calls) {
      input.push({ type: 'function_call', call_id: id, name, arguments: written })
    }
    for (const { id, text: told } of results) {
      input.push({ type: 'function_call_output', call_id: id, output: told })
    }
  }
  return {
    model: 'm',
    ...(system !== undefined && { instructions: system }),
    input,
    tools: tools.map((name) => ({ type: 'function', name, parameters: schema, strict: false })),
  }
}

function writeMessages({ system, tools, rounds }: Talk): JsonObject {
  const messages: { role: string; content: Json[] }[] = []
  const push = (role: string, blocks: readonly Json[]): void => {
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else if (blocks.length > 0) messages.push({ role, content: [...blocks] })
  }
  for (const { user, reasoning, text, calls, results } of rounds) {
    push(
      'user',
      user.map((said) =>
        'text' in said
          ? { type: 'text', text: said.text }
          : { type: 'image', source: { type: 'base64', media_type: 'image/png', data: said.image } },
      ),
    )
    push('assistant', [
      ...(reasoning !== undefined ? [{ type: 'thinking', thinking: reasoning, signature: 'c2lnbmVk' }] : []),
      ...(text !== undefined ? [{ type: 'text', text }] : []),
      ...calls.map(({ id, name, arguments: written }) => ({
        type: 'tool_use',
        id,
        name,
        input: inputOf(written),
      })),
    ])
    push(
      'user',
      results.map(({ id, text: told, isError }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: told,
        ...(isError && { is_error: true }),
      })),
    )
  }
  return {
    model: 'm',
    max_tokens: 1000,
    ...(system !== undefined && { system }),
    messages,
    tools: tools.map((name) => ({ name, input_schema: schema })),
  }
}

/** Arguments as this wire has them: an object, whatever the model wrote. */
function inputOf(written: string): Json {
  try {
    const value = parseJsonLossless(written, { spelling: true })
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value }
  } catch {
    return { unparsed: written }
  }
}
