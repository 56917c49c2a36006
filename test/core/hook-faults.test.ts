import type { Hook, HookMap, Hooks } from '@gantry/core'
import { GatewayError } from '@gantry/core'
import simulator from '@gantry/provider-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

type Moment = keyof Hooks
const asynchronous = ['auth', 'route', 'bill.reserve', 'transform.request', 'bill.settle', 'log'] as const
const deadlines = {
  auth: 40,
  route: 40,
  'bill.reserve': 40,
  'transform.request': 40,
  'bill.settle': 40,
  log: 40,
}

/** A hook that breaks only for requests that say so, so that the next one shows whether anything stayed broken. */
function breaking(moment: Moment, how: () => never | Promise<never>): HookMap {
  const only = (context: { wire: { headers: Headers } }): void | Promise<void> =>
    context.wire.headers.has('x-break') ? how() : undefined
  if (moment === 'transform.event') {
    return {
      'transform.event': (context) =>
        context.wire.headers.has('x-break') ? () => how() as never : undefined,
    }
  }
  return { [moment]: only as Hook<'auth'> } as HookMap
}

async function run(
  stream: boolean,
  broken: boolean,
  model = 'chat',
): Promise<{ status: number; text: string }> {
  const response = await composed!.chat(
    { model, stream, messages: [{ role: 'user', content: 'say fine words here' }] },
    broken ? { headers: { 'x-break': '1' } } : {},
  )
  return { status: response.status, text: await response.text() }
}

/** What a client sees when a hook of this moment throws something of its own. */
const thrown: { readonly [M in Moment]: { status: number; code?: string } } = {
  auth: { status: 503, code: 'auth_unavailable' },
  route: { status: 500, code: 'hook_failed' },
  'bill.reserve': { status: 503, code: 'billing_unavailable' },
  'transform.request': { status: 500, code: 'hook_failed' },
  'transform.event': { status: 500, code: 'hook_failed' },
  'bill.observe': { status: 200 },
  'route.outcome': { status: 200 },
  'bill.settle': { status: 200 },
  log: { status: 200 },
}

describe.each([false, true])('a hook that throws (streamed: %s)', (stream) => {
  it.each(Object.keys(thrown) as Moment[])('in %s', async (moment) => {
    composed = await compose({
      gateway: { settleRetries: [5, 5] },
      hooks: breaking(moment, () => {
        throw new Error('canary-of-the-hook')
      }),
    })
    const broken = await run(stream, true)
    const expected = thrown[moment]
    expect(broken.status).toBe(expected.status)
    expect(broken.text).not.toContain('canary-of-the-hook')
    if (expected.code) {
      expect(JSON.parse(broken.text)).toMatchObject({
        error: { code: expected.code, message: expect.stringContaining('req_') as string },
      })
    } else expect(broken.text).toContain('fine')
    expect(await run(stream, false)).toMatchObject({
      status: 200,
      text: expect.stringContaining('fine') as string,
    })
    await expect.poll(() => composed?.settled.length).toBe(2)
    await expect.poll(() => JSON.stringify(composed?.lines)).toContain(`${moment} of config`)
  })
})

describe('a hook that hangs', () => {
  it.each(asynchronous)('in %s', async (moment) => {
    composed = await compose({
      hooks: breaking(moment, () => new Promise<never>(() => {})),
      gateway: { deadlines, settleRetries: [] },
    })
    const broken = await run(false, true)
    expect(broken.status).toBe(thrown[moment].status)
    expect(await run(false, false)).toMatchObject({ status: 200 })
    await expect.poll(() => JSON.stringify(composed?.lines)).toContain('did not finish within 40 ms')
  })
})

it('an event hook that throws after the first byte ends the stream with an error', async () => {
  let events = 0
  composed = await compose({
    config: { providers: { chat: simulator({ pace: 15 }), claude: simulator() } },
    hooks: {
      'transform.event': () => (event) => {
        if (event.type === 'part-delta' && ++events === 2) throw new Error('late')
        return event
      },
    },
  })
  const { status, text } = await run(true, false)
  expect(status).toBe(200)
  expect(text).toContain('data: {"error"')
  expect(text).not.toContain('[DONE]')
  await expect.poll(() => composed?.settled[0]?.outcome).toBe('failed')
})

it.each([
  ['auth', 401, 'authentication'],
  ['route', 404, 'not_found'],
  ['bill.reserve', 429, 'insufficient_funds'],
  ['transform.request', 400, 'invalid_request'],
] as const)('a GatewayError thrown in %s is what the client sees', async (moment, status, name) => {
  composed = await compose({
    hooks: breaking(moment, () => {
      throw new GatewayError({ class: name, message: 'Because of this.' })
    }),
  })
  const broken = await run(false, true)
  expect(broken.status).toBe(status)
  expect(broken.text).toContain('Because of this.')
  await expect.poll(() => composed?.settled[0]?.outcome).toBe('refused')
})

it.each(['auth', 'route', 'bill.reserve'] as const)(
  'a wrong type returned in %s is a fault, not an answer',
  async (moment) => {
    composed = await compose({ hooks: { [moment]: (() => 'yes') as never } })
    expect((await run(false, false)).status).toBe(thrown[moment].status)
  },
)

it.each(['auth', 'route', 'bill.reserve'] as const)('a Response returned in %s answers', async (moment) => {
  composed = await compose({ hooks: { [moment]: () => new Response('from the hook', { status: 203 }) } })
  expect(await run(false, false)).toEqual({ status: 203, text: 'from the hook' })
  await expect
    .poll(() => composed?.settled[0])
    .toMatchObject({ outcome: 'completed', usage: { source: 'none' } })
})

it('auth that promises an account and does not set it is refused', async () => {
  const { account } = await import('@gantry/core')
  composed = await compose({ plugins: [{ name: 'lazy', writes: [account], hooks: { auth: () => {} } }] })
  expect((await run(false, false)).status).toBe(503)
})

it('the body is closed to auth', async () => {
  composed = await compose({ hooks: { auth: (context) => void context.wire.json() } })
  expect((await run(false, false)).status).toBe(503)
})
