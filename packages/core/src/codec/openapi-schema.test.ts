import { expect, it } from 'vitest'
import type { JsonObject } from '../model/index.ts'
import { jsonSchemaOf } from './openapi-schema.ts'

it('makes JSON Schema of the OpenAPI subset, all the way down', () => {
  const inner = { type: 'STRING', nullable: true, minLength: '2', enum: ['TYPE'], default: 'STRING' }
  const schema = {
    type: 'OBJECT',
    propertyOrdering: ['a', 'type'],
    properties: { type: inner, a: { type: 'ARRAY', maxItems: '9', items: inner } },
    additionalProperties: inner,
    anyOf: [{ type: 'INTEGER', minimum: '1' }, true],
    required: ['a'],
  }
  const made = { type: ['string', 'null'], minLength: 2, enum: ['TYPE'], default: 'STRING' }
  expect(jsonSchemaOf(schema)).toEqual({
    type: 'object',
    properties: { type: made, a: { type: 'array', maxItems: 9, items: made } },
    additionalProperties: made,
    anyOf: [{ type: 'integer', minimum: 1 }, true],
    required: ['a'],
  })
})

it('takes names of properties for data', () => {
  const schema = JSON.parse('{"properties":{"__proto__":{"type":"STRING"}}}') as JsonObject
  expect(JSON.stringify(jsonSchemaOf(schema))).toBe('{"properties":{"__proto__":{"type":"string"}}}')
})
