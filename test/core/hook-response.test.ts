import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HookMap, SettleContext } from '@gantry/core'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, transports, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

const ask = { model: 'chat', messages: [{ role: 'user', content: 'say hi' }] }

function streaming(
  run: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  onCancel?: () => void,
): Response {
  return new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => run(controller),
      ...(onCancel ? { cancel: onCancel } : {}),
    }),
    { headers: { 'content-type': 'text/plain' } },
  )
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function started(
  moment: 'auth' | 'route' | 'bill.reserve',
  make: () => Response,
  transport: (typeof transports)[number] = 'real port',
): Promise<SettleContext[]> {
  composed = await compose({ transport, hooks: { [moment]: make } as HookMap })
  return composed.settled
}

const moments = ['auth', 'route', 'bill.reserve'] as const

describe.each(transports)('a hook that answers with a stream (%s)', (transport) => {
  it.each(moments)('in %s: settled when its last byte is out', async (moment) => {
    const settled = await started(
      moment,
      () =>
        streaming((controller) => {
          controller.enqueue(bytes('one '))
          setTimeout(() => {
            controller.enqueue(bytes('two'))
            controller.close()
          }, 40)
        }),
      transport,
    )
    const response = await composed!.chat(ask)
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(settled).toHaveLength(0)
    expect(await response.text()).toBe('one two')
    await expect.poll(() => settled.length).toBe(1)
    expect(settled[0]).toMatchObject({ outcome: 'completed', status: 200 })
  })

  it.each(moments)('in %s: one that fails before its first byte is an error with an id', async (moment) => {
    const settled = await started(
      moment,
      () => streaming((controller) => setTimeout(() => controller.error(new Error('cache went away')), 10)),
      transport,
    )
    const response = await composed!.chat(ask)
    expect(response.status).toBe(500)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(error.message).toContain(response.headers.get('x-request-id'))
    expect(error.message).not.toContain('cache went away')
    await expect.poll(() => settled.length).toBe(1)
    expect(settled[0]).toMatchObject({ outcome: 'failed', status: 500 })
  })

  it('one that breaks later is cut, and settled as failed', async () => {
    const settled = await started(
      'route',
      () =>
        streaming((controller) => {
          controller.enqueue(bytes('half'))
          setTimeout(() => controller.error(new Error('cache went away')), 30)
        }),
      transport,
    )
    const response = await composed!.chat(ask)
    await expect(response.text()).rejects.toThrow()
    await expect.poll(() => settled[0]?.outcome).toBe('failed')
  })

  it('a client that leaves in the middle of it is an abort, and its stream is cancelled', async () => {
    let cancelled = false
    const settled = await started(
      'route',
      () =>
        streaming(
          (controller) => controller.enqueue(bytes('half')),
          () => (cancelled = true),
        ),
      transport,
    )
    const gone = new AbortController()
    const response = await composed!.chat(ask, { signal: gone.signal })
    const reader = response.body!.getReader()
    await reader.read()
    gone.abort()
    await expect.poll(() => settled[0]?.outcome).toBe('aborted')
    await expect.poll(() => cancelled).toBe(true)
  })
})

it('one that never says anything is cut by the drain, not waited for', async () => {
  const settled = await started('route', () => streaming(() => {}))
  const pending = composed!.chat(ask).then(
    (response) => response.status,
    () => 'cut',
  )
  await sleep(50)
  const begun = performance.now()
  await composed!.gateway.drain(50)
  expect(performance.now() - begun).toBeLessThan(3000)
  expect([503, 'cut']).toContain(await pending)
  expect(settled).toHaveLength(1)
})

it('keeps every cookie of the hook’s answer apart', async () => {
  const headers = new Headers({ 'content-type': 'text/plain' })
  headers.append('x-list', 'a')
  headers.append('x-list', 'b')
  await started('auth', () => new Response('x', { headers }))
  expect((await composed!.chat(ask)).headers.get('x-list')).toBe('a, b')
})

it('a body that was read before is a fault of the hook', async () => {
  const used = new Response('x')
  await used.text()
  const settled = await started('auth', () => used)
  const response = await composed!.chat(ask)
  expect(response.status).toBe(500)
  await expect.poll(() => settled[0]?.outcome).toBe('failed')
})

it('a raw client that resets while a hook answers leaves nothing behind', async () => {
  const settled = await started('route', () => streaming((controller) => controller.enqueue(bytes('x'))))
  const { port } = new URL(composed!.url)
  const body = JSON.stringify(ask)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.resetAndDestroy()
  await expect.poll(() => settled[0]?.outcome).toBe('aborted')
})
