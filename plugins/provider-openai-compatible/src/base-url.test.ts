import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBaseUrl } from './index.ts'

describe('readBaseUrl', () => {
  it('drops trailing slashes and keeps the path', () => {
    expect(readBaseUrl('https://api.example.com/openai/v1//')).toBe('https://api.example.com/openai/v1')
    expect(readBaseUrl('http://[::1]:8000')).toBe('http://[::1]:8000')
    expect(readBaseUrl('HTTPS://API.Example.com/V1')).toBe('https://api.example.com/V1')
  })

  it('gives a URL to which a path can be appended', () => {
    fc.assert(
      fc.property(fc.webUrl(), (text) => {
        const base = readBaseUrl(text)
        const url = new URL(`${base}/chat/completions`)
        expect(url.origin).toBe(new URL(text).origin)
        expect(url.pathname.endsWith('/chat/completions')).toBe(true)
        expect(readBaseUrl(base)).toBe(base)
      }),
    )
  })

  it('refuses every query and fragment', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.constantFrom('?', '#'), fc.webPath(), (text, mark, rest) => {
        expect(() => readBaseUrl(text + mark + rest)).toThrow(/query|fragment/)
      }),
    )
  })

  it('does not take quadratic time for slashes', () => {
    const started = performance.now()
    expect(readBaseUrl(`https://a.example/v1${'/'.repeat(200_000)}x`)).toContain('/x')
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
