import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { configText, gantry, project } from './harness.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

const settings = {
  target: 'esnext',
  module: 'nodenext',
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: ['node'],
}

/** A config in a folder from which the workspace's TypeScript is found. */
async function folder(files: { readonly [name: string]: string }): Promise<string> {
  const path = await mkdtemp(join(import.meta.dirname, '../.run-'))
  folders.push(path)
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}

const config = (to: string): string => `
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
export default defineGateway({
  plugins: [standard({ auth: { pepper: 'a pepper for this test' } })],
  store: memory(),
  providers: { sim: simulator() },
  models: { m: { to: ${to}, price: 'free' } },
  groups: { all: { models: ['*'] } },
  defaultGroup: 'all',
})
`
const tsconfig = (include: readonly string[]): string =>
  JSON.stringify({ compilerOptions: settings, include })

describe('gantry check --types', () => {
  it("runs the user's own compiler, and names file, line and column", async () => {
    const good = await folder({ 'gateway.config.ts': config("'sim/a'"), 'tsconfig.json': tsconfig(['*.ts']) })
    const fine = await gantry(['check', '--types'], { cwd: good })
    expect(fine.stdout).toMatch(/Types, by TypeScript \d+\.\d+\.\d+\S*\n {2}no errors\n/)
    expect(fine.code).toBe(0)

    // The gateway would boot: what runs is right, only its type is wrong.
    const bad = await folder({
      'gateway.config.ts': config("'sim/a' as 'smi/a'"),
      'tsconfig.json': tsconfig(['*.ts']),
    })
    const { code, stdout } = await gantry(['check', '--types'], { cwd: bad })
    expect(stdout).toMatch(/^ {2}gateway\.config\.ts:10:\d+: TS2322: /m)
    expect(stdout).toMatch(/0 errors, 0 warnings, 1 type error: it boots\.\n$/)
    expect(code).toBe(1)
    const json = await gantry(['check', '--types', '--json'], { cwd: bad })
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [],
      types: { ok: false, errors: [{ file: 'gateway.config.ts', line: 10, code: 'TS2322' }] },
    })
    // Without the flag it is what it was: a config is not type-checked.
    expect((await gantry(['check'], { cwd: bad })).code).toBe(0)
  })

  it('says that settings leave the config out', async () => {
    const cwd = await folder({
      'gateway.config.ts': config("'sim/a'"),
      'other.ts': 'export {}\n',
      'tsconfig.json': tsconfig(['other.ts']),
    })
    const { code, stdout } = await gantry(['check', '--types'], { cwd })
    expect(code).toBe(1)
    expect(stdout).toContain('tsconfig.json does not include gateway.config.ts')
  })

  it('shows what is wrong with the settings', async () => {
    const compilerOptions = { ...settings, stric: true }
    const cwd = await folder({
      'gateway.config.ts': config("'sim/a'"),
      'tsconfig.json': JSON.stringify({ compilerOptions }),
    })
    const { code, stdout } = await gantry(['check', '--types'], { cwd })
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^ {2}tsconfig\.json:1:\d+: TS5023: .*stric/m)])
  })

  it("shows the user's own mistakes before those of packages", async () => {
    const compilerOptions = { ...settings, allowImportingTsExtensions: false }
    const cwd = await folder({
      'gateway.config.ts': config("'sim/a' as 'smi/a'"),
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    })
    const { stdout } = await gantry(['check', '--types'], { cwd })
    expect(stdout).toMatch(/Types, by .*\n {2}gateway\.config\.ts:10:\d+: TS2322: /)
    expect(stdout).toMatch(/^ {2}and \d+ more lines; --json has them all$/m)
  })

  it('says how to get a TypeScript where there is none', async () => {
    const cwd = project({ 'gateway.config.ts': configText() })
    const { code, stderr } = await gantry(['check', '--types'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('There is no TypeScript here to check types with.')
    expect(stderr).toContain('npm install --save-dev typescript')
  })
})

describe('gantry check --json', () => {
  it.each([
    ['no config', {}, 'There is no gateway.config.ts here.'],
    ['a syntax error', { 'gateway.config.ts': 'export default {' }, 'is not valid TypeScript'],
    ['no TypeScript', { 'gateway.config.ts': configText() }, 'There is no TypeScript here'],
  ])('is JSON with one problem where there is %s', async (_, files, message) => {
    const { code, stdout, stderr } = await gantry(['check', '--types', '--json'], { cwd: project(files) })
    expect([code, stderr]).toEqual([1, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: [{ code: 'NOT_CHECKED', severity: 'error', message: expect.stringContaining(message) }],
    })
  })
})
