import fc from 'fast-check'
import type { Citation, Custody, GatewayEvent, Json, Part, PartDelta, ReasoningSegment } from '@gantry/core'

/** A part, its deltas, and what is told of it after its end. */
interface Script {
  readonly start: Part
  readonly deltas: readonly PartDelta[]
  readonly late: readonly PartDelta[]
  readonly group: number
}

const word = fc.string({ unit: 'grapheme', maxLength: 8 })
const words = fc.array(word, { maxLength: 4 })
const own = 'openai-responses'
const state = word.map((blob): Custody => ({ protocol: own, format: 'encrypted', blob: `b${blob}` }))

const citation = fc
  .record({
    url: fc.option(fc.webUrl(), { nil: undefined }),
    title: fc.option(word, { nil: undefined }),
    place: fc.option(fc.nat(20), { nil: undefined }),
  })
  .map(({ url, title, place }): Citation => ({
    kind: 'url',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(place !== undefined && { start: place, end: place + 1 }),
    native: { protocol: 'google-gemini', value: {} },
  }))

const logprobs = fc
  .array(
    word.map((token) => ({ token, logprob: -0.5, bytes: null, top_logprobs: [{ token, logprob: -0.5 }] })),
    { maxLength: 2 },
  )
  .map((list): readonly Json[] => list)

const text: fc.Arbitrary<Script> = fc
  .record({
    first: word,
    rest: fc.array(fc.record({ text: word, logprobs }), { maxLength: 4 }),
    citations: fc.array(citation, { maxLength: 2 }),
    late: fc.array(citation, { maxLength: 2 }),
    group: fc.nat(2),
  })
  .map(({ first, rest, citations, late, group }) => ({
    start: { type: 'text', text: first },
    deltas: [
      ...rest.map((piece): PartDelta => ({ type: 'text', ...piece })),
      ...citations.map((one): PartDelta => ({ type: 'citation', citation: one })),
    ],
    late: late.map((one): PartDelta => ({ type: 'citation', citation: one })),
    group,
  }))

const refusal: fc.Arbitrary<Script> = fc.tuple(word, words).map(([first, rest]) => ({
  start: { type: 'refusal', text: first },
  deltas: rest.map((piece): PartDelta => ({ type: 'text', text: piece })),
  late: [],
  group: 0,
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
    group: 0,
  }))

const call: fc.Arbitrary<Script> = fc
  .record({
    kind: fc.constantFrom<'function' | 'custom' | 'hosted'>('function', 'custom', 'hosted'),
    name: fc.constantFrom('f', 'tool_search', 'apply_patch'),
    namespace: fc.option(word, { nil: undefined }),
    callId: fc.uuid(),
    pieces: words,
  })
  .map(({ pieces, namespace, ...rest }) => ({
    start: { type: 'tool_call', arguments: '', ...rest, ...(namespace !== undefined && { namespace }) },
    deltas: pieces.map((piece): PartDelta => ({ type: 'arguments', text: piece })),
    late: [],
    group: 0,
  }))

const whole: fc.Arbitrary<Script> = fc
  .constantFrom<Part>(
    { type: 'json', json: '{"a":1}' },
    { type: 'image', source: { kind: 'base64', data: 'AAAA' } },
    { type: 'image', source: { kind: 'url', url: 'https://x/y' } },
    { type: 'audio', source: { kind: 'base64', data: 'AAAA' }, transcript: 'la' },
    { type: 'file', source: { kind: 'file_id', id: 'f' } },
    { type: 'native', native: { protocol: 'other', value: {} } },
    { type: 'native', native: { protocol: 'other', value: {} }, text: 'shown' },
    { type: 'compaction', custody: { protocol: own, format: 'encrypted', blob: 'b' } },
    {
      type: 'server_tool_call',
      tool: 'mcp',
      callId: 'mcp_1',
      name: 'mcp',
      arguments: '',
      native: {
        protocol: own,
        value: { type: 'mcp_call', id: 'mcp_1', name: 'n', server_label: 's', arguments: '' },
      },
    },
    {
      type: 'server_tool_result',
      tool: 'x',
      callId: 'c',
      parts: [],
      native: { protocol: 'other', value: {} },
    },
  )
  .map((start) => ({ start, deltas: [], late: [], group: 0 }))

/** How an answer ends. */
const endings = fc.constantFrom<GatewayEvent>(
  { type: 'finish', finish: { reason: 'stop' } },
  { type: 'finish', finish: { reason: 'tool_calls' } },
  { type: 'finish', finish: { reason: 'length', raw: 'max_tokens' } },
  { type: 'finish', finish: { reason: 'content_filter' } },
  { type: 'finish', finish: { reason: 'pause', raw: 'pause_turn' } },
  { type: 'finish', finish: { reason: 'other', raw: 'complete' } },
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
    grouped: fc.boolean(),
    ending: endings,
    usage: fc.option(fc.record({ input: fc.nat(9), output: fc.nat(9), cache_read: fc.nat(9) }), {
      nil: undefined,
    }),
  })
  .map(({ scripts, schedule, grouped, ending, usage }) => {
    const events: GatewayEvent[] = [{ type: 'start', id: 'x', model: 'm', createdAt: 1 }]
    const next = (): number => (schedule.next().value as number | undefined) ?? 0
    const open = new Map<number, PartDelta[]>()
    const late: [number, PartDelta][] = []
    let started = 0
    while (started < scripts.length || open.size > 0) {
      const dice = next()
      if (dice > 95) events.push({ type: 'keep-alive' })
      if (dice === 90) events.push({ type: 'raw', protocol: 'other', data: '{}' })
      const script = scripts[started]
      if (script && (open.size === 0 || dice < 20)) {
        const group = grouped && isGrouped(script.start) ? { group: { id: `msg_${script.group}` } } : {}
        events.push({ type: 'part-start', index: started, part: { ...script.start, ...group } })
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

function isGrouped(part: Part): boolean {
  return part.type === 'text' || part.type === 'refusal'
}
