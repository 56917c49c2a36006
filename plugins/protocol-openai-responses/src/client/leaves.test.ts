import type { GenerateRequest, Json, JsonObject, Loss, MediaSource, Part, Tool, Turn } from '@gantry/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encode } from '../encode.test-support.ts'

/** Texts that are told apart: what the client said is looked for by them. */
const word = fc.integer({ min: 0, max: 0xffffff }).map((number) => `w${number.toString(36)}w`)
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
const foreign = (value: fc.Arbitrary<JsonObject>): fc.Arbitrary<{ protocol: string; value: JsonObject }> =>
  value.map((inner) => ({ protocol: 'anthropic-messages', value: inner }))
const extra = maybe(word.map((said) => ({ 'openai-chat': { odd: said, $note: 'n', none: null } })))
const source: fc.Arbitrary<MediaSource> = fc.oneof(
  word.map((url) => ({ kind: 'url' as const, url: `https://example.com/${url}` })),
  word.map((id) => ({ kind: 'file_id' as const, id })),
  word.map((data) => ({ kind: 'base64' as const, data, mediaType: 'image/png' })),
)
const cache = maybe(fc.constant({ mode: 'ephemeral' }))
const text: fc.Arbitrary<Part> = fc
  .record({ text: word, cache, extra })
  .map((fields) => stripped<Part>({ type: 'text', ...fields }))
const content: fc.Arbitrary<Part> = fc.oneof(
  text,
  fc
    .record({ source, extra, detail: maybe(fc.constant('low')) })
    .map((fields) => stripped<Part>({ type: 'image', ...fields })),
  fc.record({ source, name: maybe(word) }).map((fields) => stripped<Part>({ type: 'file', ...fields })),
  fc
    .record({ name: word, said: word })
    .map(({ name, said }): Part => ({ type: 'file', name, source: { kind: 'text', text: said } })),
  fc
    .record({ data: word, transcript: maybe(word) })
    .map(({ data, transcript }) =>
      stripped<Part>({ type: 'audio', source: { kind: 'base64', data }, transcript }),
    ),
  word.map((json): Part => ({ type: 'json', json: JSON.stringify({ json }) })),
  fc
    .record({ native: foreign(word.map((odd) => ({ odd }))), text: maybe(word) })
    .map((fields) => stripped<Part>({ type: 'native', ...fields })),
)
const answer: fc.Arbitrary<Part> = fc.oneof(
  content,
  word.map((said): Part => ({ type: 'refusal', text: said })),
  fc
    .record({ said: word, blob: word, format: fc.constantFrom('signature', 'redacted') })
    .map(({ said, blob, format }): Part => ({
      type: 'reasoning',
      segments: [{ kind: 'text', text: said }],
      custody: { protocol: 'anthropic-messages', format, blob },
    })),
  fc
    .record({
      callId: word,
      name: word,
      said: word,
      kind: fc.constantFrom('function' as const, 'custom' as const),
    })
    .map(({ callId, name, said, kind }): Part => ({
      type: 'tool_call',
      kind,
      callId,
      name,
      arguments: JSON.stringify({ said }),
    })),
  fc
    .record({ callId: word, native: foreign(word.map((odd) => ({ odd }))), said: word })
    .map(({ callId, native, said }): Part => ({
      type: 'server_tool_result',
      tool: 'web_search',
      callId,
      native,
      parts: [{ type: 'text', text: said }],
    })),
  word.map((said): Part => ({ type: 'compaction', text: said })),
)
const result: fc.Arbitrary<Part> = fc
  .record({ callId: word, parts: fc.array(content, { maxLength: 3 }), isError: maybe(fc.boolean()) })
  .map((fields) => stripped<Part>({ type: 'tool_result', ...fields }))
