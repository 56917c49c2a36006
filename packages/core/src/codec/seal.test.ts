import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Target } from '../contract/index.ts'
import type { Custody, GatewayEvent, Loss, Part, Turn } from '../model/index.ts'
import { accumulate } from './accumulate.ts'
import { envelopePrefix, maxEnvelopeBytes, type SealOptions } from './envelope.ts'
import { eventsOf } from './events-of.ts'
import { openParts, openTurns } from './open-parts.ts'
import { orderGuard } from './order-guard.ts'
import { sealEvents } from './seal-events.ts'
import { sealParts } from './seal-parts.ts'
import { part as anyPart } from './test/arbitrary.ts'

const client = { name: 'chat', carrier: 'encrypted' }
const target: Target = { provider: 'claude', protocol: 'anthropic', model: 'm' }
const signature = (blob: string, more: Partial<Custody> = {}): Custody => ({
  protocol: 'anthropic',
  issuer: 'claude',
  format: 'signature',
  blob,
  ...more,
})
const text = (value: string, custody?: Custody): Part => ({
  type: 'text',
  text: value,
  ...(custody && { custody }),
})
const think = (value: string, custody?: Custody): Part => ({
  type: 'reasoning',
  segments: value === '' ? [] : [{ kind: 'text', text: value }],
  ...(custody && { custody }),
})
const call = (callId: string, custody?: Custody): Part => ({
  type: 'tool_call',
  kind: 'function',
  callId,
  name: 'f',
  arguments: '{}',
  ...(custody && { custody }),
})
const searched: readonly Part[] = [
  {
    type: 'server_tool_call',
    tool: 'web_search',
    callId: 'srv_1',
    name: 'web_search',
    arguments: '{"query":"x"}',
    native: { protocol: 'anthropic', value: { id: 'srv_1' } },
  },
  {
    type: 'server_tool_result',
    tool: 'web_search',
    callId: 'srv_1',
    parts: [],
    native: { protocol: 'anthropic', value: { encrypted_content: 'abc' } },
  },
]

function open(
  parts: readonly Part[],
  to = target,
  options: SealOptions = {},
): { parts: readonly Part[]; losses: Loss[] } {
  const losses: Loss[] = []
  return { parts: openParts(parts, to, (loss) => losses.push(loss), options), losses }
}

function sealStream(
  parts: readonly Part[],
  late = false,
  of = client,
): { parts: readonly Part[]; events: GatewayEvent[] } {
  const seal = sealEvents(of)
  const guard = orderGuard()
  const folded = accumulate()
  const events: GatewayEvent[] = []
  eventsOf({ parts }, (event) => {
    // eventsOf brings state late; a decoder may know it from the start.
    const early =
      !late && event.type === 'part-start'
        ? { ...event, part: withState(event.part, parts[event.index]) }
        : event
    if (!late && early.type === 'part-delta' && early.delta.type === 'custody') return
    const out = seal(early)
    if (out) events.push(...(Array.isArray(out) ? (out as GatewayEvent[]) : [out as GatewayEvent]))
  })
  for (const event of events) {
    guard.push(event)
    folded.push(event)
  }
  guard.end()
  return { parts: folded.response().parts, events }
}

function withState(part: Part, whole: Part | undefined): Part {
  return whole?.custody ? { ...part, custody: whole.custody } : part
}

/** What a chat client keeps: one text for all reasoning, every carrier, one text, the calls. */
function throughChat(parts: readonly Part[]): readonly Part[] {
  const carriers = parts.flatMap(({ custody }) => (custody ? [custody.blob] : []))
  const thoughts = parts.flatMap((part) =>
    part.type === 'reasoning' ? part.segments.map((segment) => segment.text) : [],
  )
  const texts = parts.flatMap((part) => (part.type === 'text' && part.text !== '' ? [part.text] : []))
  return [
    {
      type: 'reasoning',
      segments: thoughts.length === 0 ? [] : [{ kind: 'text', text: thoughts.join('\n') }],
      ...(carriers.length > 0 && {
        custody: { protocol: 'chat', format: 'encrypted', blob: JSON.stringify(carriers) },
      }),
    },
    ...(texts.length === 0 ? [] : [text(texts.join(''))]),
    ...parts.filter(({ type }) => type === 'tool_call'),
  ]
}

