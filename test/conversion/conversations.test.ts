import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GenerateRequest, JsonObject, LoweredTools, Target, WireRequest } from '@gantry/core'
import { objectToArguments, openTurns, parseJsonLossless, stringifyLossless } from '@gantry/core/codec'
import { askIn } from './asking.ts'
import { protocols } from './losses.ts'
import { type Wire, wires } from './reading.ts'
import { type Talk, talks, writeTalk } from './talk.ts'
import { type Atom, readTalk } from './talk-reading.ts'

const pairs = wires.flatMap((from) => wires.filter((to) => to !== from).map((to) => ({ from, to })))

/** A model of each wire that takes everything its wire has. */
const targets: { readonly [wire in Wire]: Target } = {
  'openai-chat': { provider: 'p', protocol: 'openai-chat', model: 'm' },
  'openai-responses': { provider: 'p', protocol: 'openai-responses', model: 'm' },
  'anthropic-messages': {
    provider: 'p',
    protocol: 'anthropic-messages',
    model: 'claude-sonnet-4-5',
    maxOutputTokens: 1000,
  },
}

function decode(wire: Wire, body: JsonObject): GenerateRequest {
  const { path, headers } = askIn(wire, 'm', false)
  const text = stringifyLossless(body)
  const request: WireRequest = {
    method: 'POST',
    path,
    params: {},
    headers: new Headers(headers),
    body: new TextEncoder().encode(text),
    json: () => parseJsonLossless(text) as JsonObject,
  }
  return protocols[wire].server!.codecs.generate!.decodeRequest(request)
}

/** A body of one wire as another carries it, between two ends of a network. */
function carried(from: Wire, to: Wire, body: JsonObject): { body: JsonObject; lowered: LoweredTools } {
  const context = { target: targets[to], report: () => {} }
  const request = decode(from, body)
  const turns = openTurns(request.turns, targets[to], context.report)
  const made = protocols[to].client!.codecs.generate!.encodeRequest({ ...request, turns }, context)
  return { ...raw(made.body), lowered: made.lowered ?? {} }
}

/** The body as a reader gets it, with numbers that a double cannot hold. */
function raw(body: JsonObject): { body: JsonObject } {
  return { body: parseJsonLossless(stringifyLossless(body)) as JsonObject }
}

/** What each wire takes for a call's id and a tool's name. */
const rules: { readonly [wire in Wire]: { readonly id: RegExp; readonly name: RegExp } } = {
  'openai-chat': { id: /^[\x21-\x7e]{1,64}$/, name: /^[a-zA-Z0-9_-]{1,64}$/ },
  'openai-responses': { id: /^[\x21-\x7e]{1,64}$/, name: /^[a-zA-Z0-9_-]{1,64}$/ },
  'anthropic-messages': { id: /^[a-zA-Z0-9_-]+$/, name: /^[a-zA-Z0-9_-]{1,128}$/ },
}

/** Calls by number instead of by id, results of one round in the order of their calls, neighbouring results likewise. */
function shapeOf(atoms: readonly Atom[]): readonly unknown[] {
  const numbers = new Map<string, number>()
  const shape: { at: number; what: unknown }[] = []
  for (const atom of atoms) {
    if (atom.is === 'call') {
      numbers.set(atom.id, numbers.size)
      shape.push({ at: -1, what: ['call', numbers.get(atom.id)] })
    } else if (atom.is === 'result') {
      shape.push({
        at: numbers.get(atom.id) ?? -2,
        what: ['result', numbers.get(atom.id), said(atom)],
      })
    } else shape.push({ at: -1, what: atom })
  }
  // One wire wants results in the order of the calls; it is the pairing that counts.
  const sorted: unknown[] = []
  for (let index = 0; index < shape.length;) {
    let end = index
    while (end < shape.length && shape[end]!.at >= 0) end++
    if (end === index) sorted.push(shape[index++]!.what)
    else {
      sorted.push(
        ...shape
          .slice(index, end)
          .toSorted((a, b) => a.at - b.at)
          .map(({ what }) => what),
      )
      index = end
    }
  }
  return sorted
}

/** What a result says; two wires say in words that it is an error. */
function said({ text, isError }: Atom & { is: 'result' }): string {
  if (!isError) return text
  return `Error: ${text === '' ? 'the tool call failed.' : text}`
}

