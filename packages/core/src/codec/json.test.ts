import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRawNumber, ownValue, parseJsonLossless, stringifyLossless } from './json.ts'
import type { JsonObject } from '../model/index.ts'

describe('parseJsonLossless', () => {
  it.each([
    '9007199254740993',
    '-123456789012345678901234567890',
    '1e400',
    '0.12345678901234567890123',
    '[1,{"id":18446744073709551615}]',
  ])('keeps %s as written', (text) => {
    expect(stringifyLossless(parseJsonLossless(text))).toBe(text)
  })

  it('gives plain numbers wherever a double holds the value', () => {
    expect(
      parseJsonLossless('[0, -1, 1.5, 1.0, 1e3, 0.1, 9007199254740991, 1e22, 100000000000000000000]'),
    ).toEqual([0, -1, 1.5, 1, 1000, 0.1, 9007199254740991, 1e22, 1e20])
  })

  it('keeps spelling when asked', () => {
    const text = '{"a":1.0,"b":1e3,"c":-0,"d":0.10,"e":7}'
    expect(stringifyLossless(parseJsonLossless(text, { spelling: true }))).toBe(text)
    expect((parseJsonLossless(text, { spelling: true }) as JsonObject)['e']).toBe(7)
  })

  it('does not take an object that looks like a kept number for one', () => {
    expect(isRawNumber(parseJsonLossless('{"rawJSON":"12345678901234567890"}'))).toBe(false)
    expect(isRawNumber(parseJsonLossless('12345678901234567890'))).toBe(true)
  })

  it('keeps keys that name prototypes as data', () => {
    const text = '{"__proto__":{"polluted":12345678901234567890},"constructor":1}'
    expect(stringifyLossless(parseJsonLossless(text))).toBe(text)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('throws on text that is not JSON', () => {
    expect(() => parseJsonLossless('{"a":12345678901234567890,}')).toThrow(SyntaxError)
    expect(() => parseJsonLossless('')).toThrow(SyntaxError)
  })

  it('agrees with JSON.parse on every value that doubles can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(parseJsonLossless(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('returns integers of any size digit by digit', () => {
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        expect(stringifyLossless(parseJsonLossless(`{"n":${value}}`))).toBe(
          `{"n":${BigInt.asIntN(54, value) === value ? Number(value) : value}}`,
        )
      }),
    )
  })
})

describe('ownValue', () => {
  it('sees own keys only', () => {
    const object: { [key: string]: number } = { a: 1 }
    expect(ownValue(object, 'a')).toBe(1)
    expect(ownValue(object, 'constructor')).toBeUndefined()
    expect(ownValue(JSON.parse('{"__proto__":2}') as { [key: string]: number }, '__proto__')).toBe(2)
    expect(ownValue(object, '__proto__')).toBeUndefined()
  })
})
