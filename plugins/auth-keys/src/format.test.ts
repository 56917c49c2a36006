import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksum, createSecret, isWellFormed, randomText } from './format.ts'

const prefix = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/)

describe('key format', () => {
  it('gives the documented shape, well formed, for any prefix', () => {
    fc.assert(
      fc.property(prefix, (chosen) => {
        const secret = createSecret(chosen)
        expect(secret.startsWith(`${chosen}_`)).toBe(true)
        expect(secret.slice(chosen.length + 1)).toMatch(/^[0-9A-Za-z]{38}$/)
        expect(isWellFormed(secret)).toBe(true)
      }),
    )
  })

  it('notices every change of one character', () => {
    fc.assert(
      fc.property(prefix, fc.nat(), fc.constantFrom(...'abcXYZ019'), (chosen, at, letter) => {
        const secret = createSecret(chosen)
        const index = at % secret.length
        const changed = secret.slice(0, index) + letter + secret.slice(index + 1)
        expect(isWellFormed(changed)).toBe(changed === secret)
      }),
    )
  })

  it('notices two neighbours that changed places', () => {
    fc.assert(
      fc.property(fc.nat(), (at) => {
        const secret = createSecret()
        const index = at % (secret.length - 1)
        const swapped =
          secret.slice(0, index) + secret.charAt(index + 1) + secret.charAt(index) + secret.slice(index + 2)
        expect(isWellFormed(swapped)).toBe(swapped === secret)
      }),
    )
  })

  it('takes no other text for a key', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isWellFormed(text)).toBe(false)
      }),
    )
    expect(isWellFormed(`${createSecret()}\n`)).toBe(false)
    expect(isWellFormed(` ${createSecret()}`)).toBe(false)
    expect(isWellFormed('')).toBe(false)
  })

  it('writes the CRC-32 of the check vector in base62', () => {
    // CRC-32("123456789") is 0xCBF43926 = 3421780262, in base62 3jZRME.
    expect(checksum('123456789')).toBe('3jZRME')
    expect(checksum('')).toBe('000000')
  })

  it('draws every character, about equally often', () => {
    const counts = new Map<string, number>()
    for (const letter of randomText(62_000)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(62)
    // 1,000 expected each, standard deviation 31; eight of them either way.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250)
  })
})
