import { describe, expect, it } from 'vitest'
import type { GatewayEvent, Part } from '../model/index.ts'
import { orderGuard, OrderError } from './order-guard.ts'

const start: GatewayEvent = { type: 'start' }
const end: GatewayEvent = { type: 'end' }
const stop = (choice?: number): GatewayEvent => ({
  type: 'finish',
  finish: { reason: 'stop' },
  ...(choice && { choice }),
})
const part = (
  index: number,
  type: 'text' | 'tool_call' | 'reasoning' = 'text',
  choice?: number,
): GatewayEvent => {
  const parts: { [name in typeof type]: Part } = {
    text: { type: 'text', text: '' },
    tool_call: { type: 'tool_call', kind: 'function', callId: 'c', name: 'f', arguments: '' },
    reasoning: { type: 'reasoning', segments: [] },
  }
  return { type: 'part-start', index, part: parts[type], ...(choice && { choice }) }
}
const close = (index: number, choice?: number): GatewayEvent => ({
  type: 'part-end',
  index,
  ...(choice && { choice }),
})
const text = (index: number): GatewayEvent => ({
  type: 'part-delta',
  index,
  delta: { type: 'text', text: 'x' },
})
const cite = (index: number): GatewayEvent => ({
  type: 'part-delta',
  index,
  delta: { type: 'citation', citation: { kind: 'url', native: { protocol: 'g', value: {} } } },
})
const error: GatewayEvent = {
  type: 'error',
  error: { class: 'upstream_failed', status: 502, message: 'no', retryable: true, source: 'upstream' },
}
const raw: GatewayEvent = { type: 'raw', protocol: 'chat', data: '{}' }
const alive: GatewayEvent = { type: 'keep-alive' }

function check(events: readonly GatewayEvent[]): void {
  const guard = orderGuard()
  for (const event of events) guard.push(event)
  guard.end()
}

describe('orderGuard accepts', () => {
  it.each([
    ['one text', [start, part(0), text(0), close(0), stop(), end]],
    ['no parts at all', [start, stop(), end]],
    ['an answer that is not finished', [start, end]],
    [
      'overlapping parts',
      [start, part(0, 'tool_call'), part(1, 'tool_call'), close(1), close(0), stop(), end],
    ],
    ['two choices', [start, part(0), part(0, 'text', 1), close(0), close(0, 1), stop(1), stop(), end]],
    ['a citation after its part', [start, part(0), close(0), cite(0), stop(), end]],
    [
      'usage after finish',
      [start, stop(), { type: 'usage', usage: { tokens: {}, source: 'upstream', final: true } }, end],
    ],
    ['frames about nothing', [alive, raw, start, part(0), raw, close(0), alive, stop(), end]],
    ['an error before anything', [error]],
    ['an error in the middle', [start, part(0), error]],
    ['the rest of the response after an error', [start, part(0), error, end]],
    ['a restart', [start, part(0), text(0), { type: 'restart' }, start, part(0), close(0), stop(), end]],
  ] satisfies [string, GatewayEvent[]][])('%s', (_name, events) => {
    expect(() => check(events)).not.toThrow()
  })
})

describe('orderGuard refuses', () => {
  it.each([
    ['start comes first', [part(0)]],
    ['start comes first', [end]],
    ['start comes once', [start, start]],
    ['indexes count from 0', [start, part(1)]],
    ['indexes count from 0', [start, part(0), close(0), part(0)]],
    ['deltas stand inside their part', [start, text(0)]],
    ['deltas stand inside their part', [start, part(0), close(0), text(0)]],
    ['deltas stand inside their part', [start, part(0), close(0), stop(), cite(0)]],
    ['deltas suit their part', [start, part(0, 'tool_call'), text(0)]],
    ['deltas suit their part', [start, part(0, 'reasoning'), cite(0)]],
    ['a part ends once', [start, part(0), close(0), close(0)]],
    [
      'a part keeps its type',
      [start, part(0), { type: 'part-end', index: 0, part: { type: 'refusal', text: '' } }],
    ],
    ['finish comes after the parts', [start, part(0), stop()]],
    ['finish comes after the parts', [start, stop(), part(0)]],
    ['finish comes once', [start, stop(), stop()]],
    ['end comes after the parts', [start, part(0), end]],
    ['nothing follows the close', [start, end, raw]],
    ['nothing follows the close', [start, end, error]],
    ['nothing follows the close', [start, error, alive]],
    ['nothing follows the close', [start, error, error]],
    ['nothing follows the close', [start, error, end, end]],
    ['end or error closes', [start, part(0), close(0), stop()]],
    ['end or error closes', []],
  ] satisfies [string, GatewayEvent[]][])('what breaks "%s" (%#)', (rule, events) => {
    expect(() => check(events)).toThrow(OrderError)
    expect(() => check(events)).toThrow(`"${rule}"`)
  })
})
