import type { GatewayEvent, JsonObject, Loss, Part, Target } from '@gantry/core'
import { eventsOf, openParts, sealEvents, sealParts } from '@gantry/core/codec'
import { describe, expect, test } from 'vitest'
import { encodeRequest } from './client/encode-request.ts'
import { readRaw, foldRaw } from './independent.fixture.ts'
import { protocol } from './protocol.ts'
import { serverContext, targetOf, wireOf } from './recorded.fixture.ts'
import { decodeRequest } from './server/decode-request.ts'
import { encodeResponse } from './server/encode-response.ts'
import { streamEncoder } from './server/stream-encoder.ts'

/** What an Anthropic upstream answered: thinking, a search of its own, text, more thinking, a call. */
const state = (blob: string): NonNullable<Part['custody']> => ({
  protocol: 'anthropic-messages',
  issuer: 'claude',
  format: 'signature',
  blob,
})
const native = { protocol: 'anthropic-messages', value: { type: 'server_tool_use', id: 's1' } }
const parts: readonly Part[] = [
  { type: 'reasoning', segments: [{ kind: 'text', text: 'First.' }], custody: state('sig+1/=') },
  {
    type: 'server_tool_call',
    tool: 'web_search',
    callId: 's1',
    name: 'web_search',
    arguments: '{"q":"x"}',
    native,
  },
  { type: 'text', text: 'Found it.' },
  { type: 'reasoning', segments: [{ kind: 'text', text: 'Second.' }], custody: state('sig2') },
  { type: 'tool_call', kind: 'function', callId: 'toolu_1', name: 'f', arguments: '{"a":1}' },
]
const claude: Target = { provider: 'claude', protocol: 'anthropic-messages', model: 'c' }

/** What a client that keeps all fields sends back. */
const replay = (message: JsonObject, target: Target): { parts: readonly Part[]; losses: readonly Loss[] } => {
  const { turns } = decodeRequest(
    wireOf({
      messages: [
        { role: 'user', content: 'hi' },
        message,
        { role: 'tool', tool_call_id: 'toolu_1', content: 'ok' },
      ],
    }),
  )
  const losses: Loss[] = []
  return { parts: openParts(turns[1]?.parts ?? [], target, (loss) => losses.push(loss)), losses }
}
const plain = (list: readonly Part[]): unknown =>
  JSON.parse(JSON.stringify(list, (key, value: unknown) => (key === 'at' ? undefined : value)))

describe("another protocol's state survives a chat client", () => {
  const whole = encodeResponse(
    { parts: sealParts(parts, protocol), finish: { reason: 'tool_calls' } },
    serverContext(),
  )
  const message = ((whole['choices'] as JsonObject[])[0]?.['message'] ?? {}) as JsonObject

  const frames: string[] = []
  const encoder = streamEncoder(serverContext())
  const seal = sealEvents(protocol)
  eventsOf({ parts, finish: { reason: 'tool_calls' } }, (event) => {
    const sealed = seal(event)
    const list: readonly GatewayEvent[] = sealed === null ? [] : 'type' in sealed ? [sealed] : sealed
    for (const one of list) encoder.push(one, (frame) => 'data' in frame && frames.push(frame.data))
  })
  const folded = foldRaw(frames)
  const streamed = ((folded['choices'] as JsonObject[])[0]?.['message'] ?? {}) as JsonObject
  const chosen = (folded: JsonObject): JsonObject => ({
    role: 'assistant',
    content: folded['content'],
    reasoning_content: folded['reasoning_content'],
    reasoning_details: folded['reasoning_details'],
    tool_calls: (folded['tool_calls'] as JsonObject[]).map((call) => ({ type: 'function', ...call })),
  })

  test('the client sees text, thinking and the call', () => {
    for (const seen of [readRaw(whole), readRaw(folded)]) {
      expect(seen).toMatchObject({
        text: 'Found it.',
        reasoning: 'First.\n\nSecond.',
        calls: [{ name: 'f', arguments: '{"a":1}' }],
        finish: 'tool_calls',
      })
    }
    const details = message['reasoning_details'] as JsonObject[]
    expect(details.map(({ type, format, index }) => [type, format, index])).toEqual(
      [0, 1, 2].map((index) => ['reasoning.encrypted', 'gantry-v1', index]),
    )
    expect(details.every(({ data }) => String(data).startsWith('gantry1.'))).toBe(true)
  })

  test.each([
    ['whole', message],
    ['streamed', chosen(streamed)],
  ])('%s: its issuer gets it back exact', (_name, sent) => {
    const back = replay(sent, claude)
    expect(back.losses).toEqual([])
    expect(plain(back.parts)).toEqual(plain(parts))
  })

  test('another upstream gets what the client saw, and the loss has a name', () => {
    const back = replay(message, targetOf('m'))
    expect(back.losses.map(({ what }) => what).toSorted()).toEqual([
      'custody.signature',
      'custody.signature',
      'part.server_tool_call',
    ])
    const { body } = encodeRequest(
      { model: 'm', stream: false, turns: [{ role: 'assistant', parts: back.parts }] },
      { target: targetOf('m'), report: () => {} },
    )
    expect(JSON.stringify(body)).not.toContain('gantry1.')
  })
})
