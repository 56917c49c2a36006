import { createServer } from 'node:net'
import { GatewayError, defineKey, type AnyPlugin, type GatewayEvent, type HookMap } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { failingChecks } from '../suite/check.ts'
import type { PluginSuiteOptions } from './options.ts'
import { pluginChecks, testPlugin } from './suite.ts'

const mark = defineKey<string>('testing.mark')

/** A plugin with a hook at every moment: sound, with one thing changed. */
function sound(change: Partial<AnyPlugin> = {}, hooks: HookMap = {}): AnyPlugin {
  return {
    name: 'sound',
    writes: [mark],
    check: ({ groups }) =>
      groups['bad'] ? [{ code: 'BAD', severity: 'error', path: 'groups.bad', message: 'is bad' }] : [],
    hooks: {
      auth(context) {
        if (context.wire.headers.get('x-bad')) throw new GatewayError({ class: 'permission', message: 'no' })
        context.set(mark, 'seen')
      },
      route: ({ targets }) => void targets.push(...targets.splice(0, 1)),
      'bill.reserve': async () => {},
      'transform.request': { filter: { operation: 'generate' }, handler: () => {} },
      'transform.event': () => (event) => event,
      'bill.observe': () => {},
      'route.outcome': () => undefined,
      'bill.settle': async () => {},
      log: { order: 'post', handler: () => {} },
      ...hooks,
    },
    ...change,
  }
}

const suite = (create: () => AnyPlugin): PluginSuiteOptions => ({
  create,
  refuses: [{ moment: 'auth', request: { headers: { 'x-bad': '1' } }, class: 'permission' }],
  wrong: [[{ groups: { bad: { models: [] } } }, 'groups.bad']],
})

testPlugin(
  'with every hook',
  suite(() => sound()),
)

const passes = 'it lets a plain request pass, in time, and answers what its moment may answer'
const left = 'it ends when the client has left: with an answer, or an error'
const hooks = 'its hooks are hooks, with an order and filters that core knows'
const keys = 'what it reads and writes are keys, and what it provides has names'
const config = 'it has a name, accepts its options, and finds nothing wrong with its config'
const closes = 'it can be closed without a setup, twice, and set up again'
const ends = 'its close ends everything that its setup began'
const written = 'what they write is in `writes`, and what auth promises is there after it'
const gateway = 'a plain request is answered, whole and streamed'

/** Hooks that break their type, as JavaScript lets them. */
const untyped = (broken: { readonly [moment: string]: unknown }): HookMap => broken as HookMap

describe('a broken plugin fails the suite', () => {
  it.each<[string, () => AnyPlugin, string]>([
    ['has no name', () => sound({ name: '' }), config],
    [
      'finds good configs wrong',
      () => sound({ check: () => [{ code: 'X', severity: 'error', path: 'x', message: 'no' }] }),
      config,
    ],
    ['finds bad configs good', () => sound({ check: () => [] }), 'its check finds groups.bad wrong'],
    ['has a hook that is none', () => sound({}, untyped({ 'bill.refund': () => {} })), hooks],
    ['filters by nothing', () => sound({}, { log: { filter: { model: [] }, handler: () => {} } }), hooks],
    [
      'has an order of its own',
      () => sound({}, untyped({ log: { order: 'first', handler: () => {} } })),
      hooks,
    ],
    ['has keys of its own', () => sound({ writes: [{ id: Symbol('mark'), name: 'mark' }] }), keys],
    [
      'provides what has no name',
      () => sound({ provides: { pricing: [{ name: '', apply: (lines) => lines }] } }),
      keys,
    ],
    [
      'closes once',
      () => {
        let closed = false
        return sound({
          close: () => {
            if (closed) throw new Error('closed')
            closed = true
          },
        })
      },
      closes,
    ],
    [
      'counts on its setup',
      () => {
        let open: { end(): void } | undefined
        return sound({
          setup: () => {
            open = { end() {} }
          },
          close: () => open!.end(),
        })
      },
      closes,
    ],
    ['leaves a timer', () => sound({ setup: () => void timers.push(setInterval(() => {}, 1e6)) }), ends],
    [
      'leaves a port',
      () =>
        sound({
          setup: () =>
            new Promise<void>((resolve) => servers.push(createServer().listen(0, '127.0.0.1', resolve))),
        }),
      ends,
    ],
    ['promises what it does not write', () => sound({}, { auth: () => {} }), written],
    ['writes without a word', () => sound({ writes: [] }), written],
    [
      'refuses everybody',
      () =>
        sound(
          {},
          {
            auth: () => {
              throw new GatewayError({ class: 'permission', message: 'no' })
            },
          },
        ),
      passes,
    ],
    [
      'lets the refused pass',
      () => sound({}, { auth: (context) => context.set(mark, '') }),
      'it refuses request 1 as permission',
    ],
    ['hangs', () => sound({}, { route: () => new Promise(() => {}) }), passes],
    [
      'hangs when nobody waits',
      () => sound({}, { route: ({ signal }) => (signal.aborted ? new Promise(() => {}) : undefined) }),
      left,
    ],
    [
      'throws what is no error',
      () =>
        sound(
          {},
          {
            route: ({ signal }) => {
              if (signal.aborted) throw String('gone')
            },
          },
        ),
      left,
    ],
    ['answers a status', () => sound({}, untyped({ 'bill.reserve': () => 402 })), passes],
    [
      'answers later where nobody waits',
      () => sound({}, untyped({ 'bill.observe': async () => 'stop' })),
      passes,
    ],
    ['decides something else', () => sound({}, untyped({ 'route.outcome': () => 'again' })), passes],
    [
      'writes into the request',
      () => sound({}, { 'transform.request': ({ request }) => void Object.assign(request, { model: 'x' }) }),
      passes,
    ],
    [
      'transforms later',
      () => sound({}, untyped({ 'transform.event': () => async (event: GatewayEvent) => event })),
      passes,
    ],
    [
      'swallows the end',
      () => sound({}, { 'transform.event': () => (event) => (event.type === 'end' ? null : event) }),
      passes,
    ],
    [
      'writes into events',
      () => sound({}, { 'transform.event': () => (event) => Object.assign(event, { seen: true }) }),
      passes,
    ],
    [
      'fails in a gateway',
      () =>
        sound(
          {},
          {
            auth: (context) => {
              if (context.id !== 'req_captured') throw new Error('no')
              context.set(mark, '')
            },
          },
        ),
      gateway,
    ],
    [
      'cannot live after a failure',
      () => {
        let failed = false
        return sound(
          {},
          {
            log: ({ outcome }) => void (failed ||= outcome !== 'completed'),
            route: () => {
              if (failed) throw new Error('no')
            },
          },
        )
      },
      "another plugin's route throws: one end for that request, nothing for the next",
    ],
  ])('one that %s', async (_, create, expected) => {
    const failing = await failingChecks(pluginChecks(suite(create)).filter(({ name }) => name === expected))
    for (const timer of timers.splice(0)) clearInterval(timer)
    for (const server of servers.splice(0)) server.close()
    expect(failing).toContain(expected)
  })
})

const timers: NodeJS.Timeout[] = []
const servers: ReturnType<typeof createServer>[] = []
