import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as core from '@gantry/core'
import * as codec from '@gantry/core/codec'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as gantry from '../index.ts'
import { loadConfig } from './load.ts'

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-load-')))
  symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  vi.unstubAllEnvs()
})

async function load(text: string): Promise<Record<string, unknown>> {
  writeFileSync(join(folder, 'gateway.config.ts'), text)
  const { config } = await loadConfig(undefined, folder)
  return { ...config }
}

describe('loadConfig', () => {
  it('gives the config this copy of core, not a second one, also inside plugins it imports', async () => {
    writeFileSync(join(folder, 'part.ts'), "export { GatewayError } from '@gantry/core'\n")
    const seen = await load(`
      import * as core from '@gantry/core'
      import * as codec from '@gantry/core/codec'
      import * as gantry from 'gantry'
      import { standard } from 'gantry/presets'
      import { GatewayError } from './part.ts'
      export default { core, codec, gantry, standard, GatewayError }
    `)
    expect(seen['GatewayError']).toBe(core.GatewayError)
    expect((seen['core'] as typeof core).defineKey).toBe(core.defineKey)
    expect((seen['codec'] as typeof codec).joinRuns).toBe(codec.joinRuns)
    expect((seen['gantry'] as typeof gantry).defineGateway).toBe(core.defineGateway)
    expect(seen['standard']).toBeTypeOf('function')
  })

  it('sees an edit, of the config and of what it imports', async () => {
    writeFileSync(join(folder, 'part.ts'), 'export const part: number = 1\n')
    const text = "import { part } from './part.ts'\nexport default { part, whole: 'a' as string }\n"
    expect(await load(text)).toEqual({ part: 1, whole: 'a' })
    writeFileSync(join(folder, 'part.ts'), 'export const part: number = 2\n')
    expect(await load(text.replace("'a'", "'b'"))).toEqual({ part: 2, whole: 'b' })
  })

  it('reads .env first, without replacing what is set', async () => {
    vi.stubEnv('GANTRY_TEST_SET', 'outside')
    vi.stubEnv('GANTRY_TEST_UNSET', undefined)
    writeFileSync(join(folder, '.env'), 'GANTRY_TEST_SET=file\nGANTRY_TEST_UNSET=file\n')
    expect(
      await load('export default { set: process.env.GANTRY_TEST_SET, unset: process.env.GANTRY_TEST_UNSET }'),
    ).toEqual({ set: 'outside', unset: 'file' })
  })

  it('takes top-level await and a JavaScript config', async () => {
    writeFileSync(
      join(folder, 'gateway.config.mjs'),
      'export default await Promise.resolve({ late: true })\n',
    )
    expect((await loadConfig(undefined, folder)).config).toEqual({ late: true })
  })

  it('waits for a default export that is a promise', async () => {
    expect(await load('export default Promise.resolve({ late: true })\n')).toEqual({ late: true })
    await expect(load("export default Promise.reject(new Error('not today'))\n")).rejects.toThrow(
      /failed while it was read: not today/,
    )
  })

  it('refuses a default export that is no object', async () => {
    for (const text of [
      'export default 1',
      'export const a = 1',
      "export default 'x'",
      'export default []',
    ]) {
      await expect(load(text)).rejects.toThrow('has no default export that is a config')
    }
    await expect(load('export default () => ({})')).rejects.toThrow(
      'has a default export that is a function, not a config',
    )
  })

  it('names the line of an imported file where it threw', async () => {
    writeFileSync(
      join(folder, 'part.ts'),
      "\nexport function part(): never {\n  throw new Error('not today')\n}\n",
    )
    await expect(load("import { part } from './part.ts'\nexport default part()\n")).rejects.toMatchObject({
      message: `${join(folder, 'part.ts')}:3 failed while it was read: not today`,
      details: expect.arrayContaining([expect.stringMatching(/^> +3 \| {3}throw new Error/)]),
    })
  })

  it.each(["'a word'", '42', 'undefined', 'null', '{ a: 1 }'])(
    'names the file of a thrown %s',
    async (thrown) => {
      await expect(load(`throw ${thrown}\nexport default {}\n`)).rejects.toThrow(
        /gateway\.config\.ts failed while it was read/,
      )
    },
  )

  it('names an import of core that does not exist as the config spells it', async () => {
    await expect(
      load("import { defineGatway } from 'gantry'\nexport default defineGatway({})\n"),
    ).rejects.toThrow(/gateway\.config\.ts:2 failed while it was read: defineGatway is not a function/)
  })
})
