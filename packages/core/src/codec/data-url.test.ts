import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDataUrl, toDataUrl } from './data-url.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('parseDataUrl', () => {
  it.each([
    ['data:image/png;base64,iVBORw0=', { mediaType: 'image/png', data: 'iVBORw0=' }],
    ['DATA:image/png;BASE64,iVBORw0=', { mediaType: 'image/png', data: 'iVBORw0=' }],
    ['data:text/plain;charset=utf-8;base64,aGk=', { mediaType: 'text/plain;charset=utf-8', data: 'aGk=' }],
    ['data:text/plain,a%20b', { mediaType: 'text/plain', data: base64('a b') }],
    ['data:,caf%C3%A9', { data: base64('café') }],
    ['data:;base64,aGk=', { data: 'aGk=' }],
    ['data:;base64,a%2Bb%3D', { data: 'a+b=' }],
    ['data:text/plain,100%', { mediaType: 'text/plain', data: base64('100%') }],
    ['data:text/plain,%zz', { mediaType: 'text/plain', data: base64('%zz') }],
  ])('reads %s', (url, expected) => {
    expect(parseDataUrl(url)).toEqual(expected)
  })

  it.each(['https://example.com/a.png', 'data:image/png;base64', '', 'date:,x'])('leaves %s alone', (url) => {
    expect(parseDataUrl(url)).toBeUndefined()
  })

  it('is the inverse of toDataUrl', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('image/png', 'application/pdf', 'text/plain;charset=x'),
        (bytes, type) => {
          const media = { mediaType: type, data: Buffer.from(bytes).toString('base64') }
          expect(parseDataUrl(toDataUrl(media))).toEqual(media)
        },
      ),
    )
  })

  it('takes time in proportion to its input', () => {
    const url = `data:image/png;base64,${'A'.repeat(20_000_000)}`
    const started = performance.now()
    expect(parseDataUrl(url)?.data.length).toBe(20_000_000)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