const answer: readonly Part[] = [
  think('first', signature('s1')),
  text('I will look.'),
  ...searched,
  call('c1'),
  think('second', signature('s2')),
  call('c2', signature('t', { format: 'thought_signature' })),
]

describe('sealParts', () => {
  it('shows the client nothing of another protocol and keeps what it may see', () => {
    const sealed = sealParts(answer, client)
    for (const custody of sealed.flatMap((part) => part.custody ?? [])) {
      expect(custody).toMatchObject({ protocol: 'chat', format: 'encrypted' })
      expect(custody.blob.startsWith(envelopePrefix)).toBe(true)
    }
    expect(sealed.some(({ type }) => type.startsWith('server_tool'))).toBe(false)
    expect(throughChat(sealed).map((part) => part.type)).toEqual([
      'reasoning',
      'text',
      'tool_call',
      'tool_call',
    ])
  })

  it('puts own state on its part, and a carrier before the call it belongs to', () => {
    const sealed = sealParts(answer, client)
    expect(sealed.map(({ type, custody }) => `${type}${custody ? '+' : ''}`)).toEqual([
      'reasoning+',
      'text',
      'reasoning+',
      'reasoning+',
      'tool_call',
      'reasoning+',
      'reasoning+',
      'tool_call',
    ])
  })

  it('leaves state of the client itself, and parts without state, alone', () => {
    const own = [think('x', { protocol: 'chat', format: 'encrypted', blob: 'b' }), text('y'), call('c')]
    expect(sealParts(own, client)).toBe(own)
  })

  it('takes an empty blob for no state', () => {
    const empty = [think('x', signature(''))]
    expect(sealParts(empty, client)).toBe(empty)
  })

  it('says the same for the same, so that prompt caches stay warm', () => {
    expect(sealParts(answer, client)).toEqual(sealParts(structuredClone(answer), client))
  })

  it('reports what finds no carrier or no room', () => {
    const losses: Loss[] = []
    const report = (loss: Loss): number => losses.push(loss)
    sealParts([think('x', signature('s'))], { name: 'bare' }, { report })
    sealParts([text('x', signature('s'.repeat(maxEnvelopeBytes)))], client, { report })
    expect(losses.map(({ what, how, target: to }) => [what, how, to])).toEqual([
      ['custody.signature', 'dropped', 'bare'],
      ['custody.signature', 'dropped', 'chat'],
    ])
  })
})

describe('openParts', () => {
  it('gives its issuer everything back exactly', () => {
    expect(open(sealParts(answer, client))).toEqual({ parts: answer, losses: [] })
  })

  it('does so through a client with one carrier for a message', () => {
    const { parts, losses } = open(throughChat(sealParts(answer, client)))
    expect(losses).toEqual([])
    expect(parts).toEqual([
      think('first', signature('s1')),
      text('I will look.'),
      ...searched,
      call('c1'),
      think('second', signature('s2')),
      call('c2', signature('t', { format: 'thought_signature' })),
    ])
  })

  it('is the inverse of sealParts for any answer', () => {
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 6 }), (generated) => {
        const parts = generated.filter(saysSomething).map(forTarget)
        const { parts: opened, losses } = open(sealParts(parts, client))
        expect(losses).toEqual([])
        expect(opened).toEqual(parts)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['provider', { ...target, provider: 'other' }],
    ['protocol', { ...target, protocol: 'responses' }],
  ])('leaves state of another %s out and reports each piece', (_name, to) => {
    const losses: Loss[] = []
    const sealed = sealParts(answer, client, { issuer: 'claude' })
    const parts = openParts(sealed, to, (loss) => losses.push(loss))
    expect(parts).toEqual([think('first'), text('I will look.'), call('c1'), think('second'), call('c2')])
    expect(losses.map(({ what }) => what)).toEqual([
      'custody.signature',
      'part.server_tool_call',
      'part.server_tool_result',
      'custody.signature',
      'custody.thought_signature',
    ])
  })

  it('passes unsealed state to its own protocol only', () => {
    const replayed = [think('x', { protocol: 'anthropic', format: 'signature', blob: 's' })]
    expect(open(replayed)).toEqual({ parts: replayed, losses: [] })
    expect(open(replayed, { ...target, protocol: 'gemini' })).toMatchObject({
      parts: [think('x')],
      losses: [{ what: 'custody.signature', how: 'dropped', target: 'gemini' }],
    })
  })

  it('finds a call by its place when the client changed its id', () => {
    const sealed = sealParts([call('a.b', signature('s'))], client).map((part) =>
      part.type === 'tool_call' ? { ...part, callId: 'a_b' } : part,
    )
    expect(open(sealed).parts).toEqual([call('a_b', signature('s'))])
  })

  it('makes the empty text again that carried a signature', () => {
    const parts = [text('hello'), text('', signature('s'))]
    expect(open(throughChat(sealParts(parts, client))).parts).toEqual(parts)
  })

  it('reports state whose part the client left out', () => {
    const [carrier] = sealParts([call('c1', signature('s'))], client)
    expect(open([carrier as Part])).toMatchObject({ parts: [], losses: [{ what: 'custody.signature' }] })
  })

  it('keeps reasoning that no envelope gives back', () => {
    const sealed = sealParts([think('sealed', signature('s'))], client)
    const { parts } = open([...sealed, think('the client wrote this')])
    expect(parts).toContainEqual(think('the client wrote this'))
    expect(parts).toContainEqual(think('sealed', signature('s')))
    expect(parts).toHaveLength(2)
  })
})

