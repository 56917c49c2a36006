import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from './error.ts'
import { spliceJson, type Splice } from './json-splice.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function splice(text: string, ...splices: Splice[]): string {
  return decoder.decode(spliceJson(encoder.encode(text), splices))
}

describe('spliceJson', () => {
  it.each<[string, string, Splice[], string]>([
    [
      'a value in place',
      '{ "model" :  "a" , "x":1.50e+3}',
      [{ pointer: '/model', value: 'b' }],
      '{ "model" :  "b" , "x":1.50e+3}',
    ],
    [
      'the last of a duplicate key',
      '{"model":"a","model":"b"}',
      [{ pointer: '/model', value: 'c' }],
      '{"model":"a","model":"c"}',
    ],
    ['an escaped key', '{"\\u006dodel":"a"}', [{ pointer: '/model', value: 'b' }], '{"\\u006dodel":"b"}'],
    ['a missing key', '{"a":1}', [{ pointer: '/store', value: false }], '{"store":false,"a":1}'],
    ['a key into an empty object', '{ }', [{ pointer: '/store', value: false }], '{"store":false }'],
    ['a missing parent', '{"a":1}', [{ pointer: '/s/i', value: true }], '{"s":{"i":true},"a":1}'],
    ['a null parent', '{"s": null}', [{ pointer: '/s/i', value: true }], '{"s": {"i":true}}'],
    [
      'into an existing parent',
      '{"s": {"o":1}}',
      [{ pointer: '/s/i', value: true }],
      '{"s": {"i":true,"o":1}}',
    ],
    [
      'the last parent of a duplicate',
      '{"s":{"i":1},"s":{"i":2}}',
      [{ pointer: '/s/i', value: 3 }],
      '{"s":{"i":1},"s":{"i":3}}',
    ],
    ['a removal at the start', '{"a": 1, "b": 2}', [{ pointer: '/a' }], '{ "b": 2}'],
    ['a removal at the end', '{"a": 1, "b": 2 }', [{ pointer: '/b' }], '{"a": 1 }'],
    ['a removal of all duplicates', '{"x":0,"a":1,"a":2}', [{ pointer: '/a' }], '{"x":0}'],
    ['two removals at the end', '{"x":0,"a":1,"b":2}', [{ pointer: '/a' }, { pointer: '/b' }], '{"x":0}'],
    [
      'everything removed and one put in',
      '{"a":1,"b":2}',
      [{ pointer: '/a' }, { pointer: '/b' }, { pointer: '/c', value: 3 }],
      '{"c":3}',
    ],
    ['a removal of what is not there', '{"a":1}', [{ pointer: '/b' }, { pointer: '/a/b/c' }], '{"a":1}'],
    ['a byte order mark', '\uFEFF {"a":1}\n', [{ pointer: '/a', value: 2 }], '\uFEFF {"a":2}\n'],
    ['an array element', '[1, {"a":2} ,3]', [{ pointer: '/1/a', value: 9 }], '[1, {"a":9} ,3]'],
    ['a new array element', '{"a":[1]}', [{ pointer: '/a/-', value: 2 }], '{"a":[1,2]}'],
    [
      'escaped pointer tokens',
      '{"a/b":{"m~n":1}}',
      [{ pointer: '/a~1b/m~0n', value: 2 }],
      '{"a/b":{"m~n":2}}',
    ],
    [
      'the prototype key as data',
      '{"a":1}',
      [{ pointer: '/__proto__/x', value: 1 }],
      '{"__proto__":{"x":1},"a":1}',
    ],
    ['the whole document', ' [1] ', [{ pointer: '', value: {} }], ' {} '],
    [
      'splices that build on each other',
      '{}',
      [
        { pointer: '/s', value: {} },
        { pointer: '/s/i', value: 1 },
      ],
      '{"s":{"i":1}}',
    ],
    [
      'brackets and quotes in strings',
      '{"t":"}\\"],{\\\\","model":"a"}',
      [{ pointer: '/model', value: 'b' }],
      '{"t":"}\\"],{\\\\","model":"b"}',
    ],
  ])('changes %s', (_name, text, splices, wanted) => {
    expect(splice(text, ...splices)).toBe(wanted)
  })

  it('returns the body itself when nothing changes', () => {
    const body = encoder.encode('{"a":1}')
    expect(spliceJson(body, [{ pointer: '/b' }])).toBe(body)
    expect(spliceJson(body, [])).toBe(body)
  })

  it.each([
    '',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":"x',
    '{a:1}',
    '{"a":1 "b":2}',
    '"x"',
    '3',
    '{"\\uZZ":1}',
    '{"a":[}',
  ])('refuses %j', (text) => {
    expect(() => splice(text, { pointer: '/a/b', value: 1 })).toThrow(WireError)
  })

  it('equals an edit of the parsed value, and leaves every other byte', () => {
    fc.assert(
      fc.property(document, fc.array(edit, { minLength: 1, maxLength: 4 }), ({ text, value }, splices) => {
        let wanted: unknown = value
        try {
          for (const one of splices) wanted = apply(wanted, one.pointer.slice(1).split('/'), one.value)
        } catch {
          wanted = refused
        }
        expect(outcome(text, splices)).toEqual(wanted)
      }),
      { numRuns: 3000 },
    )
  })

  it('touches only the bytes of the value it sets', () => {
    fc.assert(
      fc.property(document, fc.constantFrom('a', 'b'), ({ text, value }, name) => {
        fc.pre(Object.hasOwn(value as object, name))
        const marker = 'MARKER-0123456789'
        const result = splice(text, { pointer: `/${name}`, value: marker })
        const at = result.indexOf(`"${marker}"`)
        const head = result.slice(0, at)
        const tail = result.slice(at + marker.length + 2)
        expect(text.startsWith(head)).toBe(true)
        expect(text.endsWith(tail)).toBe(true)
        const old = text.slice(head.length, text.length - tail.length)
        expect(JSON.parse(old)).toEqual((value as { [name: string]: unknown })[name])
      }),
      { numRuns: 1000 },
    )
  })

  it('is linear in long strings of escapes and in many members', () => {
    for (const make of [
      (n: number) => `{"t":"${'\\"'.repeat(n)}","model":"a"}`,
      (n: number) => `{"t":"${'\\\\'.repeat(n)}","model":"a"}`,
      (n: number) => `{${'"a":1,'.repeat(n)}"model":"a"}`,
      (n: number) => `{"t":${'['.repeat(n)}${']'.repeat(n)},"model":"a"}`,
    ]) {
      const small = time(make(100_000))
      const large = time(make(1_000_000))
      expect(large).toBeLessThan(Math.max(small, 10) * 40)
    }
  })
})

