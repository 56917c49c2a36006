import type { ConfigProblem } from './problem.ts'
import { didYouMean } from './nearest.ts'

/** Takes a problem; resolving goes on with what is left. */
export type Reporter = (problem: ConfigProblem) => unknown

/** An object whose keys are data. */
export interface Table {
  readonly [key: string]: unknown
}

/** What a value has to be, and how to say it. */
export interface Shape {
  readonly expected: string
  test(value: unknown): boolean
}

/** A text that is not empty. */
export const text: Shape = { expected: 'a text', test: (value) => typeof value === 'string' && value !== '' }

/** `true` or `false`. */
export const flag: Shape = { expected: 'true or false', test: (value) => typeof value === 'boolean' }

/** A finite number, at least zero. */
export const amount: Shape = {
  expected: 'a number, at least 0',
  test: (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0,
}

/** Any finite number. */
export const finite: Shape = { expected: 'a number', test: (value) => Number.isFinite(value) }

/** A whole number within bounds. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape {
  const upTo = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`
  return {
    expected: `a whole number ${upTo}`,
    test: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  }
}

/** One of a few values. */
export function oneOf(...values: readonly (string | number)[]): Shape {
  return {
    expected: `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
    test: (value) => values.some((one) => one === value),
  }
}

/** A list of texts. */
export const texts: Shape = {
  expected: 'a list of texts',
  test: (value) => Array.isArray(value) && value.every(text.test),
}

/** A plain object, also one from another realm; a class instance or one with a planted prototype is not. */
export function isTable(value: unknown): value is Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The table at `path`, or an empty one and a problem. */
export function tableOf(value: unknown, path: string, report: Reporter): Table {
  if (isTable(value)) return value
  report(wrongType(path, 'an object', value))
  return {}
}

/** Reads an object by shapes: wrong values and unknown keys are reported, what is right is kept. */
export function readTable(
  value: Table,
  shapes: { readonly [key: string]: Shape },
  path: string,
  report: Reporter,
  unknownKeys: ConfigProblem['severity'] = 'error',
): Table {
  const kept: { [key: string]: unknown } = Object.create(null)
  for (const [key, item] of Object.entries(value)) {
    const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined
    const at = path === '' ? key : `${path}.${key}`
    if (!shape) {
      report({
        code: 'UNKNOWN_OPTION',
        severity: unknownKeys,
        path: at,
        message: 'is not an option.',
        fix: didYouMean(key, Object.keys(shapes)),
      })
      if (unknownKeys === 'warning') kept[key] = item
    } else if (item !== undefined && !shape.test(item)) report(wrongType(at, shape.expected, item))
    else if (item !== undefined) kept[key] = item
  }
  return kept
}

/** The problem of a value of the wrong type. Names the kind of value, never the value: it may be a secret. */
export function wrongType(path: string, expected: string, value: unknown): ConfigProblem {
  return {
    code: 'WRONG_TYPE',
    severity: 'error',
    path,
    message: `has to be ${expected}, not ${kindOf(value)}.`,
  }
}

// ---

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'an empty text'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return 'a text'
  if (value instanceof Promise) return 'a promise'
  if (typeof value === 'object') return isTable(value) ? 'an object' : 'an object of a class'
  return `a ${typeof value}`
}
