import { expect, it } from 'vitest'
import type { ErrorClass } from './model/index.ts'
import { GatewayError, statusOf, toErrorData } from './error.ts'

it.each(Object.entries(statusOf))('%s has the status %i unless another is given', (name, status) => {
  const { data } = new GatewayError({ class: name as ErrorClass, message: 'x' })
  expect(data).toMatchObject({ status, source: 'gateway' })
  expect(new GatewayError({ class: name as ErrorClass, message: 'x', status: 418 }).data.status).toBe(418)
})

it('only trouble that another try may not meet is retryable', () => {
  const retryable = (Object.keys(statusOf) as ErrorClass[]).filter(
    (name) => new GatewayError({ class: name, message: 'x' }).data.retryable,
  )
  expect(retryable.toSorted()).toEqual([
    'overloaded',
    'rate_limited',
    'timeout',
    'upstream_failed',
    'upstream_truncated',
  ])
})

it('defaults are not lost to a field that is passed on undefined, nor to a class nobody knows', () => {
  const given = {
    class: 'not_found',
    message: 'x',
    status: undefined,
    retryable: undefined,
    source: undefined,
  }
  expect(new GatewayError(given as never).data).toMatchObject({
    status: 404,
    retryable: false,
    source: 'gateway',
  })
  expect(new GatewayError({ class: 'invented' as ErrorClass, message: 'x' }).data.status).toBe(500)
})

it('is known by its mark, also when another copy of this module made it', () => {
  const own = new GatewayError({ class: 'internal', message: 'x' })
  expect(GatewayError.is(own)).toBe(true)
  const foreign = Object.defineProperty(new Error('x'), Symbol.for('gantry.error'), { value: true })
  expect(GatewayError.is(foreign)).toBe(true)
  for (const value of [null, undefined, 'x', 7, new Error('x'), { data: own.data }])
    expect(GatewayError.is(value)).toBe(false)
  expect(JSON.stringify(own)).not.toContain('gantry')
})

it('anything else thrown becomes our own text; its cause stays inside', () => {
  expect(toErrorData(new Error('postgres://user:secret@host'))).toMatchObject({
    class: 'internal',
    status: 500,
    message: 'The gateway failed to handle this request.',
  })
  const own = new GatewayError({ class: 'conflict', message: 'Twice.' }, { cause: new Error('detail') })
  expect(toErrorData(own)).toBe(own.data)
  expect(JSON.stringify(own.data)).not.toContain('detail')
  expect((own.cause as Error).message).toBe('detail')
})
