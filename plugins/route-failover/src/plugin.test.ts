import fc from 'fast-check'
import { bootNotes, type ErrorClass } from '@gantry/core'
import { describe, expect, test } from 'vitest'
import { createRandom } from '@gantry/testing'
import { boot, target, upstream } from './fake.test-support.ts'
import { mostRemembered } from './health.ts'
import { createHealth } from './health.ts'
import { routeFailover } from './plugin.ts'

const models = { m: { to: ['a/m', 'b/m', 'c/m'] as const } }
const three = ['a/m', 'b/m', 'c/m'].map(target)

/** A gateway with a clock that only the test moves. */
async function start(options: Parameters<typeof routeFailover>[0] = {}): Promise<{
  readonly clock: { at: number }
  readonly request: Awaited<ReturnType<typeof boot>>
}> {
  const clock = { at: 1_000_000 }
  const plugin = routeFailover({ random: createRandom(1).next, now: () => clock.at, ...options })
  return { clock, request: await boot(plugin, models, { vip: { models: ['*'], to: ['b', 'c'] } }) }
}

describe('route', () => {
  test('keeps the order of the list and says why', async () => {
    const { request } = await start()
    const { order, whys } = await request('m', three.toReversed()).route()
    expect(order).toEqual(['a/m', 'b/m', 'c/m'])
    expect(whys).toEqual(['priority 0', 'priority 1', 'priority 2'])
  })

  test('leaves out what the group excludes', async () => {
    const { request } = await start()
    const { order, dropped } = await request('m', three, { group: 'vip' }).route()
    expect(order).toEqual(['b/m', 'c/m'])
    expect(dropped).toEqual({ 'a/m': 'not a provider of the group "vip"' })
  })

  test('a refused credential stays out for its time, the others of its provider do not', async () => {
    const { clock, request } = await start()
    const two = ['a/m#0', 'a/m#1'].map(target)
    const first = request('m', two)
    const { order } = await first.route()
    expect(first.attempt({ error: upstream('authentication') })).toBe('next')
    const { order: after, dropped } = await request('m', two).route()
    expect(after).toEqual([order[1]])
    expect(dropped).toEqual({ [order[0] ?? '']: 'credential refused: authentication; out for 600 s more' })
    clock.at += 600_000
    expect((await request('m', two).route()).order).toHaveLength(2)
  })

  test.each<ErrorClass>(['authentication', 'insufficient_funds'])(
    '%s is about the credential for all models',
    async (name) => {
      const { request } = await start()
      const one = request('m', [target('a/m'), target('b/m')])
      await one.route()
      one.attempt({ error: upstream(name) })
      expect((await request('m', [target('a/other'), target('b/m')]).route()).order).toEqual(['b/m'])
    },
  )

  test('a 403 is about one model', async () => {
    const { request } = await start()
    const one = request('m', [target('a/m'), target('b/m')])
    await one.route()
    one.attempt({ error: upstream('permission') })
    expect((await request('m', [target('a/other'), target('b/m')]).route()).order).toContain('a/other')
    expect((await request('m', [target('a/m'), target('b/m')]).route()).order).toEqual(['b/m'])
  })

  test('a rate limit lasts as long as the upstream says', async () => {
    const { clock, request } = await start()
    const one = request('m', three)
    await one.route()
    expect(one.attempt({ error: upstream('rate_limited', { retryAfterMs: 30_000 }) })).toBe('next')
    clock.at += 29_999
    expect((await request('m', three).route()).order).toEqual(['b/m', 'c/m'])
    clock.at += 1
    expect((await request('m', three).route()).order).toEqual(['a/m', 'b/m', 'c/m'])
  })

  test('an upstream cannot ask for a year', async () => {
    const { clock, request } = await start()
    const one = request('m', three)
    await one.route()
    one.attempt({ error: upstream('rate_limited', { retryAfterMs: 3e10 }) })
    clock.at += 600_000
    expect((await request('m', three).route()).order).toHaveLength(3)
  })

  test('a breaker opens at the threshold, doubles when it fails right again, and a success closes it', async () => {
    const { clock, request } = await start()
    const fail = async (): Promise<void> => {
      const one = request('m', [target('a/m')])
      await one.route()
      one.attempt({ error: upstream('overloaded') })
    }
    const isOut = async (): Promise<boolean> => !(await request('m', three).route()).order.includes('a/m')
    await fail()
    await fail()
    expect(await isOut()).toBe(false)
    await fail()
    expect(await isOut()).toBe(true)
    clock.at += 10_000
    expect(await isOut()).toBe(false)
    await fail()
    clock.at += 19_999
    expect(await isOut()).toBe(true)
    clock.at += 1
    expect(await isOut()).toBe(false)
    const well = request('m', [target('a/m')])
    await well.route()
    expect(well.attempt()).toBeUndefined()
    await fail()
    await fail()
    expect(await isOut()).toBe(false)
  })

  test('a long answer that began before the trouble does not end it', async () => {
    const { clock, request } = await start()
    const long = request('m', [target('a/m')])
    await long.route()
    const other = request('m', three)
    await other.route()
    other.attempt({ error: upstream('rate_limited', { retryAfterMs: 60_000 }) })
    clock.at += 5000
    long.attempt({ ms: 30_000 })
    expect((await request('m', three).route()).order).toEqual(['b/m', 'c/m'])
    const fresh = request('m', [target('a/m')])
    await fresh.route()
    fresh.attempt({ ms: 1000 })
    expect((await request('m', three).route()).order).toHaveLength(3)
  })

  test('a client that leaves before the first byte proves nothing', async () => {
    const { request } = await start()
    const failing = request('m', three)
    await failing.route()
    failing.attempt({ error: upstream('rate_limited') })
    const left = request('m', [target('a/m')])
    await left.route()
    left.attempt({ committed: false, ms: 0 })
    expect((await request('m', three).route()).order).toEqual(['b/m', 'c/m'])
  })

  test('when all are cooling down, the one that is soonest back is tried', async () => {
    const { request } = await start()
    for (const [name, retryAfterMs] of [
      ['a/m', 50_000],
      ['b/m', 20_000],
      ['c/m', 40_000],
    ] as const) {
      const one = request('m', [target(name)])
      await one.route()
      one.attempt({ error: upstream('rate_limited', { retryAfterMs }) })
    }
    const { order, whys } = await request('m', three).route()
    expect(order).toEqual(['b/m'])
    expect(whys[0]).toContain('nothing else is left')
  })

  test('never empties a list that had something in it, and never adds to one', async () => {
    const names = fc.uniqueArray(fc.constantFrom('a/m#0', 'a/m#1', 'b/m', 'c/m'), { minLength: 1 })
    const step = fc.record({
      names,
      error: fc.constantFrom<ErrorClass | undefined>(
        'authentication',
        'rate_limited',
        'overloaded',
        'permission',
        'timeout',
        undefined,
      ),
      wait: fc.constantFrom(0, 1000, 100_000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, request } = await start()
        for (const { names: given, error, wait } of steps) {
          const one = request('m', given.map(target))
          const { order, dropped } = await one.route()
          expect(order.length).toBeGreaterThan(0)
          expect([...order, ...Object.keys(dropped)].toSorted()).toEqual(given.toSorted())
          one.attempt(error ? { error: upstream(error) } : {})
          clock.at += wait
        }
      }),
    )
  })
})