describe('envelopes from outside', () => {
  const [sealed] = sealParts([think('x', signature('s'))], client) as readonly [Part]
  const blob = sealed.custody?.blob ?? ''
  const carrying = (value: string): Part => think('', { protocol: 'chat', format: 'encrypted', blob: value })

  it('are dropped and reported when one character differs, wherever it is', () => {
    for (let at = envelopePrefix.length; at < blob.length; at++) {
      const changed = blob.slice(0, at) + (blob[at] === 'A' ? 'Q' : 'A') + blob.slice(at + 1)
      // Bits of the last character may belong to no byte: then nothing has changed.
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(blob, 'base64url'))) continue
      expect(open([carrying(changed)])).toMatchObject({ parts: [], losses: [{ what: 'custody.envelope' }] })
    }
  })

  it('are dropped when they are cut', () => {
    for (let length = envelopePrefix.length + 1; length < blob.length; length++) {
      expect(open([carrying(blob.slice(0, length))]).parts).toEqual([])
    }
  })

  it.each([
    'null',
    '{}',
    '[0,0,null,"part",{"type":"text","text":"smuggled"}]',
    '[0,0,null,"part",{"type":"reasoning","segments":[{}],"custody":{"protocol":"anthropic","format":"f","blob":"b"}}]',
    '[0,0,null,"part",{"type":"native","native":{"protocol":"anthropic"}}]',
    '[-1,0,null,"part",{"type":"reasoning","segments":[]}]',
    '[0,0,null,"state",{"protocol":"anthropic"},"text",0,null,false]',
    `[0,0,null,"part",{"type":"native","native":{"protocol":"anthropic","value":{"a":${'['.repeat(500)}${']'.repeat(500)}}}}]`,
  ])('are dropped when somebody made them up (%#)', async (json) => {
    const { createHash } = await import('node:crypto')
    const tag = createHash('sha256').update(envelopePrefix).update(json).digest().subarray(0, 16)
    const forged = envelopePrefix + Buffer.concat([tag, Buffer.from(json)]).toString('base64url')
    expect(open([carrying(forged)])).toMatchObject({ parts: [], losses: [{ what: 'custody.envelope' }] })
  })

  it('open only with the key they were signed with', () => {
    const signed = sealParts([think('x', signature('s'))], client, { key: 'secret' })
    expect(open(signed, target, { key: 'secret' }).parts).toEqual([think('x', signature('s'))])
    for (const options of [{}, { key: 'other' }]) {
      expect(open(signed, target, options)).toMatchObject({
        parts: [think('x')],
        losses: [{ what: 'custody.envelope' }],
      })
    }
    expect(open([sealed], target, { key: 'secret' }).losses).toHaveLength(1)
  })

  it('take time in proportion to their number', () => {
    const many = Array.from({ length: 5_000 }, () => carrying(blob))
    const started = performance.now()
    expect(open(many).parts).toHaveLength(5_000)
    expect(performance.now() - started).toBeLessThan(3_000)
  })
})

