import { expect, it } from 'vitest'
import type { AnyPlugin, Hooks } from '../contract/index.ts'
import { compileHooks, matches } from './compile.ts'
import { orderHooks } from './order.ts'

const nothing: Hooks['log'] = () => {}

function plugin(name: string, rest: Partial<AnyPlugin>): AnyPlugin {
  return { name, ...rest }
}

it('orders by enforce, then order, then place in the config', () => {
  const table = orderHooks([
    plugin('a', { hooks: { log: nothing } }),
    plugin('b', { hooks: { log: { order: 'post', handler: nothing } } }),
    plugin('c', { hooks: { log: { order: 'pre', handler: nothing } } }),
    plugin('d', { enforce: 'post', hooks: { log: { order: 'pre', handler: nothing } } }),
    plugin('e', { enforce: 'pre', hooks: { log: { order: 'post', handler: nothing } } }),
    plugin('f', { hooks: { log: nothing } }),
  ])
  expect(table.log.map((hook) => hook.plugin)).toEqual(['e', 'c', 'a', 'f', 'b', 'd'])
})

it('compiles an empty list to undefined', () => {
  const hooks = compileHooks(orderHooks([plugin('a', { hooks: { log: nothing } })]))
  expect(hooks.of('auth', { protocol: 'p', operation: 'generate' })).toBeUndefined()
  expect(hooks.of('log', { protocol: 'p', operation: 'generate' })).toHaveLength(1)
})

it('keeps the lists of two routes apart', () => {
  const hooks = compileHooks(
    orderHooks([
      plugin('one', { hooks: { log: { filter: { model: 'm-1' }, handler: nothing } } }),
      plugin('all', { hooks: { log: nothing } }),
    ]),
  )
  const names = (model: string): string[] | undefined =>
    hooks.of('log', { protocol: 'p', operation: 'generate', model })?.map((hook) => hook.plugin)
  expect(names('m-1')).toEqual(['one', 'all'])
  expect(names('m-2')).toEqual(['all'])
  expect(names('m-1')).toEqual(['one', 'all'])
})

it('filters by exact string, pattern and list; what is unknown matches nothing that asks', () => {
  const subject = { protocol: 'openai-chat', operation: 'generate', provider: 'x', model: 'gpt-5' } as const
  expect(matches({ protocol: 'openai-chat' }, subject)).toBe(true)
  expect(matches({ protocol: 'openai' }, subject)).toBe(false)
  expect(matches({ model: /^gpt/ }, subject)).toBe(true)
  expect(matches({ model: ['a', /5$/] }, subject)).toBe(true)
  expect(matches({ model: ['a', 'b'] }, subject)).toBe(false)
  expect(matches({ operation: ['embed', 'generate'] }, subject)).toBe(true)
  expect(matches({ operation: 'embed' }, subject)).toBe(false)
  expect(matches({ provider: 'x' }, { protocol: 'openai-chat', operation: 'generate' })).toBe(false)
})

it('is not fooled by a pattern that remembers where it stopped', () => {
  const filter = { model: /gpt/g }
  const subject = { protocol: 'p', operation: 'generate', model: 'gpt' } as const
  expect([matches(filter, subject), matches(filter, subject), matches(filter, subject)]).toEqual([
    true,
    true,
    true,
  ])
})
