import { expect, it } from 'vitest'
import { GatewayError } from '../error.ts'
import type { Incoming } from './exchange.ts'
import { protocol, runtimeOf, speaking } from './fake.test-support.ts'
import { createKernel } from './kernel.ts'

const models = { m: { to: 'one/x' } } as const
const both = runtimeOf({
  protocols: [protocol('c'), protocol('a')],
  providers: { one: speaking('c') },
  models,
})
const request = { id: 'req_7', method: 'POST', path: '/v1/a?beta=1' }

it('mounts the routes of every protocol that faces clients, in plugin order', () => {
  expect(createKernel(both).routes).toMatchObject([
    { protocol: 'c', operation: 'generate', method: 'POST', path: '/c' },
    { protocol: 'a', operation: 'generate', method: 'POST', path: '/a' },
  ])
})

it('encodes what fails outside a route in the protocol that owns the path, else the first', () => {
  const kernel = createKernel(both)
  const error = new GatewayError({ class: 'not_found', message: 'Invalid URL (POST /v1/a)' })
  expect(JSON.parse(kernel.fail(error, request).body as string)).toMatchObject({
    a: 'Invalid URL (POST /v1/a)',
    id: 'req_7',
  })
  expect(JSON.parse(kernel.fail(error, { ...request, path: '/other' }).body as string)).toHaveProperty('c')
})

it('hides what was not meant for clients, logs it with the id, and redacts the rest', () => {
  const kernel = createKernel(both)
  const answer = kernel.fail(new Error('canary in a stack'), request)
  expect(answer.status).toBe(500)
  expect(String(answer.body)).not.toContain('canary')
  expect(answer.headers['x-gantry-error-source']).toBe('gateway')
  expect(both.lines).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ id: 'req_7' }) }),
  )
  const told = kernel.fail(new GatewayError({ class: 'invalid_request', message: 'canary' }), request)
  expect(String(told.body)).toContain('[redacted]')
})

it('answers in a plain shape where no protocol faces clients, or the one that does fails at it', () => {
  const none = runtimeOf({
    protocols: [{ name: 'c', contract: 1, client: protocol('c').client! }],
    providers: { one: speaking('c') },
    models,
  })
  const broken = protocol('c')
  const failing = runtimeOf({
    protocols: [
      {
        ...broken,
        server: {
          ...broken.server!,
          encodeError: () => {
            throw new TypeError('no words')
          },
        },
      },
    ],
    providers: { one: speaking('c') },
    models,
    prefix: false,
  })
  for (const runtime of [none, failing]) {
    const { status, body, headers } = createKernel(runtime).fail(
      new GatewayError({ class: 'overloaded', message: 'Busy.' }),
      request,
    )
    expect(status).toBe(503)
    expect(JSON.parse(body as string)).toEqual({
      error: { message: 'Busy. (request id: req_7)', type: 'overloaded', code: null },
    })
    expect(headers['x-gantry-error-source']).toBe(runtime === none ? 'gateway' : undefined)
  }
})

it('run never rejects, gives the body’s share back, and leaves nothing active', async () => {
  let released = 0
  const incoming: Incoming = {
    id: 'req_8',
    method: 'POST',
    path: '/c',
    params: {},
    headers: new Headers(),
    signal: new AbortController().signal,
    receivedAt: new Date(0),
    body: () => Promise.reject(new TypeError('socket trouble')),
    release: () => void released++,
  }
  const kernel = createKernel(both)
  const answer = await kernel.run(kernel.routes[0]!, incoming)
  expect(answer.status).toBe(500)
  expect(released).toBe(1)
  expect(both.active.size).toBe(0)
  expect(await both.tasks.drain(1000)).toBe(true)
})
