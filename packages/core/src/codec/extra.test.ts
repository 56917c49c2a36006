import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/index.ts'
import { collectExtra, extraMerger, mergeExtra } from './extra.ts'
import { escapePointerStep, pointerSteps, pointerTo } from './pointer.ts'

describe('collectExtra', () => {
  it('gives the fields nobody modelled, null among them', () => {
    expect(collectExtra({ model: 'm', seed: null, user: 'u' }, new Set(['model']))).toEqual({
      seed: null,
      user: 'u',
    })
  })

  it('is undefined when everything is known', () => {
    expect(collectExtra({ model: 'm', gone: undefined }, new Set(['model']))).toBeUndefined()
  })

  it('keeps keys that name prototypes as data', () => {
    const extra = collectExtra(JSON.parse('{"__proto__":{"x":1}}') as JsonObject, new Set())
    expect(JSON.stringify(extra)).toBe('{"__proto__":{"x":1}}')
    expect(Object.getPrototypeOf(extra)).toBe(Object.prototype)
  })
})

describe('mergeExtra and extraMerger', () => {
  it('merge key by key, the later one wins', () => {
    const earlier = { chat: { a: 1, b: 1 }, gemini: { g: 1 } }
    const later = { chat: { b: 2 }, anthropic: { c: 3 } }
    const expected = { chat: { a: 1, b: 2 }, gemini: { g: 1 }, anthropic: { c: 3 } }
    const merger = extraMerger()
    merger.add(earlier)
    merger.add(undefined)
    merger.add(later)
    expect(mergeExtra(earlier, later)).toEqual(expected)
    expect(merger.value()).toEqual(expected)
    expect(mergeExtra(undefined, later)).toBe(later)
    expect(extraMerger().value()).toBeUndefined()
  })

  it('merges prototype names as data', () => {
    const evil = { chat: JSON.parse('{"__proto__":{"x":1}}') as JsonObject }
    expect(JSON.stringify(mergeExtra({ chat: { a: 1 } }, evil))).toBe('{"chat":{"a":1,"__proto__":{"x":1}}}')
  })

  it('takes a note of its own with each of fifty thousand deltas', () => {
    const merger = extraMerger()
    const started = performance.now()
    for (let count = 0; count < 50_000; count++) merger.add({ chat: { [`key${count}`]: count } })
    expect(Object.keys(merger.value()?.['chat'] ?? {}).length).toBe(50_000)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('pointers', () => {
  it('escape and unescape', () => {
    expect(escapePointerStep('a/b~c')).toBe('a~1b~0c')
    expect(pointerTo('/messages', 0, 'a/b')).toBe('/messages/0/a~1b')
    expect(pointerSteps('/messages/0/a~1b~01')).toEqual(['messages', '0', 'a/b~1'])
    expect(pointerSteps('')).toEqual([])
    expect(pointerSteps(pointerTo('', '', 'x'))).toEqual(['', 'x'])
  })
})
