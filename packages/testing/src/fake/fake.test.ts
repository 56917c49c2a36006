import { afterEach, describe, expect, it } from 'vitest'
import { defineKey } from '@gantry/core'
import { createFakeClock, type FakeClock } from './clock.ts'
import { captureContext } from './context.ts'
import { createCaptureLogger } from './logger.ts'

let clock: FakeClock | undefined
afterEach(() => clock?.close())

describe.each([
  ['injected', false],
  ['global', true],
])('createFakeClock (%s)', (_name, global) => {
  const make = (): FakeClock => (clock = createFakeClock({ at: 1_000, global }))

  it('stands still until it is told to move', async () => {
    const own = make()
    expect(own.now()).toBe(1_000)
    expect(own.date().getTime()).toBe(1_000)
    await own.advance(500)
    expect(own.now()).toBe(1_500)
  })

  it('runs timers in order of their time, each at its own', async () => {
    const own = make()
    const ran: [string, number][] = []
    own.setTimeout(() => ran.push(['late', own.now()]), 30)
    own.setTimeout(() => ran.push(['early', own.now()]), 10)
    const cancelled = own.setTimeout(() => ran.push(['never', own.now()]), 20)
    own.clearTimeout(cancelled)
    expect(own.pending).toBe(2)
    await own.advance(29)
    expect(ran).toEqual([['early', 1_010]])
    await own.advance(1)
    expect(ran).toEqual([
      ['early', 1_010],
      ['late', 1_030],
    ])
    expect(own.pending).toBe(0)
  })

  it('runs what is scheduled on the way, through promises too', async () => {
    const own = make()
    const ran: number[] = []
    void (async () => {
      await own.sleep(10)
      ran.push(own.now())
      await own.sleep(10)
      ran.push(own.now())
    })()
    await own.advance(25)
    expect(ran).toEqual([1_010, 1_020])
    expect(own.now()).toBe(1_025)
  })

  it('repeats intervals until they are cleared', async () => {
    const own = make()
    let count = 0
    const id = own.setInterval(() => {
      if (++count === 3) own.clearInterval(id)
    }, 10)
    await own.advance(100)
    expect(count).toBe(3)
  })
})

describe('createFakeClock', () => {
  it('replaces the globals only when asked, and gives them back', () => {
    clock = createFakeClock({ at: 5, global: true })
    expect(Date.now()).toBe(5)
    clock.close()
    expect(Date.now()).toBeGreaterThan(1_700_000_000_000)
    clock = createFakeClock({ at: 5 })
    expect(Date.now()).toBeGreaterThan(1_700_000_000_000)
  })
})

describe('createCaptureLogger', () => {
  it('keeps lines, and shows all that a log would', () => {
    const logger = createCaptureLogger()
    const cycle: { self?: object } = {}
    cycle.self = cycle
    logger.info('hello', { amount: 5n, cycle })
    logger.error('failed', { error: new Error('outer', { cause: new Error('inner secret') }) })
    expect(logger.lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'hello'],
      ['error', 'failed'],
    ])
    expect(logger.text()).toContain('inner secret')
    expect(logger.text()).toContain('"amount":"5"')
    logger.clear()
    expect(logger.lines).toEqual([])
  })
})

describe('captureContext', () => {
  it('keeps what hooks write, and throws for what nobody wrote', () => {
    const tenant = defineKey<string>('tenant')
    const captured = captureContext()
    expect(() => captured.context.get(tenant)).toThrow('"tenant"')
    expect(captured.context.peek(tenant)).toBeUndefined()
    captured.context.set(tenant, 'a')
    expect(captured.route().get(tenant)).toBe('a')
    expect(Object.fromEntries(captured.written)).toEqual({ tenant: 'a' })
  })

  it('keeps dropped targets, losses and replaced requests', () => {
    const targets = [
      { provider: 'one', protocol: 'p', model: 'm' },
      { provider: 'two', protocol: 'p', model: 'm' },
    ]
    const captured = captureContext({ targets })
    const route = captured.route()
    route.drop(targets[0] as (typeof targets)[0], 'down')
    expect(route.targets.map(({ provider }) => provider)).toEqual(['two'])
    expect(captured.dropped).toEqual([{ target: targets[0], why: 'down' }])
    const attempt = captured.attempt({ attempt: 2 })
    attempt.report({ pointer: '/n', what: 'sampling.count', how: 'dropped', target: 'p' })
    attempt.replace({ ...attempt.request, model: 'other' })
    expect(attempt.attempt).toBe(2)
    expect(captured.losses).toHaveLength(1)
    expect(captured.replaced[0]?.model).toBe('other')
    expect(captured.settle({ outcome: 'failed' })).toMatchObject({
      outcome: 'failed',
      losses: [{ pointer: '/n' }],
    })
  })

  it('aborts as a client that leaves', () => {
    const captured = captureContext()
    expect(captured.context.signal.aborted).toBe(false)
    captured.abort()
    expect(captured.attempt().signal.aborted).toBe(true)
  })

  it('answers child requests only when told how', async () => {
    await expect(captureContext().context.subrequest('embed', { model: 'e', inputs: [] })).rejects.toThrow(
      'not told',
    )
    const captured = captureContext({ subrequest: async () => ({ tokens: 7 }) })
    expect(
      await captured.context.subrequest('countTokens', { model: 'm', stream: false, turns: [] }),
    ).toEqual({ tokens: 7 })
  })
})
