import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { gantry, project } from './harness.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

/** An empty folder from which the workspace's packages and its TypeScript are found. */
async function empty(): Promise<string> {
  const folder = await mkdtemp(join(import.meta.dirname, '../.run-'))
  folders.push(folder)
  return folder
}

const env = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2', UPSTREAM_API_KEY: 'sk-3' }

describe('gantry init', () => {
  it.each([
    [['--provider', 'simulator', '--store', 'memory'], 'sim-small'],
    [['--provider', 'openai,anthropic'], 'gpt-5.5'],
    [['--provider', 'compatible,openai', '--url', 'https://api.example.com/v1', '--model', "org/it's"], ''],
    [
      ['--provider', 'compatible', '--url', 'https://api.example.com/v1', '--model', 'org/model:7b'],
      'org/model:7b',
    ],
    [['--provider', 'local', '--model', 'llama3.2'], 'llama3.2'],
  ])('%j writes a config that boots and whose types are right', async (flags, model) => {
    const cwd = await empty()
    const made = await gantry(['init', ...flags], { cwd })
    if (model === '') {
      expect([made.code, readdirSync(cwd)]).toEqual([1, []])
      expect(made.stderr).toContain('is not the name of a model')
      return
    }
    expect(made.code).toBe(0)
    expect(made.stdout.split('\n')).toEqual([
      'gateway.config.ts',
      'package.json',
      'tsconfig.json',
      '.gitignore',
      '',
    ])
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toContain('.env\n')
    const checked = await gantry(['check', '--types', '--json'], { cwd, env })
    const report = JSON.parse(checked.stdout) as object
    expect(report).toMatchObject({ ok: true, types: { ok: true, errors: [] } })
    expect(report).toMatchObject({
      inspection: { routes: expect.arrayContaining([expect.objectContaining({ model })]) },
    })
    expect(checked.code).toBe(0)
  })

  it('leaves what is there alone, and takes .mts where files are CommonJS', async () => {
    const cwd = await empty()
    const manifest = JSON.stringify({ dependencies: { gantry: '*' } })
    await writeFile(join(cwd, 'package.json'), manifest)
    const made = await gantry(['init', '--provider', 'simulator', '--json'], { cwd })
    expect(JSON.parse(made.stdout)).toMatchObject({
      files: ['gateway.config.mts', 'tsconfig.json', '.gitignore'],
      install: ['@gantry/provider-simulator', '@gantry/store-sqlite'],
      variables: [],
    })
    expect(readFileSync(join(cwd, 'package.json'), 'utf8')).toBe(manifest)
    expect((await gantry(['check', '--types'], { cwd })).code).toBe(0)

    const again = await gantry(['init', '--provider', 'openai'], { cwd })
    expect(again.code).toBe(1)
    expect(again.stderr).toContain(`There is a config already: ${join(cwd, 'gateway.config.mts')}`)
    const below = await gantry(['init', 'deep/er', '--provider', 'openai'], { cwd })
    expect([below.code, existsSync(join(cwd, 'deep/er/gateway.config.ts'))]).toEqual([0, true])
    expect(below.stderr).toContain('OPENAI_API_KEY')
    const file = await gantry(['init', 'package.json', '--provider', 'openai'], { cwd })
    expect([file.code, file.stderr]).toEqual([1, expect.stringContaining('Nothing can be written to')])
  })

  it.each([
    [['init'], 'no terminal to ask at'],
    [['init', '--provider', 'opnai'], 'Did you mean "openai"?'],
    [['init', '--provider', 'openai', '--store', 'redis'], '--store is sqlite or memory'],
    [['init', '--provider', 'local'], 'Add --model <name>.'],
    [['init', '--provider', 'compatible', '--model', 'm'], 'Add --url'],
    [['init', '--provider', 'compatible', '--model', 'm', '--url', 'host/v1'], '--url is like'],
    [['init', '--provider', 'openai', '--model', 'm'], 'are for compatible and local'],
    [['init', '--provider', 'local,compatible', '--model', 'm'], 'at a time'],
  ])('%j is refused, and nothing is written', async (words, hint) => {
    const cwd = project({})
    const { code, stdout, stderr } = await gantry(words, { cwd })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(hint)
    expect(readdirSync(cwd)).toEqual(['node_modules'])
  })
})