const refused = 'refused'

function outcome(text: string, splices: readonly Splice[]): unknown {
  try {
    return JSON.parse(splice(text, ...splices))
  } catch (error) {
    if (WireError.is(error)) return refused
    throw error
  }
}

function time(text: string): number {
  const body = encoder.encode(text)
  const start = performance.now()
  spliceJson(body, [{ pointer: '/model', value: 'b' }])
  return performance.now() - start
}

interface Document {
  readonly text: string
  readonly value: unknown
}

const space = fc.constantFrom('', ' ', '\n', '\t ', '\r\n')
const keyText = fc.constantFrom(
  ['"a"', 'a'],
  ['"\\u0061"', 'a'],
  ['"b"', 'b'],
  ['"c"', 'c'],
  ['"\\"\\\\"', '"\\'],
  ['"漢"', '漢'],
)
const scalar: fc.Arbitrary<Document> = fc
  .constantFrom('1', '-0.5E+2', 'null', 'true', '"x"', '"}\\"],"', '"\\\\"', '""')
  .map((text) => ({ text, value: JSON.parse(text) as unknown }))

function objectOf(inner: fc.Arbitrary<Document>): fc.Arbitrary<Document> {
  return fc.array(fc.tuple(space, keyText, space, inner, space), { maxLength: 5 }).map((members) => {
    const value: { [name: string]: unknown } = {}
    for (const [, key, , item] of members) value[key[1] as string] = item.value
    const text = members.map(([a, key, b, item, c]) => `${a}${key[0]}${b}:${c}${item.text}${a}`)
    return { text: `{${text.join(',')}}`, value }
  })
}

function arrayOf(inner: fc.Arbitrary<Document>): fc.Arbitrary<Document> {
  return fc.array(fc.tuple(space, inner), { maxLength: 3 }).map((items) => ({
    text: `[${items.map(([gap, item]) => gap + item.text).join(',')}]`,
    value: items.map(([, item]) => item.value),
  }))
}

const inner = fc.oneof(scalar, objectOf(fc.oneof(scalar, objectOf(scalar))), arrayOf(scalar))
const document = objectOf(inner)
const edit: fc.Arbitrary<Splice> = fc
  .tuple(
    fc.constantFrom('/a', '/b', '/c', '/new', '/a/b', '/b/a', '/new/x', '/a/b/c'),
    fc.option(fc.constantFrom(7, 'text', null, { k: [1] }), { nil: undefined }),
  )
  .map(([pointer, value]) => (value === undefined ? { pointer } : { pointer, value }))

/** The same edit on parsed values. Throws where a set would have to write into no container. */
function apply(target: unknown, tokens: readonly string[], value: unknown): unknown {
  const [token, ...rest] = tokens as [string, ...string[]]
  if (target === null || target === undefined) {
    if (value === undefined) return target
    return { [token]: rest.length === 0 ? value : apply(undefined, rest, value) }
  }
  if (typeof target !== 'object' || Array.isArray(target)) {
    if (value === undefined) return target
    throw new Error('no object')
  }
  const copy: { [name: string]: unknown } = { ...target }
  if (rest.length === 0) {
    if (value === undefined) delete copy[token]
    else copy[token] = value
  } else if (value !== undefined || Object.hasOwn(copy, token)) copy[token] = apply(copy[token], rest, value)
  return copy
}
