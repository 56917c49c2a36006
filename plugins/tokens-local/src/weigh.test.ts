import type { GenerateRequest, Part, Tool, Turn } from '@gantry/core'
import { expect, it } from 'vitest'
import { createRules, type TokenRules } from './rules.ts'
import { weigh } from './weigh.ts'

/** Each rule a number of its own, so that a sum says which ones were in it. */
const rules: TokenRules = {
  factor: 1.5,
  base: 1,
  message: 10,
  system: 100,
  call: 1000,
  tools: 10_000,
  forcedTools: 20_000,
  structure: 2.5,
  serverTool: 100_000,
  outputSchema: 1_000_000,
  thinking: 10_000_000,
  page: 7,
  image: 'flat',
}

const request = (given: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: 'm',
  stream: false,
  turns: [],
  ...given,
})
const user = (...parts: Part[]): Turn => ({ role: 'user', parts })
const text = (said: string): Part => ({ type: 'text', text: said })
const textsOf = (given: Partial<GenerateRequest>): readonly string[] =>
  weigh(request(given), rules).pieces.map((piece) => piece.text)

it('counts what frames messages by rules, and leaves text to the worker', () => {
  expect(weigh(request(), rules)).toEqual({ fixed: 1, pieces: [] })
  const weighed = weigh(
    request({
      instructions: [text('be brief')],
      turns: [
        user(text('hello'), { type: 'refusal', text: 'no' }),
        {
          role: 'assistant',
          parts: [{ type: 'tool_call', kind: 'function', callId: 'c', name: 'run', arguments: '{"a":1}' }],
        },
        { role: 'tool', parts: [{ type: 'tool_result', callId: 'c', parts: [text('done'), text('')] }] },
      ],
    }),
    rules,
  )
  expect(weighed.fixed).toBe(1 + 100 + 30 + 2000)
  expect(weighed.pieces).toEqual(
    ['be brief', 'hello', 'no', 'run', '{"a":1}', 'done'].map((one) => ({
      kind: 'text',
      text: one,
      weight: 1.5,
    })),
  )
})

it('weighs a definition’s structure and its descriptions apart', () => {
  const tool: Tool = {
    type: 'function',
    name: 'weather',
    description: 'Says how it is outside.',
    schema: {
      type: 'object',
      properties: {
        city: { type: 'string', description: 'Where.' },
        // A field that is called so is no description.
        description: { type: 'string' },
      },
    },
  }
  const { fixed, pieces } = weigh(request({ tools: [tool] }), rules)
  expect(fixed).toBe(1 + 10_000)
  expect(pieces).toEqual([
    {
      kind: 'text',
      weight: 2.5,
      text: '{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"description":{"type":"string"}}}}',
    },
    { kind: 'text', weight: 1.5, text: 'Says how it is outside.\nWhere.' },
  ])
})

it('counts tools by kind: deferred ones not, nested ones as their own, hosted ones at a flat rate', () => {
  const native = { protocol: 'x', value: {} }
  const fn: Tool = { type: 'function', name: 'f' }
  expect(weigh(request({ tools: [{ ...fn, deferred: true }] }), rules)).toEqual({ fixed: 1, pieces: [] })
  expect(weigh(request({ tools: [fn], toolChoice: { mode: 'required' } }), rules).fixed).toBe(1 + 20_000)
  expect(weigh(request({ tools: [{ type: 'server', tool: 'web_search', native }] }), rules).fixed).toBe(
    110_001,
  )
  expect(
    textsOf({
      tools: [
        {
          type: 'namespace',
          name: 'n',
          description: 'A set.',
          tools: [fn, { ...fn, name: 'late', deferred: true }],
        },
        { type: 'custom', name: 'patch', format: { type: 'grammar', definition: 'start: "a"' } },
      ],
    }),
  ).toEqual([
    'A set.',
    '{"name":"f"}',
    '{"name":"patch","format":{"type":"grammar","definition":"start: \\"a\\""}}',
  ])
})

it('counts an answer’s schema, and thinking that was switched on', () => {
  const output = { type: 'json_schema', schema: { type: 'object', description: 'An answer.' } } as const
  const weighed = weigh(request({ output, reasoning: { mode: 'enabled', budgetTokens: 2048 } }), rules)
  expect(weighed.fixed).toBe(11_000_001)
  expect(weighed.pieces.map((piece) => piece.text)).toEqual(['{"type":"object"}', 'An answer.'])
  expect(weigh(request({ reasoning: { mode: 'adaptive' } }), rules).fixed).toBe(1)
})

