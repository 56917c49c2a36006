import type { Json, JsonObject } from '../model/index.ts'
import { GatewayError } from '../error.ts'
import { isRawNumber, ownValue } from './json.ts'
import { pointerTo } from './pointer.ts'

/**
 * Reading request bodies. Every function takes the object, the key, and `at`, the JSON pointer of the object in the
 * client's body. A value of another type throws `GatewayError` `invalid_request` whose `param` is the field's pointer.
 * `read…` gives undefined when the field is absent or null; `require…` throws then.
 */
export type FieldReader<T> = (object: JsonObject, key: string, at: string) => T

/** A field that holds a string. */
export const readString: FieldReader<string | undefined> = (object, key, at) =>
  read(object, key, at, asString)

/** A field that has to hold a string. */
export const requireString: FieldReader<string> = (object, key, at) =>
  asString(ownValue(object, key), pointerTo(at, key))

/** A field that holds a finite number. */
export const readNumber: FieldReader<number | undefined> = (object, key, at) =>
  read(object, key, at, asNumber)

/** A field that has to hold a finite number. */
export const requireNumber: FieldReader<number> = (object, key, at) =>
  asNumber(ownValue(object, key), pointerTo(at, key))

/** A field that holds a whole number that a double can hold exactly. */
export const readInteger: FieldReader<number | undefined> = (object, key, at) =>
  read(object, key, at, asInteger)

/** A field that has to hold a whole number. */
export const requireInteger: FieldReader<number> = (object, key, at) =>
  asInteger(ownValue(object, key), pointerTo(at, key))

/** A field that holds true or false. */
export const readBoolean: FieldReader<boolean | undefined> = (object, key, at) =>
  read(object, key, at, asBoolean)

/** A field that has to hold true or false. */
export const requireBoolean: FieldReader<boolean> = (object, key, at) =>
  asBoolean(ownValue(object, key), pointerTo(at, key))

/** A field that holds an array. */
export const readArray: FieldReader<readonly Json[] | undefined> = (object, key, at) =>
  read(object, key, at, asArray)

/** A field that has to hold an array. */
export const requireArray: FieldReader<readonly Json[]> = (object, key, at) =>
  asArray(ownValue(object, key), pointerTo(at, key))

/** A field that holds an object. */
export const readObject: FieldReader<JsonObject | undefined> = (object, key, at) =>
  read(object, key, at, asObject)

/** A field that has to hold an object. */
export const requireObject: FieldReader<JsonObject> = (object, key, at) =>
  asObject(ownValue(object, key), pointerTo(at, key))

/** A field that holds an array of strings. */
export const readStrings: FieldReader<readonly string[] | undefined> = (object, key, at) =>
  read(object, key, at, (value, pointer) =>
    asArray(value, pointer).map((item, index) => asString(item, pointerTo(pointer, index))),
  )

/** A field that holds one of some words. */
export function readOneOf<const T extends string>(
  object: JsonObject,
  key: string,
  at: string,
  allowed: readonly T[],
): T | undefined {
  return read(object, key, at, (value, pointer) => asOneOf(value, pointer, allowed))
}

/** A field that has to hold one of some words. */
export function requireOneOf<const T extends string>(
  object: JsonObject,
  key: string,
  at: string,
  allowed: readonly T[],
): T {
  return asOneOf(ownValue(object, key), pointerTo(at, key), allowed)
}

/** The value itself when it is a string; throws `invalid_request` at `pointer` otherwise. */
export function asString(value: Json | undefined, pointer: string): string {
  if (typeof value === 'string') return value
  throw wrongType('a string', value, pointer)
}

/**
 * The value itself when it is a finite number; a number too long for a double is rounded. Throws `invalid_request` at
 * `pointer` otherwise.
 */
export function asNumber(value: Json | undefined, pointer: string): number {
  const number = isRawNumber(value) ? Number(value.rawJSON) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw wrongType('a number', value, pointer)
}

/** The value itself when it is a whole number that a double holds exactly; throws `invalid_request` at `pointer` otherwise. */
export function asInteger(value: Json | undefined, pointer: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw wrongType('an integer', value, pointer)
}

/** The value itself when it is true or false; throws `invalid_request` at `pointer` otherwise. */
export function asBoolean(value: Json | undefined, pointer: string): boolean {
  if (typeof value === 'boolean') return value
  throw wrongType('a boolean', value, pointer)
}

/** The value itself when it is an array; throws `invalid_request` at `pointer` otherwise. */
export function asArray(value: Json | undefined, pointer: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[]
  throw wrongType('an array', value, pointer)
}

/** The value itself when it is an object; throws `invalid_request` at `pointer` otherwise. */
export function asObject(value: Json | undefined, pointer: string): JsonObject {
  if (isObject(value)) return value
  throw wrongType('an object', value, pointer)
}

/** The value itself when it is one of the words; throws `invalid_request` at `pointer` otherwise. */
export function asOneOf<const T extends string>(
  value: Json | undefined,
  pointer: string,
  allowed: readonly T[],
): T {
  const word = allowed.find((candidate) => candidate === value)
  if (word !== undefined) return word
  const words = allowed.map((candidate) => `"${candidate}"`).join(', ')
  throw typeof value === 'string'
    ? invalidField(`has to be one of ${words}, not "${value.slice(0, 40)}"`, pointer)
    : wrongType(`one of ${words}`, value, pointer)
}

/** Whether a JSON value is an object; a number kept as written is not. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
}

/** The error for a field whose type is wrong: names what was expected and what was found. */
export function wrongType(expected: string, found: Json | undefined, pointer: string): GatewayError {
  return found === undefined
    ? invalidField(`is missing; it has to be ${expected}`, pointer)
    : invalidField(`has to be ${expected}, not ${typeName(found)}`, pointer)
}

/** An `invalid_request` error about one field: `what` continues the sentence that begins with the pointer. */
export function invalidField(what: string, pointer: string): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    message: `${pointer === '' ? 'The request body' : pointer} ${what}.`,
    param: pointer,
  })
}

/** A JSON value's type with its article, for messages. */
export function typeName(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction'
  if (typeof value === 'number' || isRawNumber(value)) return 'a number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function read<T>(
  object: JsonObject,
  key: string,
  at: string,
  as: (value: Json, pointer: string) => T,
): T | undefined {
  const value = ownValue(object, key)
  return value === undefined || value === null ? undefined : as(value, pointerTo(at, key))
}
