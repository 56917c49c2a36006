import { createRedactor, type SettleContext } from '@gantry/core'
import { describe, expect, test } from 'vitest'
import { createCleaner } from './clean.ts'
import { settled } from './fake.test-support.ts'
import { recordOf } from './record.ts'

describe('a cleaner', () => {
  test('asks the redactor once for a name, and every time for what is new', () => {
    const asked: string[] = []
    const clean = createCleaner((text) => {
      asked.push(text)
      return text.replace('secret', '***')
    })
    expect([clean.again('a secret'), clean.again('a secret'), clean.again('b')]).toEqual([
      'a ***',
      'a ***',
      'b',
    ])
    expect([clean.once('secret'), clean.once('secret')]).toEqual(['***', '***'])
    expect(asked).toEqual(['a secret', 'b', 'secret', 'secret'])
  })

  test('forgets rather than grows when names are made up', () => {
    const asked = new Map<string, number>()
    const clean = createCleaner((text) => {
      asked.set(text, (asked.get(text) ?? 0) + 1)
      return text
    })
    for (let index = 0; index < 2500; index++) expect(clean.again(`name-${index}`)).toBe(`name-${index}`)
    clean.again('name-0')
    expect(asked.get('name-0')).toBe(2)
    clean.again('name-2499')
    expect(asked.get('name-2499')).toBe(1)
  })
})

test('a secret on the edge of the longest name is cleaned, not halved', () => {
  const clean = createCleaner(createRedactor(['canary-secret-0123456789']))
  const record = recordOf(settled({ model: `${'x'.repeat(246)}canary-secret-0123456789` }), clean)
  expect(record.model).toBe(`${'x'.repeat(246)}[redacted]`)
})

test('no text of a record that somebody else may have written keeps a secret', () => {
  const secret = 'canary-secret-0123456789'
  const error = {
    class: 'invalid_request',
    status: 400,
    message: secret,
    code: `code ${secret}`,
    param: `/${secret}`,
    retryable: false,
    source: 'upstream',
  } as const
  const target = { provider: secret, protocol: secret, model: secret }
  const change: Partial<SettleContext> = {
    error,
    target,
    attempts: [{ target, error, ms: 1 }],
    model: `m-${secret}`,
    protocol: secret,
    clientRequestId: secret,
    finish: { reason: secret as 'stop' },
    usage: {
      tokens: { input: 1 },
      units: { [secret]: 1 },
      source: 'upstream',
      final: true,
      suspect: `says ${secret}`,
    },
    // Account and group read as texts, the key as an object.
    peek: <T>(wanted: { readonly name: string }) =>
      (wanted.name === 'key' ? { id: secret, name: secret } : secret) as T,
  }
  const clean = createCleaner(createRedactor([secret]))
  const text = JSON.stringify(recordOf(settled(change), clean))
  expect(text).not.toContain('canary')
  expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(12)
})