it('reads reasoning of the answer under way, and not that of earlier ones', () => {
  const thought = (said: string): Turn => ({
    role: 'assistant',
    parts: [{ type: 'reasoning', segments: [{ kind: 'text', text: said }] }],
  })
  const result: Turn = user({ type: 'tool_result', callId: 'c', parts: [text('42')] })
  expect(
    textsOf({ turns: [user(text('q')), thought('old'), user(text('q2')), thought('new'), result] }),
  ).toEqual(['q', 'q2', 'new', '42'])
})

it('estimates sealed reasoning by its length, above what every seal has', () => {
  const sealed = (length: number): Turn => ({
    role: 'assistant',
    parts: [
      {
        type: 'reasoning',
        segments: [{ kind: 'summary', text: 'it is not read' }],
        custody: { protocol: 'r', format: 'encrypted', blob: 'x'.repeat(length) },
      },
    ],
  })
  const of = (length: number): number => weigh(request({ turns: [sealed(length)] }), rules).fixed - 11
  expect(of(500)).toBe(0)
  expect(of(800 + 660)).toBeCloseTo(100)
  expect(textsOf({ turns: [sealed(2000)] })).toEqual([])
  // Signed text is read as text.
  const signed: Part = {
    type: 'reasoning',
    segments: [{ kind: 'text', text: 'aloud' }],
    custody: { protocol: 'a', format: 'signature', blob: 'x'.repeat(5000) },
  }
  expect(weigh(request({ turns: [{ role: 'assistant', parts: [signed] }] }), rules)).toEqual({
    fixed: 11,
    pieces: [{ kind: 'text', text: 'aloud', weight: 1.5 }],
  })
})

it('counts pictures, documents and sound by what they are', () => {
  const of = (part: Part): { readonly fixed: number; readonly pieces: readonly object[] } => {
    const { fixed, pieces } = weigh(request({ turns: [user(part)] }), rules)
    return { fixed: fixed - 11, pieces }
  }
  const base64 = (data: string, mediaType?: string) => ({
    kind: 'base64' as const,
    data,
    ...(mediaType === undefined ? {} : { mediaType }),
  })
  expect(of({ type: 'image', source: base64('') }).fixed).toBe(258)
  expect(of({ type: 'file', source: base64('JVBERi0=', 'application/pdf') })).toEqual({
    fixed: 0,
    pieces: [{ kind: 'pdf', text: 'JVBERi0=', weight: 7 }],
  })
  expect(of({ type: 'file', source: base64('JVBERi0='), name: 'a.pdf' }).pieces).toHaveLength(1)
  const plain = Buffer.from('plain words').toString('base64')
  expect(of({ type: 'file', source: base64(plain, 'text/plain') }).pieces).toMatchObject([
    { text: 'plain words' },
  ])
  expect(of({ type: 'file', source: { kind: 'text', text: 'inline' } }).pieces).toMatchObject([
    { text: 'inline' },
  ])
  expect(of({ type: 'file', source: { kind: 'parts', parts: [text('a'), text('b')] } }).pieces).toHaveLength(
    2,
  )
  expect(of({ type: 'file', source: { kind: 'url', url: 'https://example.com/a.pdf' } }).fixed).toBe(7)
  expect(of({ type: 'file', source: base64('x'.repeat(8000), 'application/zip') }).fixed).toBe(100)
  expect(of({ type: 'audio', source: base64('x'.repeat(12_800)) }).fixed).toBe(3)
  expect(of({ type: 'audio', source: { kind: 'file_id', id: 'f' } }).fixed).toBe(0)
})

it('reads what other parts say', () => {
  const native = { protocol: 'x', value: { tools: [{ name: 'n', description: 'late' }] } }
  expect(
    textsOf({
      turns: [
        user(
          { type: 'json', json: '{"a":1}' },
          { type: 'server_tool_call', tool: 'shell', callId: 'c', name: 'ls', arguments: '-l', native },
          { type: 'server_tool_result', tool: 'shell', callId: 'c', parts: [text('out')], native },
          { type: 'compaction', text: 'summary' },
          { type: 'tools_added', names: ['n'], native },
          { type: 'native', native, text: 'shown' },
          { type: 'native', native },
        ),
      ],
    }),
  ).toEqual(['{"a":1}', 'ls', '-l', 'out', 'summary', '{"tools":[{"name":"n"}]}', 'late', 'shown'])
})

it('has rules for every model', () => {
  expect(weigh(request(), createRules({})('claude-opus-5-5')).fixed).toBe(3)
})