describe('route.outcome', () => {
  test.each<ErrorClass>([
    'invalid_request',
    'context_length',
    'too_large',
    'content_policy',
    'not_found',
    'conflict',
    'cancelled',
  ])('%s stops: another target would say the same', async (name) => {
    const { request } = await start()
    const one = request('m', three)
    await one.route()
    expect(one.attempt({ error: upstream(name) })).toBe('stop')
    expect((await request('m', three).route()).order).toHaveLength(3)
  })

  test('stops after three attempts, or as many as configured', async () => {
    const overloaded = { error: upstream('overloaded') }
    const usual = (await start()).request('m', [...three, target('d/m')])
    await usual.route()
    expect([usual.attempt(overloaded), usual.attempt(overloaded), usual.attempt(overloaded)]).toEqual([
      'next',
      'next',
      'stop',
    ])
    const single = (await start({ attempts: 1 })).request('m', three)
    await single.route()
    expect(single.attempt(overloaded)).toBe('stop')
  })

  test('stops once the client has seen a byte', async () => {
    const one = (await start()).request('m', three)
    await one.route()
    expect(one.attempt({ committed: true, error: upstream('upstream_truncated') })).toBe('stop')
  })

  test('the last target is tried again once, and only when nothing was sent', async () => {
    const unsent = { error: upstream('upstream_failed'), sent: false }
    const { request } = await start()
    const one = request('m', three.slice(0, 2))
    await one.route()
    expect([one.attempt(unsent), one.attempt(unsent), one.attempt(unsent)]).toEqual(['next', 'retry', 'stop'])
    const alone = request('m', three.slice(0, 1))
    await alone.route()
    expect([alone.attempt(unsent), alone.attempt(unsent)]).toEqual(['retry', 'next'])
    const sent = request('m', three.slice(1, 2))
    await sent.route()
    expect(sent.attempt({ error: upstream('timeout'), sent: true })).toBe('next')
  })

  test("the gateway's own trouble says nothing about a target", async () => {
    const { request } = await start({ failureThreshold: 1 })
    const one = request('m', three)
    await one.route()
    expect(one.attempt({ error: upstream('internal', { source: 'gateway' }) })).toBeUndefined()
    const two = request('m', three)
    await two.route()
    expect(two.attempt({ error: upstream('unsupported', { source: 'gateway' }) })).toBeUndefined()
    expect((await request('m', three).route()).order).toHaveLength(3)
  })
})

describe('the instance', () => {
  test('remembers a bounded number of things', () => {
    const options = {
      attempts: 3,
      credentialCooldownMs: 1,
      rateLimitCooldownMs: 1,
      failureThreshold: 1,
      failureCooldownMs: 1,
      maxCooldownMs: 1,
    }
    const health = createHealth({ ...options, random: () => 0, now: () => 0 })
    for (let index = 0; index < mostRemembered + 500; index++) {
      health.learn(target(`a/${index}`), { committed: false, ms: 1, error: upstream('overloaded') })
    }
    expect(health.size).toBe(mostRemembered)
  })

  test('two instances do not share what they know', async () => {
    const one = await start()
    const failing = one.request('m', three)
    await failing.route()
    failing.attempt({ error: upstream('authentication') })
    expect((await (await start()).request('m', three).route()).order).toHaveLength(3)
  })

  test('wrong options are named', () => {
    const problems = (options: object): readonly string[] =>
      bootNotes(routeFailover(options)).problems.map((problem) => problem.path ?? '')
    expect(problems({ attempts: 0 })).toEqual(['route-failover.attempts'])
    expect(problems({ random: 1 })).toEqual(['route-failover.random'])
    expect(problems({ atempts: 1 })).toEqual(['route-failover'])
    expect(problems({})).toEqual([])
  })
})
