import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readEnvFile } from './env-file.ts'
import { findConfig } from './find.ts'

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-find-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('findConfig', () => {
  it('takes the first name that exists, TypeScript before JavaScript', () => {
    for (const end of ['mjs', 'js', 'mts', 'ts']) {
      const path = join(folder, `gateway.config.${end}`)
      writeFileSync(path, '')
      expect(findConfig(undefined, folder)).toBe(path)
    }
  })

  it('takes a file of any name, or the folder of a config', () => {
    writeFileSync(join(folder, 'mine.ts'), '')
    expect(findConfig('mine.ts', folder)).toBe(join(folder, 'mine.ts'))
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'sub', 'gateway.config.js'), '')
    expect(findConfig('sub', folder)).toBe(join(folder, 'sub', 'gateway.config.js'))
  })

  it('says where it looked', () => {
    mkdirSync(join(folder, 'gateway.config.ts'))
    expect(() => findConfig(undefined, folder)).toThrow(
      expect.objectContaining({
        message: 'There is no gateway.config.ts here.',
        details: [
          'Looked for:',
          ...['ts', 'mts', 'js', 'mjs'].map((end) => `  ${join(folder, 'gateway.config.')}${end}`),
        ],
      }),
    )
    expect(() => findConfig('nope.ts', folder)).toThrow(
      expect.objectContaining({
        message: 'There is no config at nope.ts.',
        details: ['Looked for:', `  ${join(folder, 'nope.ts')}`],
      }),
    )
  })
})

describe('readEnvFile', () => {
  it('sets what is not set, and says what it set', () => {
    writeFileSync(join(folder, '.env'), 'A=from file\nB="quoted # text"\nC=\n# D=4\n')
    const environment: Record<string, string | undefined> = { A: 'from outside', C: undefined }
    expect(readEnvFile(folder, environment)).toEqual(['B', 'C'])
    expect(environment).toEqual({ A: 'from outside', B: 'quoted # text', C: '' })
  })

  it('reads a file of a Windows editor, whose first bytes are a mark', () => {
    writeFileSync(join(folder, '.env'), '\uFEFFA=1\r\nB=2\r\n')
    const environment: Record<string, string | undefined> = {}
    expect(readEnvFile(folder, environment)).toEqual(['A', 'B'])
    expect(environment).toEqual({ A: '1', B: '2' })
  })

  it('sets what is set to nothing, as env() reads it', () => {
    writeFileSync(join(folder, '.env'), 'A=from file\n')
    const environment: Record<string, string | undefined> = { A: '' }
    expect(readEnvFile(folder, environment)).toEqual(['A'])
    expect(environment).toEqual({ A: 'from file' })
  })

  it('is content without a file, and says when it cannot read one', () => {
    expect(readEnvFile(folder, {})).toEqual([])
    mkdirSync(join(folder, '.env'))
    expect(() => readEnvFile(folder, {})).toThrow('.env cannot be read (EISDIR).')
  })
})
