import { describe, expect, it } from 'vitest'
import { guardJson, type JsonLimits } from './json-guard.ts'

function guard(text: string, limits?: JsonLimits): void {
  guardJson(new TextEncoder().encode(text), limits)
}

describe('guardJson', () => {
  it('takes a body at its limits', () => {
    expect(() => guard('['.repeat(64) + ']'.repeat(64))).not.toThrow()
    expect(() => guard('{"a":{"b":1},"c":[]}', { maxNodes: 6 })).not.toThrow()
  })

  it.each<[string, string, JsonLimits | undefined, string]>([
    ['one level too deep', '['.repeat(65), undefined, 'json_depth'],
    ['a million levels', '{"a":'.repeat(1_000_000), undefined, 'json_depth'],
    ['one node too many', '{"a":{"b":1},"c":[]}', { maxNodes: 5 }, 'json_nodes'],
    ['a million empty objects', `[${'{},'.repeat(1_000_000)}{}]`, undefined, 'json_nodes'],
    ['a million members', `{${'"k":1,'.repeat(1_000_000)}"k":1}`, undefined, 'json_nodes'],
    ['a string without an end', '{"a":"x\\"', undefined, 'json_syntax'],
  ])('refuses %s', (_name, text, limits, kind) => {
    expect(() => guard(text, limits)).toThrow(expect.objectContaining({ kind }))
  })

  it('counts no bracket and no colon of a string', () => {
    expect(() => guard(`{"a":"${'[{:'.repeat(1000)}\\"${'['.repeat(1000)}\\\\"}`)).not.toThrow()
  })

  it('lets long arrays of numbers through: an embedding is no attack', () => {
    expect(() => guard(`[${'1,'.repeat(1_000_000)}1]`)).not.toThrow()
  })
})
