import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { sample } from './sample.ts'

describe('sample', () => {
  it('fills what is required and nothing else', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { enum: ['c', 'f'] },
        days: { type: 'integer', minimum: 3 },
        exact: { type: 'boolean' },
        kind: { const: 'x' },
        tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
        when: { type: 'string', format: 'date' },
        either: { anyOf: [{ type: 'null' }, { type: 'string' }] },
        all: { allOf: [{ type: 'object', required: ['a'], properties: { a: { type: 'number' } } }] },
        skipped: { type: 'string' },
      },
      required: ['city', 'unit', 'days', 'exact', 'kind', 'tags', 'when', 'either', 'all'],
      $defs: { tag: { type: ['string', 'null'], maxLength: 3 } },
    }
    expect(sample(schema, 'Oslo')).toEqual({
      city: 'Oslo',
      unit: 'c',
      days: 3,
      exact: true,
      kind: 'x',
      tags: ['Osl', 'Osl'],
      when: '2026-01-01',
      either: null,
      all: { a: 1 },
    })
  })

  it('ends on schemas that never do', () => {
    const tree: JsonObject = {
      type: 'object',
      properties: { l: { $ref: '#' }, r: { $ref: '#' }, m: { $ref: '#' } },
      required: ['l', 'r', 'm'],
    }
    const started = performance.now()
    expect(JSON.stringify(sample(tree, 'x')).length).toBeLessThan(200_000)
    expect(performance.now() - started).toBeLessThan(1000)
    expect(sample({ $ref: '#/nowhere' }, 'x')).toBeNull()
    expect(sample({ $ref: '#/%E0%A4%A' }, 'x')).toBeNull()
  })

  it('keeps a property called __proto__ as data', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}',
    ) as JsonObject
    expect(JSON.stringify(sample(schema, 'x'))).toBe('{"__proto__":"x"}')
  })

  it('gives the same JSON for any JSON, never an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, word) => {
        const schema =
          typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
        const made = sample(schema, word)
        expect(JSON.stringify(made)).toBe(JSON.stringify(sample(schema, word)))
      }),
    )
  })
})
