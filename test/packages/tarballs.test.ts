import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { app, installation, strictTsconfig } from './app.ts'
import { publishedPackages } from './pack.ts'
import { checkTarball } from './tarball.ts'

describe('what is published', () => {
  it('is a tarball of every package, with all that its manifest names', () => {
    const reports = installation().tarballs.map(checkTarball)
    const rows = reports.map(
      ({ name, bytes, files }) => `${name.padEnd(38)} ${kilo(bytes)}  ${files.length} files`,
    )
    console.log([...rows, `${'all'.padEnd(38)} ${kilo(sum(reports.map(({ bytes }) => bytes)))}`].join('\n'))
    expect(reports.map(({ name }) => name).toSorted()).toEqual(
      publishedPackages()
        .map(({ name }) => name)
        .toSorted(),
    )
    expect(reports.flatMap(({ problems }) => problems)).toEqual([])
  })

  it('finds all it imports where it is installed', async () => {
    // The layout is nested, so a package that relies on another one's dependencies fails here.
    const entries = installation().tarballs.flatMap((path) => entriesOf(path))
    const user = app({
      'import.mjs': `
        for (const entry of ${JSON.stringify(entries)}) {
          try {
            if (Object.keys(await import(entry)).length === 0) console.log(entry + ': exports nothing')
          } catch (error) { console.log(entry + ': ' + error.message) }
        }`,
    })
    expect(entries.length).toBeGreaterThan(publishedPackages().length)
    expect(await user.node('import.mjs')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('has declarations that a compiler checks to the ground', async () => {
    const entries = installation().tarballs.flatMap((path) => entriesOf(path))
    const lines = entries.map((entry, index) => `export type T${index} = typeof import('${entry}')`)
    const user = app({ 'all.ts': lines.join('\n'), 'tsconfig.json': strictTsconfig })
    expect(await user.run('tsc', '-p', 'tsconfig.json')).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe('the check of a tarball', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tarball-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  const good = {
    name: 'one',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    bin: { one: './dist/bin.js' },
  }
  const files = ['dist/index.js', 'dist/index.d.ts', 'dist/bin.js', 'README.md', 'LICENSE']

  it.each<
    [name: string, manifest: object, files: readonly string[], problems: readonly string[], code?: string]
  >([
    ['accepts a whole one', good, files, []],
    [
      'refuses one without its dist',
      good,
      ['README.md', 'LICENSE'],
      ['dist/index.d.ts', 'dist/index.js', 'dist/bin.js'].map((file) => `one: ${file} is not in the tarball`),
    ],
    [
      'refuses sources and recordings',
      good,
      [...files, 'src/index.ts', 'node_modules/a/index.js'],
      ['src/index.ts', 'node_modules/a/index.js'].map((file) => `one: ${file} should not be in the tarball`),
    ],
    [
      'refuses imports that are not declared',
      { ...good, dependencies: { '@a/b': '^1.0.0' } },
      files,
      ['one: imports zod, which it does not declare', 'one: imports @gantry/core, which it does not declare'],
      "import { b } from '@a/b/sub'\nimport {\n  z,\n} from \"zod\";\nexport * from './own.js'\nconst c = await import('@gantry/core/codec')\n// import x from 'y' in a comment\nimport 'node:fs'\n",
    ],
    [
      'refuses specs of the workspace',
      { ...good, dependencies: { a: 'workspace:^', b: '^1.0.0' }, peerDependencies: { c: 'catalog:' } },
      files,
      ['one: dependencies["a"] is "workspace:^"', 'one: peerDependencies["c"] is "catalog:"'],
    ],
    [
      'refuses install scripts',
      { ...good, scripts: { postinstall: 'x', build: 'y' } },
      files,
      ['one: runs postinstall where it is installed'],
    ],
  ])('%s', (name, manifest, inside, problems, code = '') => {
    const contents = Object.fromEntries(inside.map((file) => [file, file.endsWith('.js') ? code : '']))
    const path = packed(name.replaceAll(' ', '-'), { ...contents, 'package.json': JSON.stringify(manifest) })
    expect(checkTarball(path).problems).toEqual(problems)
  })

  function packed(name: string, contents: { readonly [file: string]: string }): string {
    const user = join(folder, name)
    const path = `${user}.tgz`
    for (const [file, text] of Object.entries(contents)) {
      mkdirSync(dirname(join(user, 'package', file)), { recursive: true })
      writeFileSync(join(user, 'package', file), text)
    }
    execFileSync('tar', ['-czf', path, '-C', user, 'package'])
    return path
  }
})

function entriesOf(tarball: string): readonly string[] {
  const { name, exports } = checkTarball(tarball)
  return exports.filter((entry) => !entry.endsWith('.json')).map((entry) => `${name}${entry.slice(1)}`)
}

function kilo(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(9)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