const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc
    .record({
      role: fc.constantFrom('user' as const, 'system' as const, 'developer' as const),
      parts: fc.array(content, { minLength: 1, maxLength: 3 }),
      extra,
    })
    .map((fields) => stripped<Turn>(fields)),
  fc
    .record({
      role: fc.constant('assistant' as const),
      parts: fc.array(answer, { minLength: 1, maxLength: 4 }),
      extra,
    })
    .map((fields) => stripped<Turn>(fields)),
  fc.record({ role: fc.constant('tool' as const), parts: fc.array(result, { minLength: 1, maxLength: 2 }) }),
)
const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc
    .record({ name: word, description: maybe(word), extra, deferred: maybe(fc.boolean()) })
    .map((fields) => stripped<Tool>({ type: 'function', ...fields })),
  fc
    .record({ name: word, description: word, definition: word })
    .map(({ name, description, definition }): Tool => ({
      type: 'custom',
      name,
      description,
      format: { type: 'grammar', syntax: 'lark', definition },
    })),
  fc.record({ name: word, inner: word }).map(({ name, inner }): Tool => ({
    type: 'namespace',
    name,
    tools: [{ type: 'function', name: inner }],
  })),
  foreign(fc.record({ odd: word })).map((native): Tool => ({ type: 'server', tool: 'memory', native })),
)
const request: fc.Arbitrary<Partial<GenerateRequest>> = fc
  .record({
    turns: fc
      .array(turn, { maxLength: 4 })
      .map((turns) => [...turns, { role: 'user' as const, parts: [{ type: 'text' as const, text: 'end' }] }]),
    instructions: maybe(fc.array(text, { minLength: 1, maxLength: 2 })),
    tools: maybe(fc.array(tool, { maxLength: 4 })),
    stop: maybe(fc.array(word, { maxLength: 2 })),
    sampling: maybe(fc.constant({ temperature: 0.3, topK: 4, seed: 77 })),
    serviceTier: maybe(fc.constantFrom('auto', 'standard_only')),
    endUser: maybe(word),
    metadata: maybe(word.map((run) => ({ run }))),
    cache: maybe(word.map((key) => ({ key, resource: `cachedContents/${key}` }))),
    extra,
  })
  .map((fields) => stripped<Partial<GenerateRequest>>(fields))
const quirks: fc.Arbitrary<JsonObject> = fc.record(
  {
    customTools: fc.boolean(),
    namespaces: fc.boolean(),
    reasoningText: fc.boolean(),
    cacheBreakpoints: fc.boolean(),
    refuses: fc.subarray([
      'metadata',
      'safety_identifier',
      'service_tier',
      'prompt_cache_key',
      'instructions',
    ]),
  },
  { requiredKeys: [] },
)

it('everything that another wire’s client said is sent, or reported where it stood', () => {
  fc.assert(
    fc.property(request, quirks, fc.constantFrom('gpt-5.5', 'gpt-4.1'), (given, allQuirks, model) => {
      const { body, losses } = encode(given, { model, quirks: allQuirks })
      expect(lostWords(given, body, losses)).toEqual([])
    }),
    { numRuns: 400 },
  )
})

/** Pointers of the words that are neither in the outbound body nor below the pointer of a loss. */
function lostWords(
  given: Partial<GenerateRequest>,
  body: JsonObject,
  losses: readonly Loss[],
): readonly string[] {
  const sent = JSON.stringify(body)
  const reported = losses.map(({ pointer }) => pointer)
  // A field that the host refuses is reported by its own name.
  const refused = new Map([
    ['/metadata', '/metadata'],
    ['/safety_identifier', '/endUser'],
    ['/service_tier', '/serviceTier'],
    ['/prompt_cache_key', '/cache/key'],
    ['/instructions', '/instructions'],
  ])
  const covered = (pointer: string): boolean =>
    reported.some((at) =>
      [at, refused.get(at) ?? at].some(
        (one) => one !== '' && (pointer === one || pointer.startsWith(`${one}/`)),
      ),
    )
  const lost: string[] = []
  const visit = (node: Json | undefined, pointer: string, place: string): void => {
    if (typeof node === 'string') {
      if (!/^w\w+w$/.test(node) && !/w\w+w/.test(node)) return
      const inner = /w\w+w/.exec(node)?.[0] ?? ''
      // What a client of another wire wrote beside is reported on the node it stood on.
      const field = /\/extra\/[^/]+\/(.*)$/.exec(pointer)?.[1]
      const at = field === undefined ? pointer : `${place}/${field}`
      if (!sent.includes(inner) && !covered(pointer) && !covered(at)) lost.push(pointer)
      return
    }
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (key.startsWith('$')) continue
      const isNode = /\/(turns|tools|instructions|parts)\/\d+$/.test(pointer)
      visit(value as Json, `${pointer}/${key}`, isNode ? pointer : place)
    }
  }
  visit(given as Json, '', '')
  return lost
}

function stripped<T>(fields: object): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
