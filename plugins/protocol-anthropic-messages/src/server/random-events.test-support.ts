import fc from 'fast-check'
import type { Citation, Custody, GatewayEvent, Part, PartDelta, ReasoningSegment } from '@gantry/core'
import { protocolName } from '../name.ts'

/** A part, its deltas, and what is told of it after its end. */
interface Script {
  readonly start: Part
  readonly deltas: readonly PartDelta[]
  readonly late: readonly PartDelta[]
}

const word = fc.string({ unit: 'grapheme', maxLength: 8 })
const words = fc.array(word, { maxLength: 4 })
const state = fc
  .record({ format: fc.constantFrom('signature', 'redacted'), word })
  .map((one): Custody => ({ protocol: protocolName, format: one.format, blob: `b${one.word}` }))

const citation = fc
  .record({
    url: fc.option(fc.webUrl(), { nil: undefined }),
    title: fc.option(word, { nil: undefined }),
    quote: fc.option(word, { nil: undefined }),
  })
  .map(({ url, title, quote }): Citation => ({
    kind: 'url',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(quote !== undefined && { quote }),
    native: { protocol: 'openai-responses', value: {} },
  }))

const text: fc.Arbitrary<Script> = fc
  .record({
    first: word,
    rest: words,
    citations: fc.array(citation, { maxLength: 2 }),
    late: fc.array(citation, { maxLength: 2 }),
  })
  .map(({ first, rest, citations, late }) => ({
    start: { type: 'text', text: first },
    deltas: [
      ...rest.map((piece): PartDelta => ({ type: 'text', text: piece })),
      ...citations.map((one): PartDelta => ({ type: 'citation', citation: one })),
    ],
    late: late.map((one): PartDelta => ({ type: 'citation', citation: one })),
  }))

const refusal: fc.Arbitrary<Script> = fc.tuple(word, words).map(([first, rest]) => ({
  start: { type: 'refusal', text: first },
  deltas: rest.map((piece): PartDelta => ({ type: 'text', text: piece })),
  late: [],
}))

const reasoning: fc.Arbitrary<Script> = fc
  .record({
    segments: fc.array(
      fc.record({ kind: fc.constantFrom<ReasoningSegment['kind']>('summary', 'text'), texts: words }),
      { maxLength: 3 },
    ),
    custody: fc.option(state, { nil: undefined }),
  })
  .map(({ segments, custody }) => ({
    start: { type: 'reasoning', segments: [] },
    deltas: [
      ...segments.flatMap(({ kind, texts }, segment) =>
        texts.map((piece): PartDelta => ({ type: 'reasoning', segment, kind, text: piece })),
      ),
      ...(custody ? [{ type: 'custody' as const, custody }] : []),
    ],
    late: [],
  }))

const call: fc.Arbitrary<Script> = fc
  .record({
    kind: fc.constantFrom<'function' | 'custom' | 'hosted'>('function', 'custom', 'hosted'),
    name: fc.constantFrom('f', 'apply_patch'),
    namespace: fc.option(fc.constantFrom('ns', 'mcp__x'), { nil: undefined }),
    callId: fc.oneof(fc.uuid(), fc.constantFrom('', 'functions.Bash:0', 'same')),
    pieces: fc.oneof(
      words,
      fc.constantFrom('{"a":1}', '  {}', '[1]', '"x"', 'null', '').map((json) => [...json]),
    ),
  })
  .map(({ pieces, namespace, ...rest }) => ({
    start: { type: 'tool_call', arguments: '', ...rest, ...(namespace !== undefined && { namespace }) },
    deltas: pieces.map((piece): PartDelta => ({ type: 'arguments', text: piece })),
    late: [],
  }))

