import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { loadFixtures } from '@gantry/testing'
import { isReported, leavesOf, outboundOf, type Leaf } from './leaves.ts'
import { carry, probes } from './losses.ts'
import { type Wire, wires } from './reading.ts'
import { requestsOf } from './recorded.ts'
import { askIn } from './asking.ts'

/**
 * Words of a wire's own grammar: they say which shape a thing has, and another wire has other words for the same. What
 * they shape is a leaf of its own.
 */
const grammar: ReadonlySet<string> = new Set([
  'type',
  'role',
  'model',
  'stream',
  'object',
  'status',
  'strict',
])

/** Ids of items belong to the wire that made them; calls and results are paired by ids of their own. */
const ownIds = /^\/input\/\d+\/id$/

/** Fields that another wire says with a word of its own, or does anyway, by value. */
const defaults: readonly (readonly [RegExp, readonly unknown[]])[] = [
  // State comes without being asked for, or is reported as not to be had.
  [/\/include\/\d+$/, ['reasoning.encrypted_content']],
  // A wish of its own on one wire, an entry of `include` on the other.
  [/\/include\/\d+$/, ['message.output_text.logprobs']],
  [/\/logprobs$/, [true]],
  // Whatever the other wire shows by itself.
  [/\/reasoning\/summary$/, ['auto']],
  // A summary is asked for, or is not; hosts without a word for it show what they show.
  [/\/thinking\/display$/, ['summarized', 'omitted']],
  // A router's switch; the effort beside it says the same.
  [/\/reasoning\/enabled$/, [true]],
  [/\/stream_options\/include_usage$/, [true, false]],
  [/\/tool_choice(\/type|\/mode)?$/, ['auto', 'none', 'any', 'required', 'tool', 'function']],
  [/\/parallel_tool_calls$/, [true, false]],
  [/\/disable_parallel_tool_use$/, [true, false]],
  [/\/store$/, [false]],
  [/\/(n)$/, [1]],
]

const corpus = (wire: Wire): readonly (readonly [string, JsonObject])[] => {
  const { body } = askIn(wire, 'model', false)
  return [
    ...requestsOf(wire, loadFixtures(new URL(`../fixtures/${folders[wire]}`, import.meta.url))),
    ...Object.entries(probes[wire]).map(([name, more]) => [name, { ...body, ...more }] as const),
  ]
}

const folders: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'anthropic',
}

describe.each(wires)('every leaf of a request of %s', (from) => {
  const others = wires.filter((to) => to !== from)

  it.each(others)('is in the one for %s, or in the account of losses', (to) => {
    const missing: string[] = []
    for (const [name, body] of corpus(from)) {
      const carried = carry(from, to, body)
      // Without a memory there is nothing to continue; with one, its items are here.
      if (carried.refused !== undefined || body['previous_response_id'] !== undefined) continue
      const outbound = outboundOf(carried.body)
      for (const leaf of leavesOf(body)) {
        if (isGrammar(leaf) || outbound.has(leaf) || isReported(leaf, carried.losses)) continue
        missing.push(`${name}: ${leaf.pointer} = ${JSON.stringify(leaf.value).slice(0, 80)}`)
      }
    }
    expect(missing).toEqual([])
  })
})

function isGrammar({ pointer, key, value }: Leaf): boolean {
  if (grammar.has(key) || ownIds.test(pointer)) return true
  return defaults.some(([pattern, values]) => pattern.test(pointer) && values.includes(value))
}
