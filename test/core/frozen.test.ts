import type { AttemptContext, HookMap, ReserveContext, SettleContext } from '@gantry/core'
import { afterEach, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

/** What a plugin in plain JavaScript may try, and what must not work. */
const attempts: { readonly [name: string]: (tried: (run: () => void) => void) => HookMap } = {
  'another id': (tried) => ({ auth: (context) => tried(() => Object.assign(context, { id: 'mine' })) }),
  'another wire': (tried) => ({ auth: (context) => tried(() => Object.assign(context, { wire: {} })) }),
  'targets after routing': (tried) => ({
    'bill.reserve': (context: ReserveContext) =>
      tried(() => (context.targets as unknown[]).push({ provider: 'x' })),
  }),
  'a target’s provider': (tried) => ({
    route: (context) => tried(() => Object.assign(context.targets[0]!, { provider: 'x' })),
  }),
  'the target of an attempt': (tried) => ({
    'transform.request': (context: AttemptContext) =>
      tried(() => Object.assign(context.target, { model: 'dearer' })),
  }),
  'the turns of the request that all attempts share': (tried) => ({
    'transform.request': (context: AttemptContext) =>
      tried(() => (context.request.turns as object[]).push({ role: 'user', parts: [] })),
  }),
  'the outcome at settlement': (tried) => ({
    'bill.settle': (context: SettleContext) => tried(() => Object.assign(context, { outcome: 'aborted' })),
  }),
  'the usage at settlement': (tried) => ({
    'bill.settle': (context: SettleContext) => tried(() => Object.assign(context.usage.tokens, { input: 0 })),
  }),
  'the price at settlement': (tried) => ({
    'bill.settle': (context: SettleContext) => tried(() => (context.lines as unknown[]).push({})),
  }),
}

it.each(Object.keys(attempts))('a hook cannot change %s', async (name) => {
  const errors: unknown[] = []
  let count = 0
  const tried = (run: () => void): void => {
    count++
    try {
      run()
    } catch (error) {
      errors.push(error)
    }
  }
  composed = await compose({ hooks: attempts[name]!(tried) })
  const response = await composed.chat({ model: 'chat', messages: [{ role: 'user', content: 'say hi' }] })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('hi')
  await expect.poll(() => composed?.settled.length).toBe(1)
  expect(count).toBe(1)
  expect(errors).toHaveLength(1)
  expect(composed.settled[0]).toMatchObject({
    id: response.headers.get('x-request-id'),
    outcome: 'completed',
  })
})
