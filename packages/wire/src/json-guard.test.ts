import { describe, expect, it } from 'vitest'
import { guardJson, type JsonLimits } from './json-guard.ts'

function guard(text: string, limits?: JsonLimits): void {
  guardJson(new TextEncoder().encode(text), limits)
}

function members(count: number): string {
  return Array.from({ length: count }, (_, index) => `"k${index}":1`).join()
}

describe('guardJson', () => {
  it('takes a body at its limits', () => {
    expect(() => guard('['.repeat(64) + ']'.repeat(64))).not.toThrow()
    expect(() => guard('{"a":{"b":1},"c":[]}', { maxNodes: 6 })).not.toThrow()
    expect(() => guard('[1,2,[3],4]', { maxElements: 3 })).not.toThrow()
  })

  it.each<[string, string, JsonLimits | undefined, string]>([
    ['one level too deep', '['.repeat(65), undefined, 'json_depth'],
    ['a million levels', '{"a":'.repeat(1_000_000), undefined, 'json_depth'],
    ['one node too many', '{"a":{"b":1},"c":[]}', { maxNodes: 5 }, 'json_nodes'],
    ['a million empty objects', `[${'{},'.repeat(1_000_000)}{}]`, undefined, 'json_nodes'],
    ['a million members', `{${members(1_000_000)}}`, undefined, 'json_nodes'],
    ['one element too many', '[1,2,[3],4]', { maxElements: 2 }, 'json_nodes'],
    ['three million elements', `{"x":[${'0,'.repeat(3_000_000)}0]}`, undefined, 'json_nodes'],
    ['a member twice', '{"model":"a","x":{},"model":"b"}', undefined, 'json_syntax'],
    ['a member twice, spaced', '\ufeff {"model" :"a" , "model"\n: "b"}', undefined, 'json_syntax'],
    ['a member twice, escaped once', '{"model":"a","mod\\u0065l":"b"}', undefined, 'json_syntax'],
    ['a member twice, in another alphabet', '{"größe":1,"gr\\u00f6ße":2}', undefined, 'json_syntax'],
    ['a member twice, late', `{"model":1,${members(1000)},"model":2}`, undefined, 'json_syntax'],
    ['a member twice among many', `{${members(1000)},"k900":2}`, undefined, 'json_syntax'],
    ['a member twice, named like a prototype', '{"__proto__":1,"__proto__":2}', undefined, 'json_syntax'],
    ['a string without an end', '{"a":"x\\"', undefined, 'json_syntax'],
  ])('refuses %s', (_name, text, limits, kind) => {
    expect(() => guard(text, limits)).toThrow(expect.objectContaining({ kind }))
  })

  it('counts no bracket and no colon of a string', () => {
    expect(() => guard(`{"a":"${'[{:'.repeat(1000)}\\"${'['.repeat(1000)}\\\\"}`)).not.toThrow()
  })

  it('lets a name stand twice where no reader decides by it', () => {
    for (const text of [
      '{"a":{"model":1,"model":2},"b":{"model":3}}',
      '[{"model":1},{"model":1}]',
      '{"model":"model","x":["model","model"]}',
      '[["model","model"],"model","model"]',
    ]) {
      expect(() => guard(text)).not.toThrow()
    }
  })

  it('says what a body becomes when it is parsed', () => {
    const text = '{"a":{"b":1},"c":[1,2,{},"x"]}'
    // Three objects, an array and three members; each value that follows another.
    expect(guardJson(new TextEncoder().encode(text))).toEqual({ nodes: 7, elements: 4 })
    expect(guardJson(new TextEncoder().encode('"a,b"'))).toEqual({ nodes: 0, elements: 0 })
  })

  it('is linear in top-level members', () => {
    const body = (count: number): Uint8Array => new TextEncoder().encode(`{${members(count)}}`)
    const time = (bytes: Uint8Array): number => {
      const runs = Array.from({ length: 5 }, () => {
        const start = performance.now()
        guardJson(bytes, { maxNodes: 1_000_000 })
        return performance.now() - start
      })
      return Math.min(...runs)
    }
    const [small, large] = [body(10_000), body(100_000)]
    expect(time(large)).toBeLessThan(30 * Math.max(time(small), 1))
  })

  it('lets long arrays of numbers through: an embedding is no attack', () => {
    expect(() => guard(`[${'1,'.repeat(1_000_000)}1]`)).not.toThrow()
  })
})
