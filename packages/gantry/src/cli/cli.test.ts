import { ConfigError, GatewayError } from '@gantry/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../user-error.ts'
import { wholeNumber } from './command.ts'
import { describeError } from './errors.ts'
import { readExpiry } from './expiry.ts'
import { plain, table } from './print.ts'
import { refuseRuntime } from './runtime-version.ts'

describe('refuseRuntime', () => {
  it.each(['v24.15.0', 'v24.16.2', '26.0.0', 'v26.10.0', 'v27.0.0', 'v100.1.1'])('takes Node %s', (node) => {
    expect(refuseRuntime(node, '3.51.3')).toBeUndefined()
  })

  it.each(['v18.20.0', 'v20.19.0', 'v22.21.0', 'v24.14.9', 'v24.0.0', 'v25.9.0'])(
    'refuses Node %s',
    (node) => {
      expect(refuseRuntime(node, '3.60.0')).toBe(`gantry needs Node ^24.15.0 or >=26; this is ${node}.`)
    },
  )

  it('refuses an SQLite that corrupts its log, or none', () => {
    for (const fine of ['3.51.3', '3.51.10', '3.52.0', '4.0.0'])
      expect(refuseRuntime('v26.0.0', fine)).toBeUndefined()
    for (const old of ['3.51.2', '3.50.9', '3.9.9', '2.99.99']) {
      expect(refuseRuntime('v26.0.0', old)).toContain(`this Node has ${old}`)
    }
    expect(refuseRuntime('v26.0.0', undefined)).toContain('built without it')
  })
})

describe('readExpiry', () => {
  const now = Date.parse('2026-06-01T00:00:00Z')

  it('reads spans, days and times', () => {
    expect(readExpiry('30m', now)).toBe(now + 30 * 60_000)
    expect(readExpiry('12h', now)).toBe(now + 12 * 3_600_000)
    expect(readExpiry('90d', now)).toBe(now + 90 * 86_400_000)
    expect(readExpiry('2w', now)).toBe(now + 14 * 86_400_000)
    expect(readExpiry('2027-01-31', now)).toBe(Date.parse('2027-01-31T23:59:59.999Z'))
    expect(readExpiry('2027-01-31T18:00:00+02:00', now)).toBe(Date.parse('2027-01-31T16:00:00Z'))
  })

  it('refuses what is past and what is no time', () => {
    for (const past of ['2026-05-31', '0d', '2020-01-01T00:00:00Z']) {
      expect(() => readExpiry(past, now)).toThrow('is in the past')
    }
    for (const odd of [
      '',
      'soon',
      '90',
      '-1d',
      '1y',
      '2027-02-30',
      '2027-13-01',
      '2027-01-31T18:00',
      '01/02/2027',
    ]) {
      expect(() => readExpiry(odd, now)).toThrow('neither a span nor a time')
    }
  })
})

describe('plain', () => {
  it('leaves nothing that drives a terminal or breaks a line, and is bounded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = plain(text)
        expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u)
        expect(shown.length).toBeLessThanOrEqual(200)
      }),
    )
    expect(plain('gpt-5.5 \u001b[31mred')).toBe('gpt-5.5 ?[31mred')
    expect(plain('deepseek-聊天')).toBe('deepseek-聊天')
  })
})

describe('table', () => {
  it('aligns columns and takes control characters out', () => {
    expect(
      table(
        ['ID', 'NAME'],
        [
          ['1', 'short'],
          ['1000', 'a\nb'],
        ],
      ),
    ).toEqual(['ID    NAME', '1     short', '1000  a?b'])
  })
})

describe('wholeNumber', () => {
  it('takes whole numbers within bounds only', () => {
    expect(wholeNumber('port', undefined, { min: 0, max: 9 })).toBeUndefined()
    expect(wholeNumber('port', '9', { min: 0, max: 9 })).toBe(9)
    for (const odd of ['10', '-1', '1.5', '', 'x', '0x1', '1e0', ' 1']) {
      expect(() => wholeNumber('port', odd, { min: 0, max: 9 })).toThrow(
        '--port is a whole number from 0 to 9',
      )
    }
  })
})

describe('describeError', () => {
  it('shows what a user needs, and no stack', () => {
    const error = new UserError({
      message: 'It broke.',
      details: ['here:', '  there'],
      fix: 'Mend it.\nNow.',
    })
    expect(describeError(error, false)).toBe('gantry: It broke.\n\n  here:\n    there\n\n  Mend it.\n  Now.')
  })

  it('shows a stack with its causes when asked', () => {
    const shown = describeError(new UserError({ message: 'It broke.', cause: new Error('deep down') }), true)
    expect(shown).toContain('at ')
    expect(shown).toContain('caused by:\nError: deep down')
  })

  it('keeps a config with many problems on one screen', () => {
    const problems = Array.from({ length: 60 }, (_, index) => ({
      code: 'UNKNOWN_PROVIDER',
      severity: 'error' as const,
      path: `models.m${index}.to`,
      message: 'unknown provider "x".',
    }))
    const lines = describeError(new ConfigError(problems), false).split('\n')
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(lines[0]).toBe('gantry: The config has 60 errors.')
    expect(lines[2]).toBe('  error: models.m0.to: unknown provider "x". [UNKNOWN_PROVIDER]')
    expect(lines.at(-1)).toContain('and 45 more')
  })

  it('tells what the machine refuses from what the config says', () => {
    const taken = new ConfigError([
      { code: 'PORT_IN_USE', severity: 'error', path: 'server.port', message: 'is in use.' },
    ])
    expect(describeError(taken, false)).toBe(
      'gantry: The gateway could not be set up.\n\n  error: server.port: is in use. [PORT_IN_USE]',
    )
  })

  it('offers --debug for what nobody expected', () => {
    expect(describeError(new GatewayError({ class: 'conflict', message: 'No.' }), false)).toBe('gantry: No.')
    expect(describeError(new TypeError('x is not a function'), false)).toContain('--debug')
  })
})
