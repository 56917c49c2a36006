import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Usage } from '../model/index.ts'
import { RequestContext } from './context.ts'
import { addUsage, boundOf, isCredible, observedUsage } from './estimate.ts'
import { usageOf } from './settle.ts'
import { emptyWire } from './wire-request.ts'

function context(): RequestContext {
  const made = new RequestContext({
    id: 'req_1',
    signal: new AbortController().signal,
    protocol: 'p',
    operation: 'generate',
    wire: emptyWire('/x'),
    receivedAt: new Date(0),
  })
  made.source = {
    decode: () => ({ model: 'm', stream: true, turns: [] }),
    bound: () => ({ inputTokens: 100, stream: true }),
    subrequest: () => Promise.reject(new Error('not here')),
  }
  return made
}

const upstream: Usage = { tokens: { input: 7, output: 3 }, source: 'upstream', final: true }

it('believes a completed answer, explicit zeros included', () => {
  expect(usageOf(context(), { outcome: 'completed', outputBytes: 90, usage: upstream })).toEqual(upstream)
  const zero: Usage = { tokens: { input: 0, output: 0 }, source: 'upstream', final: true }
  expect(usageOf(context(), { outcome: 'completed', outputBytes: 90, usage: zero })).toEqual(zero)
})

it('estimates a completed answer that reported nothing, or what cannot be true', () => {
  expect(usageOf(context(), { outcome: 'completed', outputBytes: 35 })).toEqual({
    tokens: { input: 100, output: 10 },
    source: 'estimated',
    final: true,
  })
  const absurd: Usage = { tokens: { input: -1, output: 3 }, source: 'upstream', final: true }
  const settled = usageOf(context(), { outcome: 'completed', outputBytes: 35, usage: absurd })
  expect(settled).toMatchObject({ tokens: { input: 100, output: 10 }, source: 'estimated' })
  expect(settled.suspect).toBeDefined()
})

it('never turns a request of which nothing was delivered into a full prompt', () => {
  for (const outcome of ['failed', 'aborted'] as const) {
    expect(usageOf(context(), { outcome, outputBytes: 0 })).toEqual({
      tokens: {},
      source: 'none',
      final: true,
    })
  }
})

it('counts what was delivered when an answer was cut', () => {
  expect(usageOf(context(), { outcome: 'aborted', outputBytes: 35 })).toMatchObject({
    tokens: { input: 100, output: 10 },
    source: 'observed',
  })
  const started: Usage = { tokens: { input: 50, output: 1 }, source: 'upstream', final: false }
  expect(usageOf(context(), { outcome: 'failed', outputBytes: 35, usage: started })).toMatchObject({
    tokens: { input: 50, output: 10 },
    source: 'observed',
  })
})

it('accepts only whole numbers that are not negative', () => {
  fc.assert(
    fc.property(fc.double(), (count) => {
      const usage: Usage = { tokens: { input: count }, source: 'upstream', final: true }
      const bound = { inputTokens: Number.MAX_SAFE_INTEGER, stream: false }
      expect(isCredible(usage, bound)).toBe(Number.isSafeInteger(count) && count >= 0)
    }),
  )
})

it.each<[string, Partial<Usage>, boolean]>([
  ['the longest answer a vendor gives', { tokens: { output: 128_000 } }, true],
  ['a long chain of thought', { tokens: { output: 4000, reasoning: 400_000 } }, true],
  ['more than any model writes', { tokens: { output: 5_000_000 } }, false],
  ['a helper of its own', { tokens: {}, nested: [{ model: 'h', tokens: { input: 9000 } }] }, true],
  [
    'a helper that used nothing like it',
    { tokens: {}, nested: [{ model: 'h', tokens: { input: 1e12 } }] },
    false,
  ],
  ['a helper that gives back', { tokens: {}, nested: [{ model: 'h', tokens: { output: -5 } }] }, false],
  ['some searches', { tokens: {}, units: { web_search: 3 } }, true],
  ['half a search', { tokens: {}, units: { web_search: 0.5 } }, false],
  ['a search that gives back', { tokens: {}, units: { web_search: -1 } }, false],
])('where no limit was named, %s', (_, said, credible) => {
  const usage: Usage = { tokens: {}, source: 'upstream', final: true, ...said }
  expect(isCredible(usage, { inputTokens: 100, stream: true })).toBe(credible)
})

it('believes as many answers as were asked for', () => {
  const usage: Usage = { tokens: { output: 5_000_000 }, source: 'upstream', final: true }
  expect(isCredible(usage, { inputTokens: 100, stream: true, choices: 8 })).toBe(true)
})

it('adds bucket by bucket', () => {
  expect(addUsage(upstream, observedUsage(1, 7, 'observed'))).toEqual({
    tokens: { input: 8, output: 5 },
    source: 'observed',
    final: true,
  })
})

it('says how many answers a request wants, also where it names no limit', () => {
  const request = { model: 'm', stream: false, turns: [] }
  expect(boundOf(request)).not.toHaveProperty('choices')
  expect(boundOf({ ...request, sampling: { count: 8 } })).toMatchObject({ choices: 8 })
  expect(boundOf({ ...request, maxOutputTokens: 10, sampling: { count: 8 } })).toMatchObject({
    maxOutputTokens: 80,
    choices: 8,
  })
})