const callsIn = (atoms: readonly Atom[]): readonly (Atom & { is: 'call' })[] =>
  atoms.filter((atom) => atom.is === 'call')

/** The one that each of a list became; fails where one became two, or two one. */
function mapping(before: readonly string[], after: readonly string[]): ReadonlyMap<string, string> {
  expect(after.length).toBe(before.length)
  const map = new Map<string, string>()
  before.forEach((one, index) => {
    const other = after[index]!
    expect(map.get(one) ?? other).toBe(other)
    map.set(one, other)
  })
  expect(new Set(map.values()).size).toBe(map.size)
  return map
}

/** Whether a wire writes arguments as text. */
const writesText = (wire: Wire): boolean => wire !== 'anthropic-messages'

/** What arguments become on a wire that has them as an object, and from there as text again. */
function asValue(written: string): unknown {
  if (written.trim() === '') return {}
  try {
    return parseJsonLossless(written)
  } catch {
    return written
  }
}

/** Checks one conversation on its way from one wire to another and back. */
function check(from: Wire, to: Wire, talk: Talk): void {
  const body = writeTalk(from, talk)
  const there = carried(from, to, body)
  const back = carried(to, from, there.body)
  expect(carried(from, to, body), 'the same again').toEqual(there)

  const [before, between, after] = [
    readTalk(from, raw(body).body),
    readTalk(to, there.body),
    readTalk(from, back.body),
  ]
  expect(shapeOf(between.atoms)).toEqual(shapeOf(before.atoms))
  expect(shapeOf(after.atoms)).toEqual(shapeOf(before.atoms))

  const [asked, carriedCalls, returned] = [before, between, after].map(({ atoms }) => callsIn(atoms)) as [
    readonly (Atom & { is: 'call' })[],
    readonly (Atom & { is: 'call' })[],
    readonly (Atom & { is: 'call' })[],
  ]
  const idsOf = (calls: readonly { id: string }[]): readonly string[] => calls.map(({ id }) => id)
  mapping(idsOf(asked), idsOf(carriedCalls))
  mapping(idsOf(carriedCalls), idsOf(returned))
  for (const { id } of carriedCalls) expect(id).toMatch(rules[to].id)
  for (const one of asked.filter(({ id }) => rules[to].id.test(id) && id.length <= 40)) {
    expect(carriedCalls[asked.indexOf(one)]?.id, 'an id that fits is kept').toBe(one.id)
  }

  const names = mapping(before.tools, between.tools)
  for (const [name, wireName] of names) {
    expect(wireName).toMatch(rules[to].name)
    // The answer's call of it is given back under the name that was declared.
    expect(there.lowered[wireName]?.name ?? wireName).toBe(name)
  }
  expect(carriedCalls.map(({ name }) => name)).toEqual(asked.map(({ name }) => names.get(name)))
  mapping(between.tools, after.tools)

  asked.forEach(({ arguments: written }, index) => {
    const [onTheWay, home] = [carriedCalls[index]!.arguments, returned[index]!.arguments]
    if (writesText(from) && writesText(to)) {
      expect([onTheWay, home]).toEqual([written, written])
      return
    }
    const value = asValue(written)
    expect(asValue(home), written).toEqual(value)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      expect(asValue(onTheWay)).toEqual(value)
    } else expect(objectToArguments(parseJsonLossless(onTheWay) as JsonObject)).toBe(written)
  })
}

describe.each(pairs)('a conversation from $from to $to and back', ({ from, to }) => {
  it('keeps texts, pictures, calls, results, their pairs and their order', () => {
    fc.assert(
      fc.property(talks, (talk) => check(from, to, talk)),
      { numRuns: 150, includeErrorInReport: true },
    )
  })

  it('keeps a hundred parallel calls', () => {
    const calls = Array.from({ length: 100 }, (_, index) => ({
      id: `functions.Bash:${index}`,
      name: index % 2 ? 'files.read' : 'x'.repeat(90),
      arguments: `{"index": ${index}}`,
    }))
    const results = calls
      .toReversed()
      .map(({ id }, index) => ({ id, text: `result ${index}`, isError: false }))
    check(from, to, {
      tools: ['files.read', 'x'.repeat(90)],
      rounds: [
        { user: [{ text: 'go' }], calls, results },
        { user: [{ text: 'and now' }], calls: [], results: [] },
      ],
    })
  })
})
