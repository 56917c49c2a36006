import fc from 'fast-check'
import type {
  Choice,
  Citation,
  Custody,
  Extra,
  Finish,
  GenerateResponse,
  JsonObject,
  Native,
  Part,
  Usage,
} from '../../model/index.ts'

/** Generators of model values for property tests: every shape that a decoder may build, in normal form. */

const word = fc.constantFrom('a', 'b', 'web_search', '__proto__', 'x-y')

/** Small: the model passes JSON on untouched, so its depth teaches nothing. */
const json = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.string({ maxLength: 5 }),
  fc.constant([1, { a: 2 }]),
)

export const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(word, json) as fc.Arbitrary<JsonObject>

export const extra: fc.Arbitrary<Extra> = fc.dictionary(fc.constantFrom('chat', 'anthropic'), jsonObject, {
  minKeys: 1,
  noNullPrototype: true,
})

export const custody: fc.Arbitrary<Custody> = optional(
  {
    protocol: fc.constantFrom('chat', 'anthropic', 'gemini'),
    format: fc.constantFrom('signature', 'encrypted'),
    blob: fc.string({ minLength: 1 }),
  },
  { issuer: fc.constantFrom('one', 'two') },
)

const native: fc.Arbitrary<Native> = plain({
  protocol: fc.constantFrom('chat', 'anthropic', 'gemini'),
  value: jsonObject,
})

const citation: fc.Arbitrary<Citation> = optional(
  { kind: fc.constantFrom('url' as const, 'document' as const), native },
  { url: fc.constant('https://example.com/a'), start: fc.nat(), end: fc.nat() },
)

const base = { id: word, custody, extra, group: plain({ id: word }) }
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))

export const textPart: fc.Arbitrary<Part> = optional(
  { type: fc.constant('text' as const), text },
  {
    ...base,
    citations: fc.array(citation, { minLength: 1, maxLength: 3 }),
    logprobs: fc.array(json, { minLength: 1, maxLength: 3 }) as fc.Arbitrary<never[]>,
  },
)

export const reasoningPart: fc.Arbitrary<Part> = optional(
  {
    type: fc.constant('reasoning' as const),
    segments: fc.array(plain({ kind: fc.constantFrom('summary' as const, 'text' as const), text }), {
      maxLength: 3,
    }),
  },
  base,
)

export const callPart: fc.Arbitrary<Part> = optional(
  {
    type: fc.constant('tool_call' as const),
    kind: fc.constantFrom('function' as const, 'custom' as const),
    callId: fc.uuid(),
    name: word,
    arguments: fc.oneof(text, fc.json()),
  },
  { ...base, namespace: word },
)

const serverCall: fc.Arbitrary<Part> = optional(
  {
    type: fc.constant('server_tool_call' as const),
    tool: fc.constant('web_search'),
    callId: fc.uuid(),
    name: word,
    arguments: text,
    native,
  },
  base,
)

const serverResult: fc.Arbitrary<Part> = optional(
  {
    type: fc.constant('server_tool_result' as const),
    tool: fc.constant('web_search'),
    callId: fc.uuid(),
    parts: fc.array(textPart, { maxLength: 2 }),
    native,
  },
  { ...base, isError: fc.boolean() },
)

const otherPart: fc.Arbitrary<Part> = fc.oneof(
  optional({ type: fc.constant('refusal' as const), text }, base),
  optional({ type: fc.constant('compaction' as const) }, { ...base, text }),
  optional({ type: fc.constant('native' as const), native }, { ...base, text }),
  optional(
    {
      type: fc.constant('image' as const),
      source: plain({ kind: fc.constant('base64' as const), data: fc.base64String() }),
    },
    base,
  ),
)

export const part: fc.Arbitrary<Part> = fc.oneof(
  textPart,
  reasoningPart,
  callPart,
  serverCall,
  serverResult,
  otherPart,
)

export const finish: fc.Arbitrary<Finish> = optional(
  { reason: fc.constantFrom('stop' as const, 'tool_calls' as const, 'other' as const) },
  { raw: word, extra },
)

export const usage: fc.Arbitrary<Usage> = plain({
  tokens: plain({ input: fc.nat(), output: fc.nat() }),
  source: fc.constant('upstream' as const),
  final: fc.boolean(),
})

const choice: fc.Arbitrary<Choice> = optional({ parts: fc.array(part, { maxLength: 3 }), finish }, { extra })

/** Normal form: no empty lists where absence means the same, a choice has a finish if it has notes of its own. */
export const response: fc.Arbitrary<GenerateResponse> = fc
  .tuple(
    optional(
      { parts: fc.array(part, { maxLength: 6 }) },
      {
        id: word,
        model: word,
        createdAt: fc.nat(),
        finish,
        alternatives: fc.array(choice, { minLength: 1, maxLength: 3 }),
        usage,
        extra,
        error: fc.constant({
          class: 'upstream_failed' as const,
          status: 502,
          message: 'no',
          retryable: true,
          source: 'upstream' as const,
        }),
      },
    ),
    fc.option(extra, { nil: undefined }),
  )
  .map(([value, choiceExtra]) => (value.finish && choiceExtra ? { ...value, choiceExtra } : value))

function plain<R extends object>(fields: { [K in keyof R]: fc.Arbitrary<R[K]> }): fc.Arbitrary<R> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<R>
}

function optional<R extends object, O extends object>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  maybe: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<R & Partial<O>> {
  const some = fc.record<O>(maybe, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<object>
  return fc.tuple(plain(required), some).map(([must, may]) => ({ ...must, ...may }) as R & Partial<O>)
}