describe('sealEvents', () => {
  it.each([false, true])('gives what opens to the same answer (state late: %s)', (late) => {
    const { parts } = sealStream(answer, late)
    expect(open(parts)).toEqual({ parts: answer, losses: [] })
    expect(open(throughChat(parts)).parts).toEqual(open(throughChat(sealParts(answer, client))).parts)
  })

  it('does so for any answer, in order', () => {
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 6 }), fc.boolean(), (generated, late) => {
        const parts = generated.filter(saysSomething).map(forTarget)
        expect(open(sealStream(parts, late).parts).parts).toEqual(parts)
      }),
      { numRuns: 300 },
    )
  })

  it('passes everything untouched when there is nothing to seal', () => {
    const parts = [think('x', { protocol: 'chat', format: 'encrypted', blob: 'b' }), text('y'), call('c')]
    const plain: GatewayEvent[] = []
    eventsOf({ parts }, (event) => plain.push(event))
    expect(sealStream(parts, true).events).toEqual(plain)
  })

  it('shows no state of another protocol in any event', () => {
    for (const late of [false, true]) {
      const { events } = sealStream(answer, late)
      expect(JSON.stringify(events)).not.toContain('"anthropic"')
    }
  })

  it('seals what a final part states, and only once', () => {
    const seal = sealEvents(client)
    const state = signature('final')
    const out = (
      [
        { type: 'part-start', index: 0, part: call('c1', signature('early')) },
        { type: 'part-end', index: 0, part: call('c1', state) },
      ] satisfies GatewayEvent[]
    ).flatMap((event) => seal(event) ?? [])
    const folded = accumulate()
    for (const event of out) folded.push(event)
    expect(open(folded.response().parts).parts).toEqual([call('c1', state)])
  })

  it('begins anew after restart and counts each choice for itself', () => {
    const seal = sealEvents(client)
    const begin: GatewayEvent = { type: 'part-start', index: 0, part: call('c1', signature('s')) }
    const indexes = (events: ReturnType<typeof seal>): number[] =>
      [events ?? []].flat().flatMap((event) => (event.type === 'part-start' ? [event.index] : []))
    expect(indexes(seal(begin))).toEqual([0, 1])
    expect(indexes(seal({ ...begin, choice: 1 }))).toEqual([0, 1])
    seal({ type: 'restart' })
    expect(indexes(seal(begin))).toEqual([0, 1])
  })
})

describe('openTurns', () => {
  const assistant = (...parts: readonly Part[]): Turn => ({ role: 'assistant', parts })
  const user: Turn = { role: 'user', parts: [text('go on')] }
  const openAll = (turns: readonly Turn[]): readonly Turn[] =>
    openTurns(turns, target, () => expect.unreachable('nothing is lost here'))

  it('opens an answer that came back as one item a turn', () => {
    const items = sealParts(answer, client).map((part) => assistant(part))
    const opened = openAll([user, ...items, user])
    expect(opened.flatMap(({ role, parts }) => (role === 'assistant' ? parts : []))).toEqual(answer)
    expect(opened.every(({ parts }) => parts.length > 0)).toBe(true)
    expect([opened.at(0), opened.at(-1)]).toEqual([user, user])
  })

  it('keeps answers apart that stand side by side', () => {
    const first = assistant(...sealParts([call('c1', signature('s1'))], client))
    const second = assistant(...sealParts([text('t'), call('c1', signature('s2'))], client))
    expect(openAll([first, second])).toEqual([
      assistant(call('c1', signature('s1'))),
      assistant(text('t'), call('c1', signature('s2'))),
    ])
  })

  it('returns conversations without state as they are', () => {
    const turns = [user, assistant(text('x')), { role: 'assistant', parts: [] } satisfies Turn]
    expect(openAll(turns)).toBe(turns)
  })
})

/** The generator's state, as if this target had issued all of it; ids so that each call is found. */
function forTarget(part: Part): Part {
  const issued = part.custody && { custody: { ...part.custody, protocol: 'anthropic', issuer: 'claude' } }
  const native = 'native' in part && part.native && { native: { ...part.native, protocol: 'anthropic' } }
  return { ...part, ...issued, ...native } as Part
}

/** An empty text without state is nothing; protocols drop it, and which one of several came back cannot be told. */
function saysSomething(part: Part): boolean {
  return part.type !== 'text' || part.text !== '' || part.custody !== undefined
}
