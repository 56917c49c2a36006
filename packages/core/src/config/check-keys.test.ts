import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyPlugin, HookMap, KeyRef } from '../contract/index.ts'
import { defineKey } from '../keys.ts'
import { checkKeys, hookNames } from './check-keys.ts'

const a: KeyRef = defineKey('a')
const b: KeyRef = defineKey('b')

function plugin(name: string, hooks: readonly (keyof HookMap)[], rest: Partial<AnyPlugin> = {}): AnyPlugin {
  return { name, hooks: Object.fromEntries(hooks.map((hook) => [hook, () => {}])), ...rest }
}

function codesOf(plugins: readonly AnyPlugin[]): readonly string[] {
  const codes: string[] = []
  checkKeys(plugins, ({ code, path }) => codes.push(`${code} ${path}`))
  return codes
}

describe('checkKeys', () => {
  test('a key that nobody writes is an error with the nearest written one', () => {
    const problems: unknown[] = []
    const near = defineKey('acount')
    checkKeys(
      [plugin('r', ['log'], { reads: [near] }), plugin('w', ['auth'], { writes: [defineKey('account')] })],
      (one) => problems.push(one),
    )
    expect(problems).toMatchObject([
      {
        code: 'MISSING_KEY_WRITER',
        path: 'plugins.r',
        fix: 'Install a plugin that writes it. Did you mean "account"?',
      },
    ])
  })

  test('the place in the list does not matter across moments', () => {
    expect(codesOf([plugin('r', ['route'], { reads: [a] }), plugin('w', ['auth'], { writes: [a] })])).toEqual(
      [],
    )
  })

  test('within a moment the writer has to come first, by place, order or enforce', () => {
    const reader = plugin('r', ['route'], { reads: [a] })
    const writer = plugin('w', ['route'], { writes: [a] })
    expect(codesOf([writer, reader])).toEqual([])
    expect(codesOf([reader, writer])).toEqual(['LATE_KEY_WRITER plugins.r'])
    expect(codesOf([reader, { ...writer, enforce: 'pre' }])).toEqual([])
    expect(codesOf([writer, { ...reader, enforce: 'pre' }])).toEqual(['LATE_KEY_WRITER plugins.r'])
    const early: AnyPlugin = { ...writer, hooks: { route: { order: 'pre', handler: () => {} } } }
    expect(codesOf([reader, early])).toEqual([])
  })

  test('one writer in time is enough', () => {
    const reader = plugin('r', ['route'], { reads: [a] })
    const late = plugin('w', ['log'], { writes: [a] })
    expect(codesOf([reader, late])).toEqual(['LATE_KEY_WRITER plugins.r'])
    expect(codesOf([reader, late, plugin('auth', ['auth'], { writes: [a] })])).toEqual([])
  })

  test('a reader with a hook late enough, or without hooks, is not accused', () => {
    const writer = plugin('w', ['bill.settle'], { writes: [a] })
    expect(codesOf([plugin('r', ['auth', 'log'], { reads: [a] }), writer])).toEqual([])
    expect(codesOf([plugin('pricing', [], { reads: [a] }), writer])).toEqual([])
  })

  test('two that wait for each other in one moment are a cycle, not an order problem', () => {
    const one = plugin('one', ['route'], { reads: [a], writes: [b] })
    const two = plugin('two', ['route'], { reads: [b], writes: [a] })
    expect(codesOf([one, two])).toEqual(['CYCLIC_KEYS plugins.one'])
    const across = plugin('across', ['auth', 'log'], { reads: [b], writes: [a] })
    expect(codesOf([across, one])).toEqual([])
  })

  test('a plugin may read what it writes', () => {
    expect(codesOf([plugin('self', ['route'], { reads: [a], writes: [a] })])).toEqual([])
  })

  test('what is written in an earlier moment than it is read is never accused, in any order of plugins', () => {
    const moment = fc.nat({ max: hookNames.length - 1 })
    fc.assert(
      fc.property(moment, moment, fc.boolean(), (left, right, swap) => {
        fc.pre(left !== right)
        const writer = plugin('w', [hookNames[Math.min(left, right)] ?? 'auth'], { writes: [a] })
        const reader = plugin('r', [hookNames[Math.max(left, right)] ?? 'log'], { reads: [a] })
        return codesOf(swap ? [reader, writer] : [writer, reader]).length === 0
      }),
    )
  })
})
