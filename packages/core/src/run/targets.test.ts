import { describe, expect, it } from 'vitest'
import type { GatewayConfig, Provider, Target } from '../contract/index.ts'
import { contextOf, protocol, runtimeOf, speaking } from './fake.test-support.ts'
import { findModel, planTargets, requireTargets } from './targets.ts'

type Models = GatewayConfig<string, string, string>['models']

const direct = (name: string): Provider => ({ name, cancelStopsBilling: true, generate: () => {} })
const keyed = (name: string): Provider => ({ ...speaking('c')(name), credentials: 3 }) as Provider

function plan(
  to: Models[string]['to'],
  options: {
    providers?: { readonly [name: string]: (name: string) => Provider }
    group?: { models: string[]; to?: string[] }
    asDefault?: boolean
    client?: string
    name?: string
  } = {},
): { targets: readonly Target[]; dropped: readonly { target: Target; why: string }[] } {
  const name = options.name ?? 'm'
  const runtime = runtimeOf({
    protocols: [protocol('c'), protocol('a')],
    providers: options.providers ?? { one: speaking('c'), two: speaking('a'), both: speaking('a', 'c') },
    models: { [name]: { to, maxOutputTokens: 9 } },
    ...(options.group ? { groups: { g: options.group } } : {}),
  })
  const context = contextOf(options.client ?? 'c')
  planTargets(
    runtime,
    context,
    runtime.blueprint.models.get(name)!,
    runtime.blueprint.groups.get('g'),
    options.asDefault ?? false,
  )
  return context
}
const names = (list: readonly Target[]): string[] =>
  list.map(({ provider, protocol: over, credential }) => `${provider}:${over}${credential ?? ''}`)

describe('planned targets', () => {
  it('speak the client’s protocol where the provider does, else its first', () => {
    expect(names(plan(['one/x', 'two/x', 'both/x']).targets)).toEqual(['one:c', 'two:a', 'both:c'])
    expect(names(plan(['one/x', 'two/x', 'both/x'], { client: 'a' }).targets)).toEqual([
      'one:c',
      'two:a',
      'both:a',
    ])
    expect(names(plan({ to: 'both/x', protocol: 'a' }).targets)).toEqual(['both:a'])
  })

  it('skip a protocol in which nobody can ask', () => {
    const providers = { odd: speaking('unheard', 'a') }
    expect(names(plan('odd/x', { providers }).targets)).toEqual(['odd:a'])
  })

  it('are one for each credential, with the cap of the model', () => {
    const { targets } = plan('keyed/x', { providers: { keyed } })
    expect(targets.map(({ credential }) => credential)).toEqual([0, 1, 2])
    expect(targets[0]).toMatchObject({ model: 'x', maxOutputTokens: 9 })
  })

  it('come by priority, then by place', () => {
    const { targets } = plan([
      { to: 'one/x', priority: 2 },
      { to: 'two/x', priority: 1 },
      { to: 'both/x', priority: 2 },
    ])
    expect(names(targets)).toEqual(['two:a', 'one:c', 'both:c'])
  })

  it('outside the group are dropped and said so', () => {
    const made = plan(['one/x', 'two/x'], { group: { models: ['*'], to: ['two'] } })
    expect(names(made.targets)).toEqual(['two:a'])
    expect(made.dropped).toMatchObject([{ target: { provider: 'one' }, why: 'not a provider of the group' }])
  })

  it('that are explicit serve their own name only, first, and never as the default', () => {
    const to = [{ to: 'one/m', explicit: true } as const]
    expect(plan(to).targets).toHaveLength(1)
    expect(plan(to, { asDefault: true }).targets).toHaveLength(0)
    expect(plan(to, { name: 'alias' }).targets).toHaveLength(0)
    expect(names(plan(['two/x', ...to]).targets)).toEqual(['two:a'])
  })

  it('of a provider that makes events itself answer in any protocol, and generate only', () => {
    const providers = { own: direct }
    expect(names(plan('own/x', { providers, client: 'a' }).targets)).toEqual(['own:a'])
    const runtime = runtimeOf({ protocols: [protocol('c')], providers, models: { m: { to: 'own/x' } } })
    const base = contextOf('c', {}, 'embed')
    planTargets(runtime, base, runtime.blueprint.models.get('m')!, undefined, false)
    expect(base.targets).toHaveLength(0)
    expect(base.dropped[0]?.why).toMatch(/no client for embed/)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(plan('one/x').targets[0])).toBe(true)
  })
})

describe('what is left has to exist', () => {
  const runtime = runtimeOf({
    protocols: [protocol('c')],
    providers: { one: speaking('c') },
    models: { m: { to: 'one/x' } },
    groups: { few: { models: ['other-*'] } },
  })

  it('targets that a hook invented are dropped with a log line', () => {
    const context = contextOf('c')
    context.targets.push(
      { provider: 'nobody', protocol: 'c', model: 'x' },
      { provider: 'one', protocol: 'unheard', model: 'x' },
      { provider: 'one', protocol: 'c', model: 'x' },
    )
    requireTargets(runtime, context)
    expect(names(context.targets)).toEqual(['one:c'])
    expect(runtime.lines.filter(({ level }) => level === 'error')).toHaveLength(2)
  })

  it('none left is 503, its reasons for the log only', () => {
    expect(() => requireTargets(runtime, contextOf('c'))).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ class: 'overloaded', code: 'no_target' }) }),
    )
  })

  it('a model that does not exist is 404, one outside the group 403', () => {
    const fault = (code: string): unknown =>
      expect.objectContaining({ data: expect.objectContaining({ code, param: 'model' }) })
    expect(() => findModel(runtime, 'nope\r\n', undefined)).toThrow(fault('model_not_found'))
    expect(() => findModel(runtime, 'm', runtime.blueprint.groups.get('few'))).toThrow(
      fault('model_not_available'),
    )
    expect(() => findModel(runtime, '__proto__', undefined)).toThrow(fault('model_not_found'))
    expect(findModel(runtime, 'm', undefined).name).toBe('m')
  })
})