const whole: fc.Arbitrary<Script> = fc
  .constantFrom<Part>(
    { type: 'json', json: '{"a":1}' },
    { type: 'image', source: { kind: 'base64', data: 'AAAA' } },
    { type: 'audio', source: { kind: 'base64', data: 'AAAA' }, transcript: 'la' },
    { type: 'file', source: { kind: 'file_id', id: 'f' } },
    { type: 'native', native: { protocol: 'other', value: { type: 'teleport' } } },
    { type: 'native', native: { protocol: 'other', value: { type: 'teleport' } }, text: 'shown' },
    { type: 'compaction', text: 'what was said' },
    {
      type: 'server_tool_call',
      tool: 'web_search',
      callId: 'srvtoolu_1',
      name: 'web_search',
      arguments: '{"query":"x"}',
      native: {
        protocol: protocolName,
        value: {
          type: 'server_tool_use',
          id: 'srvtoolu_1',
          name: 'web_search',
          input: {},
          caller: { type: 'direct' },
        },
      },
    },
    {
      type: 'server_tool_call',
      tool: 'shell',
      callId: 'c',
      name: 'shell',
      arguments: '{}',
      native: { protocol: 'other', value: { type: 'shell_call' } },
    },
    {
      type: 'server_tool_result',
      tool: 'x',
      callId: 'c',
      parts: [],
      native: { protocol: 'other', value: { type: 'shell_call_output' } },
    },
  )
  .map((start) => ({ start, deltas: [], late: [] }))

/** How an answer ends. */
const endings = fc.constantFrom<GatewayEvent>(
  { type: 'finish', finish: { reason: 'stop' } },
  { type: 'finish', finish: { reason: 'stop', stopSequence: 'END' } },
  { type: 'finish', finish: { reason: 'tool_calls', raw: 'tool_calls' } },
  { type: 'finish', finish: { reason: 'length', raw: 'max_output_tokens' } },
  { type: 'finish', finish: { reason: 'content_filter', raw: 'content_filter' } },
  { type: 'finish', finish: { reason: 'refusal' } },
  { type: 'finish', finish: { reason: 'pause' } },
  { type: 'finish', finish: { reason: 'other', raw: 'teleported' } },
  {
    type: 'error',
    error: { class: 'timeout', status: 504, message: 'Late.', retryable: true, source: 'gateway' },
  },
)

/**
 * Events in any order that the contract allows: parts overlap, end in any order, are told of sources after their end, and
 * pings and frames of other wires come in between.
 */
export const anyEvents: fc.Arbitrary<readonly GatewayEvent[]> = fc
  .record({
    scripts: fc.array(fc.oneof(text, text, refusal, reasoning, call, call, whole), { maxLength: 6 }),
    schedule: fc.infiniteStream(fc.nat(99)),
    ending: endings,
    usage: fc.option(
      fc.record({
        input: fc.nat(9),
        output: fc.nat(9),
        cache_read: fc.nat(9),
        cache_write: fc.nat(9),
        reasoning: fc.nat(9),
      }),
      { nil: undefined },
    ),
  })
  .map(({ scripts, schedule, ending, usage }) => {
    const events: GatewayEvent[] = [{ type: 'start', id: 'x', model: 'm', createdAt: 1 }]
    const next = (): number => (schedule.next().value as number | undefined) ?? 0
    const open = new Map<number, PartDelta[]>()
    const late: [number, PartDelta][] = []
    let started = 0
    while (started < scripts.length || open.size > 0) {
      const dice = next()
      if (dice > 95) events.push({ type: 'keep-alive', raw: ': waiting' })
      if (dice === 90) events.push({ type: 'raw', protocol: 'other', data: '{}' })
      const script = scripts[started]
      if (script && (open.size === 0 || dice < 20)) {
        events.push({ type: 'part-start', index: started, part: script.start })
        open.set(started++, [...script.deltas])
        continue
      }
      const [index, deltas] = [...open][dice % open.size] ?? [0, []]
      const delta = deltas.shift()
      if (delta) events.push({ type: 'part-delta', index, delta })
      else {
        open.delete(index)
        events.push({ type: 'part-end', index })
        for (const one of scripts[index]?.late ?? []) late.push([index, one])
      }
      const told = next() > 60 ? late.shift() : undefined
      if (told) events.push({ type: 'part-delta', index: told[0], delta: told[1] })
    }
    for (const [index, delta] of late) events.push({ type: 'part-delta', index, delta })
    if (usage) events.push({ type: 'usage', usage: { tokens: usage, source: 'upstream', final: true } })
    events.push(ending)
    if (ending.type !== 'error') events.push({ type: 'end' })
    return events
  })
