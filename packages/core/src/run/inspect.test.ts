import { expect, it } from 'vitest'
import type { Provider } from '../contract/index.ts'
import { protocol, runtimeOf, speaking } from './fake.test-support.ts'
import { inspectRuntime } from './inspect.ts'

const direct = (name: string): Provider => ({ name, cancelStopsBilling: true, generate: () => {} })

const runtime = runtimeOf({
  protocols: [protocol('c', { relay: true }), protocol('a')],
  providers: { one: speaking('c'), two: speaking('a'), own: direct },
  models: {
    plain: { to: ['one/x', 'two/y'] },
    echoed: { to: 'one/x', echo: 'asked' },
    hooked: { to: 'one/x' },
    made: { to: 'own/x' },
  },
  groups: { all: { models: ['*'] }, few: { models: ['plain'], to: ['two'] } },
  hooks: { 'transform.event': { order: 'post', filter: { model: 'hooked' }, handler: () => undefined } },
})
const routes = inspectRuntime(runtime).routes
const find = (model: string, client: string, provider: string): unknown =>
  routes.find((route) => route.model === model && route.client === client && route.provider === provider)

it('tells of each way whether bytes pass, and why not', () => {
  expect(find('plain', 'c', 'one')).toEqual({
    model: 'plain',
    client: 'c',
    provider: 'one',
    targetModel: 'x',
    upstream: 'c',
    relays: true,
    groups: ['all'],
  })
  expect(find('plain', 'c', 'two')).toMatchObject({
    relays: false,
    upstream: 'a',
    note: 'converted',
    groups: ['all', 'few'],
  })
  expect(find('plain', 'a', 'two')).toMatchObject({ relays: false, note: 'converted' })
  expect(find('echoed', 'c', 'one')).toMatchObject({
    relays: false,
    note: expect.stringMatching(/asked/) as string,
  })
  expect(find('hooked', 'c', 'one')).toMatchObject({
    relays: false,
    note: expect.stringMatching(/hooks of config/) as string,
  })
  expect(find('made', 'c', 'own')).toMatchObject({ relays: false, note: 'converted', upstream: 'c' })
  expect(routes).toHaveLength(10)
})

it('lists hooks of every moment in run order', () => {
  const { hooks } = inspectRuntime(runtime)
  expect(hooks.map(({ moment }) => moment)).toEqual([
    'auth',
    'route',
    'bill.reserve',
    'transform.request',
    'transform.event',
    'bill.observe',
    'route.outcome',
    'bill.settle',
    'log',
  ])
  expect(hooks.find(({ moment }) => moment === 'transform.event')?.order).toEqual([
    { plugin: 'config', enforce: 'normal', order: 'post', filter: { model: 'hooked' } },
  ])
})
