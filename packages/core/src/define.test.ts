import { describe, expect, it } from 'vitest'
import { bootNotes, definePlugin, defineProvider } from './define.ts'
import type { Schema } from './contract/index.ts'
import { env } from './config/secret.ts'
import { resolveConfig } from './config/resolve.ts'

/** A schema by hand: core names no library. */
function schemaOf<In, Out>(
  read: (value: unknown) => Out | { path: readonly string[]; message: string },
): Schema<In, Out> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const made = read(value)
        const wrong = typeof made === 'object' && made !== null && 'message' in made
        return wrong ? { issues: [made] } : { value: made as Out }
      },
    },
  }
}

interface Options {
  readonly size?: number
  readonly apiKey?: string | ReturnType<typeof env>
}

const sizes = schemaOf<Options | undefined, { size: number }>((value) => {
  const size = (value as Options | undefined)?.size ?? 3
  return typeof size === 'number' ? { size } : { path: ['size'], message: 'has to be a number' }
})
const sized = definePlugin({
  name: 'sized',
  schema: sizes,
  create: ({ size }) => ({ name: `sized-${size}` }),
})

describe('definePlugin', () => {
  it('gives create the validated options, defaults filled in', () => {
    expect(sized()).toMatchObject({ name: 'sized-3' })
    expect(sized({ size: 7 })).toMatchObject({ name: 'sized-7' })
    expect(bootNotes(sized())).toMatchObject({ problems: [], secrets: [] })
  })

  it('carries what is wrong to the boot instead of throwing, and does not create', () => {
    let created = 0
    const counted = definePlugin({
      name: 'counted',
      schema: sizes,
      create: () => {
        created++
        return { name: 'counted' }
      },
    })
    const plugin = counted({ size: 'big' as never })
    expect(created).toBe(0)
    expect(bootNotes(plugin).problems).toMatchObject([
      { code: 'INVALID_OPTION', severity: 'error', path: 'counted.size' },
    ])
    expect(
      resolveConfig({ plugins: [plugin], providers: {}, models: {}, groups: {} }).problems,
    ).toContainEqual(expect.objectContaining({ code: 'INVALID_OPTION', path: 'counted.size' }))
  })

  it('names the variable that an option wanted, and hands secrets to the redactor', () => {
    const missing = bootNotes(sized({ apiKey: env('GANTRY_TEST_NOT_SET') }))
    expect(missing.problems).toMatchObject([
      {
        code: 'MISSING_ENVIRONMENT_VARIABLE',
        path: 'sized.apiKey',
        message: expect.stringContaining('GANTRY_TEST_NOT_SET') as string,
      },
    ])
    expect(bootNotes(sized({ apiKey: 'a-written-key' })).secrets).toEqual(['a-written-key'])
  })

  it('tells what is wrong with each of several plugins that have no name yet', () => {
    const unnamed = definePlugin<{ key: unknown }>({ create: () => ({ name: 'made' }) })
    const { problems } = resolveConfig({
      plugins: [unnamed({ key: env('GANTRY_TEST_ONE') }), unnamed({ key: env('GANTRY_TEST_TWO') })],
      providers: {},
      models: {},
      groups: {},
    })
    const told = problems.map(({ message }) => message).join('\n')
    expect(told).toContain('GANTRY_TEST_ONE')
    expect(told).toContain('GANTRY_TEST_TWO')
  })

  it('refuses a schema that validates later: boot could not wait for it', () => {
    const late = definePlugin<{ size: number }>({
      name: 'late',
      schema: {
        '~standard': { version: 1, vendor: 'test', validate: () => Promise.resolve({ value: { size: 1 } }) },
      },
      create: () => ({ name: 'late' }),
    })
    expect(() => late({ size: 1 })).toThrow(/late.*synchronously/)
  })

  it('notes stay out of what is enumerated, and a plugin without them has none', () => {
    expect(Object.keys(sized())).toEqual(['name'])
    expect(bootNotes({ name: 'by hand' })).toMatchObject({ problems: [], secrets: [] })
  })
})

describe('defineProvider', () => {
  const host = defineProvider({
    name: 'host',
    schema: schemaOf<{ url: string }, { url: string }>((value) => {
      const { url } = value as { url: string }
      return URL.canParse(url) ? { url } : { path: ['url'], message: 'is no URL' }
    }),
    create: ({ url }) => ({
      name: 'host',
      provider: (name) => ({
        name,
        speaks: ['c'],
        cancelStopsBilling: true,
        endpoint: () => ({ url, headers: {} }),
      }),
    }),
  })

  it('makes providers under the names of the config', () => {
    const made = host({ url: 'https://example.com' }).provider('mine')
    expect(made).toMatchObject({ name: 'mine', speaks: ['c'] })
  })

  it('two of one package that are both wrong are both told, by their names in the config', () => {
    const { problems } = resolveConfig({
      plugins: [],
      providers: { first: host({ url: 'no' }), second: host({ url: 'neither' }) },
      models: {},
      groups: {},
    })
    expect(problems.filter(({ code }) => code === 'INVALID_OPTION').map(({ path }) => path)).toEqual([
      'providers.first.url',
      'providers.second.url',
    ])
  })
})
