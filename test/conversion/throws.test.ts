import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  GatewayError,
  type GatewayEvent,
  type GenerateRequest,
  type JsonObject,
  type ServerContext,
  type Target,
  type WireRequest,
} from '@gantry/core'
import { openTurns } from '@gantry/core/codec'
import { loadFixtures, toWireRequest } from '@gantry/testing'
import { askIn } from './asking.ts'
import { probes, protocols } from './losses.ts'
import { mutated, mutations } from './mutate.ts'
import { type Wire, wires } from './reading.ts'
import { answersOf, requestsOf } from './recorded.ts'
import { framesIn } from './strict-frames.ts'
import { talks, writeTalk } from './talk.ts'

const folders: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'anthropic',
}
const capturesOf = (wire: Wire): ReturnType<typeof loadFixtures> =>
  loadFixtures(new URL(`../fixtures/${folders[wire]}`, import.meta.url))

const targetOf = (wire: Wire): Target => ({
  provider: 'p',
  protocol: wire,
  model: 'claude-sonnet-4-5',
  maxOutputTokens: 64_000,
})

function wireOf(wire: Wire, body: JsonObject): WireRequest {
  const { path, headers } = askIn(wire, 'm', false)
  return toWireRequest({ method: 'POST', path, headers, body })
}

/** Runs something that may refuse what it was given: with an error of ours, of a class that is not our own fault. */
function mayRefuse<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (thrown) {
    if (!GatewayError.is(thrown)) throw thrown
    expect(thrown.data.class, thrown.message).not.toBe('internal')
    return undefined
  }
}

/** Carries a request to every wire. */
function carryAll(from: Wire, body: JsonObject): void {
  const request = mayRefuse(() => protocols[from].server!.codecs.generate!.decodeRequest(wireOf(from, body)))
  if (!request) return
  for (const to of wires) {
    const target = targetOf(to)
    mayRefuse(() => {
      const turns = openTurns(request.turns, target, () => {})
      protocols[to].client!.codecs.generate!.encodeRequest(
        { ...request, turns },
        { target, report: () => {} },
      )
    })
  }
}

describe.each(wires)('whatever a client of %s sends', (from) => {
  const { body } = askIn(from, 'm', false)
  const corpus: readonly JsonObject[] = [
    ...Object.values(probes[from]).map((more) => ({ ...body, ...more })),
    ...requestsOf(from, capturesOf(from)).map(([, recorded]) => recorded),
  ]

  it('is carried or refused as a conversation with something wrong in it', () => {
    fc.assert(
      fc.property(talks, mutations, (talk, changes) =>
        carryAll(from, mutated(writeTalk(from, talk), changes)),
      ),
      { numRuns: 400, includeErrorInReport: true },
    )
  })

  it('is carried where a tool with a name to be changed is declared twice', () => {
    const tool = 'files.read'
    const talk = { tools: [tool, tool], rounds: [{ user: [{ text: 'hi' }], calls: [], results: [] }] }
    expect(() => carryAll(from, writeTalk(from, talk))).not.toThrow()
  })

  it('is carried or refused as a request of a feature or a recording, with something wrong in it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus), mutations, (one, changes) =>
        carryAll(from, mutated(one, changes)),
      ),
      { numRuns: 1500, includeErrorInReport: true },
    )
  })
})

describe.each(wires)('whatever a host of %s answers', (from) => {
  const answers = answersOf(from, capturesOf(from))
  const whole = answers.filter(({ stream }) => !stream).map(({ bytes }) => JSON.parse(bytes) as JsonObject)
  const streams = answers.filter(({ stream }) => stream).map(({ bytes }) => framesIn(bytes))
  const client = protocols[from].client!.codecs.generate!
  const context = { target: targetOf(from), report: () => {} }
  const asked = (to: Wire): ServerContext<'generate'> => {
    const wire = wireOf(to, askIn(to, 'm', true).body)
    const request: GenerateRequest = protocols[to].server!.codecs.generate!.decodeRequest(wire)
    return { wire, request, requestId: 'req_1', report: () => {} }
  }

  it('is told to every client or refused, whole', () => {
    fc.assert(
      fc.property(fc.constantFrom(...whole), mutations, (one, changes) => {
        const response = mayRefuse(() => client.decodeResponse(mutated(one, changes), context))
        if (!response) return
        for (const to of wires)
          mayRefuse(() => protocols[to].server!.codecs.generate!.encodeResponse(response, asked(to)))
      }),
      { numRuns: 600, includeErrorInReport: true },
    )
  })

  it('is told to every client or refused, as a stream', () => {
    fc.assert(
      fc.property(fc.constantFrom(...streams), fc.nat(), mutations, (frames, at, changes) => {
        const decoder = client.streamDecoder!(context)
        const events: GatewayEvent[] = []
        const emit = (event: GatewayEvent): void => void events.push(event)
        mayRefuse(() => {
          frames.slice(0, 200).forEach((frame, index) => {
            const isHere = index === at % Math.min(frames.length, 200) && frame.data !== '[DONE]'
            const data = isHere
              ? JSON.stringify(mutated(JSON.parse(frame.data) as JsonObject, changes))
              : frame.data
            decoder.push({ ...frame, data }, emit)
          })
          decoder.end(emit)
        })
        for (const to of wires) {
          const encoder = protocols[to].server!.codecs.generate!.streamEncoder!(asked(to))
          mayRefuse(() => events.forEach((event) => encoder.push(event, () => {})))
        }
      }),
      { numRuns: 600, includeErrorInReport: true },
    )
  })
})
