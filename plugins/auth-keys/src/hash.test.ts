import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createHasher, hashPattern, pepperId } from './hash.ts'

describe('hashes at rest', () => {
  it('are HMAC-SHA-256 of the key under the pepper, with the id of the pepper', () => {
    const hash = createHasher(['a pepper of some length']).hash('secret')
    const expected = createHmac('sha256', 'a pepper of some length').update('secret').digest('hex')
    expect(hash).toBe(`${pepperId('a pepper of some length')}.${expected}`)
    expect(hash).toMatch(hashPattern)
    expect(hash).not.toContain('secret')
  })

  it('accept the pepper before, while new keys use the first', () => {
    const before = createHasher(['the old pepper, long enough'])
    const during = createHasher(['the new pepper, long enough', 'the old pepper, long enough'])
    const after = createHasher(['the new pepper, long enough'])
    expect(during.hashes('k')).toEqual([after.hash('k'), before.hash('k')])
    expect(during.hash('k')).toBe(after.hash('k'))
    expect(after.hashes('k')).not.toContain(before.hash('k'))
  })
})
