import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { argumentsToObject, objectToArguments } from './arguments.ts'

describe('argumentsToObject', () => {
  it('takes empty arguments for an empty object, without a word', () => {
    const invalid = vi.fn<() => void>()
    expect(argumentsToObject('', invalid)).toEqual({})
    expect(argumentsToObject(' \n', invalid)).toEqual({})
    expect(invalid).not.toHaveBeenCalled()
  })

  it.each(['{"city":', 'not json', '[1]', '"text"', 'null', '7'])('wraps %s and says so', (text) => {
    const invalid = vi.fn<() => void>()
    expect(argumentsToObject(text, invalid)).toEqual({ __raw: text })
    expect(invalid).toHaveBeenCalledOnce()
  })

  it('wraps what nests deeper than the engine walks instead of failing', () => {
    const text = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect(argumentsToObject(text)).toEqual({ __raw: text })
  })

  it.each(['{"id":12345678901234567890}', '{"a":1.0,"b":[1e2]}', '{"__proto__":{"x":1}}', '{}'])(
    'gives %s back as written',
    (text) => {
      expect(objectToArguments(argumentsToObject(text))).toBe(text)
    },
  )
})

describe('objectToArguments', () => {
  it('gives text that was never JSON back', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text.trim() !== '')
        let wrapped = false
        const object = argumentsToObject(text, () => (wrapped = true))
        expect(objectToArguments(object)).toBe(wrapped ? text : JSON.stringify(object))
      }),
    )
  })

  it('keeps an object whose own field is called __raw', () => {
    for (const object of [{ __raw: '{}' }, { __raw: '' }, { __raw: 'x', more: 1 }, { __raw: 1 }]) {
      expect(argumentsToObject(objectToArguments(object))).toEqual(object)
    }
  })
})
