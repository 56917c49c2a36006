import { describe, expect, it } from 'vitest'
import { GatewayError } from '../error.ts'
import type { JsonObject } from '../model/index.ts'
import { parseJsonLossless } from './json.ts'
import {
  readArray,
  readBoolean,
  readInteger,
  readNumber,
  readObject,
  readOneOf,
  readString,
  readStrings,
  requireArray,
  requireOneOf,
  requireString,
} from './read.ts'

const body = {
  text: 'x',
  number: 1.5,
  whole: 3,
  flag: false,
  list: ['a', 1],
  object: { 'a/b': 1 },
  nothing: null,
} satisfies JsonObject

function failure(run: () => unknown): { class: string; param: string | undefined; message: string } {
  try {
    run()
  } catch (error) {
    if (!GatewayError.is(error)) throw error
    return { class: error.data.class, param: error.data.param, message: error.message }
  }
  throw new Error('nothing was thrown')
}

describe('fields of the right type', () => {
  it('are given as they are', () => {
    expect(readString(body, 'text', '')).toBe('x')
    expect(readNumber(body, 'number', '')).toBe(1.5)
    expect(readInteger(body, 'whole', '')).toBe(3)
    expect(readBoolean(body, 'flag', '')).toBe(false)
    expect(readArray(body, 'list', '')).toBe(body.list)
    expect(readObject(body, 'object', '')).toBe(body.object)
    expect(readOneOf(body, 'text', '', ['x', 'y'])).toBe('x')
  })

  it('are undefined when absent or null, and never come from the prototype', () => {
    expect(readString(body, 'missing', '')).toBeUndefined()
    expect(readNumber(body, 'nothing', '')).toBeUndefined()
    expect(readObject(body, '__proto__', '')).toBeUndefined()
    expect(readString(body, 'constructor', '')).toBeUndefined()
  })

  it('may be numbers too long for a double', () => {
    const parsed = parseJsonLossless('{"n":0.123456789012345678901}') as JsonObject
    expect(readNumber(parsed, 'n', '')).toBe(0.12345678901234568)
    expect(
      failure(() => readInteger(parseJsonLossless('{"n":1e400}') as JsonObject, 'n', '')).message,
    ).toContain('an integer, not a number')
    expect(failure(() => readNumber(parseJsonLossless('{"n":1e400}') as JsonObject, 'n', '')).param).toBe(
      '/n',
    )
    expect(failure(() => readObject(parsed, 'n', '')).message).toContain('not a number')
  })
})

describe('fields of the wrong type', () => {
  it.each([
    [() => readString(body, 'whole', ''), '/whole', '/whole has to be a string, not a number.'],
    [() => readNumber(body, 'text', '/at'), '/at/text', '/at/text has to be a number, not a string.'],
    [() => readInteger(body, 'number', ''), '/number', '/number has to be an integer, not a fraction.'],
    [() => readBoolean(body, 'text', ''), '/text', '/text has to be a boolean, not a string.'],
    [() => readArray(body, 'object', ''), '/object', '/object has to be an array, not an object.'],
    [() => readObject(body, 'list', ''), '/list', '/list has to be an object, not an array.'],
    [() => readStrings(body, 'list', ''), '/list/1', '/list/1 has to be a string, not a number.'],
    [
      () => readString(body.object, 'a/b', '/object'),
      '/object/a~1b',
      '/object/a~1b has to be a string, not a number.',
    ],
    [() => requireString(body, 'gone', ''), '/gone', '/gone is missing; it has to be a string.'],
    [() => requireArray(body, 'nothing', ''), '/nothing', '/nothing has to be an array, not null.'],
    [() => readOneOf(body, 'text', '', ['a', 'b']), '/text', '/text has to be one of "a", "b", not "x".'],
    [() => requireOneOf(body, 'whole', '', ['a']), '/whole', '/whole has to be one of "a", not a number.'],
  ])('name the pointer, what was expected and what was found (%#)', (run, param, message) => {
    expect(failure(run)).toEqual({ class: 'invalid_request', param, message })
  })
})
