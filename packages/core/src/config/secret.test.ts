import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { env, isSecretRef, resolveSecrets } from './secret.ts'

describe('env()', () => {
  it('is read at boot, from the environment, then its fallback', () => {
    const read = (value: unknown, environment: { [name: string]: string }): unknown =>
      resolveSecrets(value, environment).value
    expect(read({ apiKey: env('KEY') }, { KEY: 'from-env' })).toEqual({ apiKey: 'from-env' })
    expect(read({ apiKey: env('KEY', 'else') }, {})).toEqual({ apiKey: 'else' })
    expect(read({ apiKey: env('KEY', 'else') }, { KEY: '' })).toEqual({ apiKey: 'else' })
    expect(read(env('KEY'), { KEY: 'alone' })).toBe('alone')
  })

  it('that is missing names the option and the variable, wherever it stands', () => {
    const { missing, value } = resolveSecrets({ a: { list: ['x', env('ONE')] }, b: env('TWO') }, {})
    expect(missing).toEqual([
      { path: 'a.list[1]', variable: 'ONE' },
      { path: 'b', variable: 'TWO' },
    ])
    expect(value).toEqual({ a: { list: ['x', undefined] }, b: undefined })
  })

  it('is known by its mark and shows no more than its name', () => {
    expect(isSecretRef(env('KEY'))).toBe(true)
    for (const value of [{ variable: 'KEY' }, null, 'KEY', undefined]) expect(isSecretRef(value)).toBe(false)
    expect(JSON.stringify(env('KEY', 'x'))).toBe('{"variable":"KEY","fallback":"x"}')
  })
})

describe('what the redactor is told', () => {
  it('is every value that was read, and what stands under the name of a secret', () => {
    const { secrets } = resolveSecrets(
      {
        apiKey: 'written-down',
        apiKeys: ['one', env('KEY')],
        nested: { pepper: 'salty', token: 'tok' },
        model: 'gpt',
      },
      { KEY: 'read' },
    )
    expect(secrets.toSorted()).toEqual(['one', 'read', 'salty', 'tok', 'written-down'])
  })
})

describe('everything else', () => {
  it('comes out equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const before = structuredClone(value)
        expect(resolveSecrets({ value }, {}).value).toEqual({ value: before })
        expect(value).toEqual(before)
      }),
    )
  })

  it('that is no plain object is passed as it is', () => {
    class Pool {
      apiKey = env('KEY')
    }
    const pool = new Pool()
    const hook = (): void => {}
    const options = { pool, hook, at: new Date(0), map: new Map() }
    const { value, missing } = resolveSecrets(options, {})
    expect((value as typeof options).pool).toBe(pool)
    expect((value as typeof options).hook).toBe(hook)
    expect((value as typeof options).at).toBe(options.at)
    expect(missing).toEqual([])
  })

  it('that holds nothing to read is the very object that was given, so that its identity and marks survive', () => {
    const store = Object.defineProperty({ name: 'store' }, Symbol.for('a mark'), { value: true })
    const options = { store, list: [store], apiKey: env('KEY') }
    const { value } = resolveSecrets(options, { KEY: 'read' })
    expect((value as typeof options).store).toBe(store)
    expect((value as typeof options).list).toBe(options.list)
    expect(value).not.toBe(options)
  })

  it('that refers to itself is no endless walk', () => {
    const schema: { [name: string]: unknown } = { type: 'object', key: env('KEY') }
    schema['self'] = schema
    const { value, missing } = resolveSecrets({ schema }, {})
    expect(missing).toHaveLength(1)
    expect(value).toHaveProperty('schema.type', 'object')
  })

  it('keeps a key that is called __proto__ as data', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"apiKey":"x"}') as object
    const made = resolveSecrets({ value, key: env('KEY') }, { KEY: 'k' }).value as { value: object }
    expect(Object.hasOwn(made.value, '__proto__')).toBe(true)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
