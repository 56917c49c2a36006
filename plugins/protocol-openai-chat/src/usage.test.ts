import type { Usage } from '@gantry/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeUsage, encodeUsage } from './usage.ts'

test('no counts is no report', () => {
  expect(decodeUsage({}, true)).toBeUndefined()
  expect(decodeUsage({ prompt_tokens: null }, true)).toBeUndefined()
})

test('xAI counts reasoning on top, and its total says so', () => {
  const tokens = decodeUsage(
    {
      prompt_tokens: 12,
      completion_tokens: 2,
      total_tokens: 334,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 320 },
    },
    true,
  )
  expect(tokens).toMatchObject({ tokens: { input: 10, cache_read: 2, output: 2, reasoning: 320 } })
  expect(tokens?.suspect).toBeUndefined()
})

test.each([
  [
    'more cached than prompt',
    { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } },
    { input: 0, cache_read: 9, output: 1 },
  ],
  [
    'more reasoning than completion',
    { prompt_tokens: 5, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 9 } },
    { input: 5, output: 0, reasoning: 9 },
  ],
  ['a negative count', { prompt_tokens: -5, completion_tokens: 1 }, { input: 0, output: 1 }],
  ['a fraction', { prompt_tokens: 1.5, completion_tokens: 1 }, { input: 0, output: 1 }],
  [
    'a total that does not add up',
    { prompt_tokens: 5, completion_tokens: 1, total_tokens: 60 },
    { input: 5, output: 1 },
  ],
  ['only a total', { total_tokens: 6 }, { input: 0, output: 0 }],
])('%s is suspect', (_name, value, tokens) => {
  const usage = decodeUsage(value, true)
  expect(usage?.tokens).toEqual(tokens)
  expect(usage?.suspect).toBeTruthy()
})

test('the native object goes out only while it says the same', () => {
  const value = {
    prompt_tokens: 10,
    completion_tokens: 4,
    total_tokens: 14,
    cost: 0.1,
    prompt_cache_hit_tokens: 3,
    prompt_cache_miss_tokens: 7,
  }
  const usage = decodeUsage(value, true)
  expect(usage && encodeUsage(usage)).toBe(value)
  expect(usage && encodeUsage({ ...usage, tokens: { input: 1, cache_read: 1, output: 1 } })).toMatchObject({
    prompt_tokens: 2,
    completion_tokens: 1,
    total_tokens: 3,
    cost: 0.1,
    prompt_cache_hit_tokens: 1,
    prompt_cache_miss_tokens: 1,
    prompt_tokens_details: { cached_tokens: 1 },
  })
})

test('buckets of any protocol survive the way over the wire in their sums', () => {
  const count = fc.nat({ max: 1_000_000 })
  const buckets = fc.record({
    input: count,
    cache_read: count,
    cache_write: count,
    input_audio: count,
    output: count,
    reasoning: count,
    output_audio: count,
    output_image: count,
  })
  fc.assert(
    fc.property(buckets, (tokens) => {
      const usage: Usage = { tokens, source: 'upstream', final: true }
      const back = decodeUsage(encodeUsage(usage), true)
      expect({ ...zero, ...back?.tokens }).toEqual(tokens)
      expect(back?.suspect).toBeUndefined()
    }),
  )
})

const zero = { cache_read: 0, cache_write: 0, input_audio: 0, reasoning: 0, output_audio: 0, output_image: 0 }
