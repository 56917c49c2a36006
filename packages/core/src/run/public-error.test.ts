import { expect, it } from 'vitest'
import { GatewayError } from '../error.ts'
import type { ErrorClass } from '../model/index.ts'
import { publicError } from './public-error.ts'

const redact = (text: string): string => text.replaceAll('sk-canary', '[redacted]')
const upstream = (name: ErrorClass): ReturnType<typeof publicError> =>
  publicError(
    new GatewayError({
      class: name,
      message: 'their text sk-canary',
      code: 'c',
      param: '/p',
      source: 'upstream',
    }).data,
    redact,
  )

it('keeps the text of request faults, redacted', () => {
  for (const name of [
    'invalid_request',
    'context_length',
    'too_large',
    'unsupported',
    'content_policy',
  ] as const) {
    expect(upstream(name)).toMatchObject({ class: name, message: 'their text [redacted]', param: '/p' })
  }
})

it('never tells a client that its key or its balance is bad because ours is', () => {
  for (const name of ['authentication', 'permission', 'insufficient_funds'] as const) {
    const shown = upstream(name)
    expect(shown).toMatchObject({ class: 'upstream_failed', status: 502, source: 'upstream' })
    expect(shown.code).toBeUndefined()
    expect(shown.message).not.toContain('their text')
  }
})

it('uses our own words for what the provider broke', () => {
  for (const name of [
    'rate_limited',
    'overloaded',
    'timeout',
    'upstream_failed',
    'upstream_truncated',
  ] as const) {
    const shown = upstream(name)
    expect(shown.class).toBe(name)
    expect(shown.message).not.toContain('their text')
  }
})
