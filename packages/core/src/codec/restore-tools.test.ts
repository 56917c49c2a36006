import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoweredTools } from '../contract/index.ts'
import type { GatewayEvent, GenerateResponse, Part } from '../model/index.ts'
import { accumulate } from './accumulate.ts'
import { eventsOf } from './events-of.ts'
import { restoreTools } from './restore-tools.ts'
import { unwrapInput } from './unwrap.ts'

const lowered: LoweredTools = {
  shop__list: { kind: 'function', name: 'list', namespace: 'shop' },
  apply_patch: { kind: 'custom', name: 'apply_patch' },
  tool_search: { kind: 'hosted', name: 'tool_search' },
}

function call(name: string, args: string): Part {
  return { type: 'tool_call', kind: 'function', callId: 'call_1', name, arguments: args }
}

function run(events: readonly GatewayEvent[]): { events: GatewayEvent[]; response: GenerateResponse } {
  const restore = restoreTools(lowered)
  const accumulator = accumulate()
  const out: GatewayEvent[] = []
  for (const event of events) {
    const result = restore(event)
    if (result) out.push(...(Array.isArray(result) ? (result as GatewayEvent[]) : [result as GatewayEvent]))
  }
  for (const event of out) accumulator.push(event)
  return { events: out, response: accumulator.response() }
}

function whole(part: Part): Part | undefined {
  const events: GatewayEvent[] = []
  eventsOf({ parts: [part] }, (event) => events.push(event))
  return run(events).response.parts[0]
}

function streamed(name: string, pieces: readonly string[], final?: Part): Part | undefined {
  return run([
    { type: 'start' },
    { type: 'part-start', index: 0, part: call(name, '') },
    ...pieces.map((text): GatewayEvent => ({
      type: 'part-delta',
      index: 0,
      delta: { type: 'arguments', text },
    })),
    { type: 'part-end', index: 0, ...(final && { part: final }) },
    { type: 'end' },
  ]).response.parts[0]
}

describe('restoreTools', () => {
  it('gives name, namespace and kind back', () => {
    expect(whole(call('shop__list', '{"a":1}'))).toEqual({
      ...call('list', '{"a":1}'),
      namespace: 'shop',
    })
    expect(whole(call('tool_search', '{"query":"x"}'))).toMatchObject({
      kind: 'hosted',
      arguments: '{"query":"x"}',
    })
  })

  it('leaves other tools alone, also those named like something every object has', () => {
    for (const name of ['other', 'constructor', '__proto__', 'toString']) {
      expect(whole(call(name, '{"input":"x"}'))).toEqual(call(name, '{"input":"x"}'))
    }
  })

  it('unwraps freeform arguments', () => {
    const patch = '*** Begin Patch\n+ "quoted" \\ back\u2028 \u0000 😀\n'
    expect(whole(call('apply_patch', JSON.stringify({ input: patch })))).toEqual({
      ...call('apply_patch', patch),
      kind: 'custom',
    })
  })

  it('restores the part that the upstream states at the end', () => {
    const args = JSON.stringify({ input: 'a\nb' })
    expect(streamed('apply_patch', [args], call('apply_patch', args))).toEqual({
      ...call('apply_patch', 'a\nb'),
      kind: 'custom',
    })
    expect(streamed('shop__list', ['{}'], call('shop__list', '{}'))).toMatchObject({
      name: 'list',
      namespace: 'shop',
    })
  })

  it('restores calls that overlap, each with its own state', () => {
    const { response } = run([
      { type: 'start' },
      { type: 'part-start', index: 0, part: call('apply_patch', '') },
      { type: 'part-start', index: 1, part: call('apply_patch', '{"in') },
      { type: 'part-delta', index: 0, delta: { type: 'arguments', text: '{"input":"le' } },
      { type: 'part-delta', index: 1, delta: { type: 'arguments', text: 'put":"right"}' } },
      { type: 'part-delta', index: 0, delta: { type: 'arguments', text: 'ft"}' } },
      { type: 'part-end', index: 1 },
      { type: 'part-end', index: 0 },
      { type: 'end' },
    ])
    expect(response.parts.map((part) => part.type === 'tool_call' && part.arguments)).toEqual([
      'left',
      'right',
    ])
  })

  it('gives text out as it arrives, not at the end', () => {
    const { events } = run([
      { type: 'start' },
      { type: 'part-start', index: 0, part: call('apply_patch', '') },
      { type: 'part-delta', index: 0, delta: { type: 'arguments', text: '{"input":"begin' } },
    ])
    expect(events.at(-1)).toEqual({
      type: 'part-delta',
      index: 0,
      delta: { type: 'arguments', text: 'begin' },
    })
  })

  it.each([
    '{"input":"plain"}',
    '{ "input" :\n"spaced" }',
    '{"input":"\\u00e9\\ud83d\\ude00\\n\\"\\\\\\/"}',
    '{"input":"😀 raw"}',
    '{"input":""}',
    '{"input":"first","more":1}',
    '{"more":1,"input":"second"}',
    '{"in\\u0070ut":"escaped key"}',
    '{"patch":"other key"}',
    '{"input":7}',
    '{"input":"cut',
    '"just a string"',
    'no JSON at all',
    '{}',
    '',
  ])('gives the same for %s wherever it is cut', (text) => {
    const expected = streamed('apply_patch', [text])
    for (let cut = 0; cut <= text.length; cut++) {
      expect(streamed('apply_patch', [text.slice(0, cut), text.slice(cut)])).toEqual(expected)
    }
    expect(streamed('apply_patch', text.split(''))).toEqual(expected)
  })

  it('gives back every string that was wrapped, cut in any pieces, and never half a surrogate pair', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(30)), fc.boolean(), (input, cuts, ascii) => {
        const json = JSON.stringify({ input })
        const wire = ascii
          ? json.replaceAll(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : json
        const unwrapper = unwrapInput()
        const out: string[] = []
        let at = 0
        for (const cut of [...cuts, wire.length]) {
          out.push(unwrapper.push(wire.slice(at, at + cut)))
          at += cut
        }
        out.push(unwrapper.end())
        expect(out.join('')).toBe(input)
        for (const piece of out) expect(piece.isWellFormed()).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('takes two megabytes byte by byte in time', () => {
    const text = JSON.stringify({ input: 'line \n'.repeat(300_000) })
    const unwrapper = unwrapInput()
    const started = performance.now()
    let length = 0
    for (const char of text) length += unwrapper.push(char).length
    expect(length + unwrapper.end().length).toBe(1_800_000)
    expect(performance.now() - started).toBeLessThan(4_000)
  })
})
