import { expect, it } from 'vitest'
import type { JsonObject } from '../model/index.ts'
import { contextOf, protocol, runtimeOf, speaking } from './fake.test-support.ts'
import { requireLossless } from './loss-policy.ts'
import { planTargets } from './targets.ts'

function strict(
  to: readonly `${string}/${string}`[],
  body: JsonObject,
  isChild = false,
): { targets: string[]; dropped: string[] } {
  const runtime = runtimeOf({
    protocols: [protocol('c'), protocol('a', { loses: 'seed' }), protocol('mute', { loses: 'everything' })],
    providers: { same: speaking('c'), other: speaking('a'), mute: speaking('mute') },
    models: { m: { to } },
  })
  const context = contextOf('c', body)
  planTargets(runtime, context, runtime.blueprint.models.get('m')!, undefined, false)
  requireLossless(runtime, context, isChild)
  return {
    targets: context.targets.map(({ provider }) => provider),
    dropped: context.dropped.map(({ why }) => why),
  }
}

it('keeps what carries the whole request and drops the rest, with the reason', () => {
  expect(strict(['same/x', 'other/x'], { seed: 1 })).toEqual({
    targets: ['same'],
    dropped: ['cannot carry request.seed at /seed'],
  })
  expect(strict(['same/x', 'other/x'], {}).targets).toEqual(['same', 'other'])
})

it('refuses with the first pointer when nothing is left', () => {
  expect(() => strict(['other/x', 'mute/x'], { seed: 1 })).toThrow(
    expect.objectContaining({
      data: expect.objectContaining({
        class: 'unsupported',
        status: 400,
        param: '/seed',
        code: 'conversion_loss',
      }),
    }),
  )
})

it('takes a codec that refuses for one that loses', () => {
  expect(() => strict(['mute/x'], {})).toThrow(
    expect.objectContaining({ data: expect.objectContaining({ param: '/turns/0' }) }),
  )
})

it('looks at the parent’s own wire too for a child, which is always encoded', () => {
  const runtime = runtimeOf({
    protocols: [protocol('a', { loses: 'seed' })],
    providers: { other: speaking('a') },
    models: { m: { to: 'other/x' } },
  })
  for (const isChild of [false, true]) {
    const context = contextOf('a', { seed: 1 })
    planTargets(runtime, context, runtime.blueprint.models.get('m')!, undefined, false)
    if (isChild) expect(() => requireLossless(runtime, context, true)).toThrow()
    else expect(() => requireLossless(runtime, context)).not.toThrow()
  }
})

it('looks at a body of the same protocol only when it may hold an envelope of another target', () => {
  const runtime = runtimeOf({
    protocols: [protocol('a', { loses: 'seed' })],
    providers: { other: speaking('a') },
    models: { m: { to: 'other/x' } },
  })
  const context = contextOf('a', { seed: 1, note: 'gantry1.AAAA' })
  planTargets(runtime, context, runtime.blueprint.models.get('m')!, undefined, false)
  expect(() => requireLossless(runtime, context)).toThrow()
})
