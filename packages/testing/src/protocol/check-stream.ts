import { expect } from 'vitest'
import type { Frame, GatewayEvent, GenerateResponse, OutputFrame } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { createRandom } from '../random.ts'
import { responseBytes, toWireRequest } from '../fixtures.ts'
import { nonZero } from '../normalise/rules.ts'
import type { ProtocolCheck } from './options.ts'
import { decodeFrames, everyByte, randomCuts, readFrames, sseFrames } from './streams.ts'
import { bodyOf, type Subject } from './subject.ts'

/** Checks about a recorded stream. */
export function streamChecks(subject: Subject): readonly ProtocolCheck[] {
  const { name: group, exchange, protocol, options } = subject
  const client = protocol.client?.codecs.generate
  if (exchange.response.sse === undefined || !client?.streamDecoder || subject.operation !== 'generate')
    return []
  const { rules, reader = sseFrames } = options
  const bytes = responseBytes(exchange.response)
  const decode = (frames: readonly Frame[]): readonly GatewayEvent[] =>
    decodeFrames(client, frames, subject.client())
  const whole = once(() => readFrames(reader, bytes))
  const reference = once(() => JSON.stringify(decode(whole())))

  const sameAt = (cuts: Iterable<number>, how: string): void => {
    const events = JSON.stringify(decode(readFrames(reader, bytes, cuts)))
    if (events !== reference()) expect(JSON.parse(events), how).toEqual(JSON.parse(reference()))
  }

  const checks: ProtocolCheck[] = [
    {
      group,
      name: 'stream: events come in order',
      run: () => checkOrder(decode(whole())),
    },
    {
      group,
      name: 'stream: byte by byte it gives the same events',
      run: () => sameAt(everyByte(bytes.byteLength), 'one byte at a time'),
    },
    {
      group,
      name: 'stream: random splits give the same events',
      run() {
        const random = createRandom(options.seed ?? 1)
        for (let count = 0; count < (options.randomSplits ?? 200); count++) {
          const cuts = randomCuts(bytes.byteLength, random)
          sameAt(cuts, `split at ${cuts.slice(0, 20).join(', ')}`)
        }
      },
    },
    {
      group,
      name: 'stream: usage is what the bytes say',
      run() {
        expect(nonZero(fold(decode(whole())).usage?.tokens ?? {})).toEqual(
          rules.usage(rules.fold(whole())) ?? {},
        )
      },
    },
    {
      group,
      name: 'stream: cut in the middle it ends as truncated',
      run: () => checkCut(whole(), decode),
    },
  ]
  if (bytes.byteLength < (options.everySplitBelow ?? 8_192)) {
    checks.push({
      group,
      name: 'stream: every two-way split gives the same events',
      run() {
        const frames = JSON.stringify(whole())
        for (let cut = 1; cut < bytes.byteLength; cut++) {
          // A decoder sees frames only: equal frames are equal events, which the random splits have shown.
          if (JSON.stringify(readFrames(reader, bytes, [cut])) !== frames) sameAt([cut], `split at ${cut}`)
        }
      },
    })
  }
  if (protocol.server?.codecs.generate?.streamEncoder) {
    checks.push({
      group,
      name: 'stream: decoded and encoded it is the same',
      run() {
        const frames = encodeEvents(subject, decode(whole())).filter((frame) => 'data' in frame)
        expect(rules.response(rules.fold(frames))).toEqual(rules.response(rules.fold(whole())))
        expect(rules.kinds(frames), 'order of frames').toEqual(rules.kinds(whole()))
      },
    })
  }
  const { relay } = protocol.client ?? {}
  if (relay) {
    checks.push({
      group,
      name: 'stream: the tap reads what the decoder reads',
      run() {
        const tap = relay.tap(toWireRequest(exchange.request ?? { method: 'POST', path: '/', body: {} }))
        const frames = rules.first(whole())
        for (const frame of frames) if (tap.wants(frame.data)) tap.frame(frame)
        compareTap(tap.result(), decode(frames))
      },
    })
  }
  return checks
}

/** Checks about relaying: the tap over a whole body, and the splices. */
export function relayChecks(subject: Subject): readonly ProtocolCheck[] {
  const { name: group, exchange, protocol } = subject
  const { relay, codecs } = protocol.client ?? {}
  const body = bodyOf(exchange.response.json)
  const client = codecs?.generate
  if (!relay || !client || !body || exchange.response.status >= 400 || subject.operation !== 'generate')
    return []
  return [
    {
      group,
      name: 'response: the tap reads what the decoder reads',
      run() {
        const tap = relay.tap(toWireRequest(exchange.request ?? { method: 'POST', path: '/', body: {} }))
        tap.body(body)
        const { usage, finish } = client.decodeResponse(body, subject.client())
        const seen = tap.result()
        expect(nonZero(seen.usage?.tokens ?? {})).toEqual(nonZero(usage?.tokens ?? {}))
        expect(seen.finish?.reason).toEqual(finish?.reason)
      },
    },
  ]
}

/** Frames that the server end makes of events. */
export function encodeEvents(subject: Subject, events: readonly GatewayEvent[]): readonly OutputFrame[] {
  const context = subject.server()
  const encoder = subject.protocol.server?.codecs.generate?.streamEncoder?.(context)
  if (!encoder) throw new Error('The protocol has no stream encoder.')
  const frames: OutputFrame[] = []
  for (const event of events) encoder.push(event, (frame) => frames.push(frame))
  context.expectNoLoss()
  return frames
}

function compareTap(
  seen: {
    readonly usage?: GenerateResponse['usage']
    readonly finish?: GenerateResponse['finish']
    readonly complete: boolean
  },
  events: readonly GatewayEvent[],
): void {
  const folded = fold(events)
  expect(nonZero(seen.usage?.tokens ?? {})).toEqual(nonZero(folded.usage?.tokens ?? {}))
  expect(seen.finish?.reason).toEqual(folded.finish?.reason)
  expect(seen.complete, 'whether the last frame was seen').toBe(events.some(({ type }) => type === 'end'))
}

function checkOrder(events: readonly GatewayEvent[]): void {
  const guard = orderGuard()
  for (const event of events) guard.push(event)
  guard.end()
}

/** After the first frame with output, when more output was to follow, nothing can be taken for an end. */
function checkCut(
  frames: readonly Frame[],
  decode: (frames: readonly Frame[]) => readonly GatewayEvent[],
): void {
  const withOutput = (count: number): number =>
    decode(frames.slice(0, count)).filter(({ type }) => type === 'part-start' || type === 'part-delta').length
  const all = withOutput(frames.length)
  let first = 1
  while (first < frames.length && withOutput(first) === 0) first++
  if (withOutput(first) === all) return
  const events = decode(frames.slice(0, first))
  checkOrder(events)
  const last = events.findLast(({ type }) => type === 'error' || type === 'end')
  expect(last?.type === 'error' && last.error.class, 'class of the closing error').toBe('upstream_truncated')
}

function fold(events: readonly GatewayEvent[]): GenerateResponse {
  const folded = accumulate()
  for (const event of events) folded.push(event)
  return folded.response()
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
