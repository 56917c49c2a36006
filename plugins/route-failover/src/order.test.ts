import type { PlannedTarget, Target } from '@gantry/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '@gantry/testing'
import { nameOf, target } from './fake.test-support.ts'
import { orderTargets } from './order.ts'

function plan(name: string, weight: number, priority: number): PlannedTarget {
  const [provider = '', model = ''] = name.split('/')
  return { provider, model, weight, priority, explicit: false }
}

function order(
  targets: readonly Target[],
  planned: readonly PlannedTarget[],
  random: () => number,
): readonly string[] {
  return orderTargets(targets, planned, random).map((one) => nameOf(one.target))
}

describe('orderTargets', () => {
  test('priorities are strict, whatever the dice say', () => {
    const planned = [plan('b/m', 100, 1), plan('a/m', 1, 0), plan('c/m', 1, 2)]
    for (let seed = 0; seed < 50; seed++) {
      expect(order(['b/m', 'c/m', 'a/m'].map(target), planned, createRandom(seed).next)).toEqual([
        'a/m',
        'b/m',
        'c/m',
      ])
    }
  })

  test('weights divide the first attempts', () => {
    const planned = [plan('a/m', 3, 0), plan('b/m', 1, 0)]
    const random = createRandom(7).next
    const firsts = Array.from({ length: 20_000 }, () => order(['a/m', 'b/m'].map(target), planned, random)[0])
    const share = firsts.filter((one) => one === 'a/m').length / firsts.length
    expect(share).toBeGreaterThan(0.735)
    expect(share).toBeLessThan(0.765)
  })

  test('weight 0 is never first while another is there', () => {
    const planned = [plan('a/m', 0, 0), plan('b/m', 1, 0)]
    for (let seed = 0; seed < 200; seed++) {
      expect(order(['a/m', 'b/m'].map(target), planned, createRandom(seed).next)).toEqual(['b/m', 'a/m'])
    }
  })

  test('the third credential of a target waits for the second target', () => {
    const planned = [plan('a/m', 1, 0), plan('b/m', 1, 1)]
    const names = order(
      ['a/m#0', 'a/m#1', 'a/m#2', 'a/m#3', 'b/m'].map(target),
      planned,
      createRandom(1).next,
    )
    expect(names.indexOf('b/m')).toBe(2)
  })

  test('credentials share the first attempts evenly', () => {
    const random = createRandom(3).next
    const firsts = Array.from(
      { length: 9000 },
      () => order(['a/m#0', 'a/m#1', 'a/m#2'].map(target), [plan('a/m', 1, 0)], random)[0],
    )
    for (const name of ['a/m#0', 'a/m#1', 'a/m#2']) {
      const count = firsts.filter((one) => one === name).length
      expect(count).toBeGreaterThan(2800)
      expect(count).toBeLessThan(3200)
    }
  })

  test('loses and invents nothing, and the same dice give the same order', () => {
    const name = fc.constantFrom('a/m', 'b/m', 'c/m', 'd/x', 'a/m#1', 'a/m#2')
    const planned = fc.array(
      fc.record({
        name,
        weight: fc.constantFrom(0, 0.5, 1, 1000),
        priority: fc.integer({ min: -2, max: 2 }),
      }),
    )
    fc.assert(
      fc.property(fc.uniqueArray(name), planned, fc.integer(), (names, plans, seed) => {
        const targets = names.map(target)
        const all = plans.map((one) => plan(one.name.split('#')[0] ?? '', one.weight, one.priority))
        const once = order(targets, all, createRandom(seed).next)
        expect(once.toSorted()).toEqual(names.toSorted())
        expect(order(targets, all, createRandom(seed).next)).toEqual(once)
      }),
    )
  })

  test('dice that show 0, 1 or nonsense do no harm', () => {
    for (const value of [0, 1, 2, -1]) {
      expect(order(['a/m', 'b/m'].map(target), [], () => value).toSorted()).toEqual(['a/m', 'b/m'])
    }
  })
})
