import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { checkChangesets } from './changesets.ts'
import { checkDependencies } from './dependencies.ts'
import { checkDocs, declarationsOf, docProblems } from './docs.ts'
import { checkLayers } from './layers.ts'
import { checkLicences, isAllowed } from './licences.ts'
import { checkManifests } from './manifests.ts'
import { builtSql, checkSources, floatMoney } from './sources.ts'
import { packageOf, readWorkspace, type Workspace } from './workspace.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

const engines = { node: '>=26' }

/** A package.json without a fault. */
function manifest(change: object = {}): object {
  return {
    name: '@gantry/one',
    version: '0.1.0',
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    files: ['dist', 'README.md', 'LICENSE'],
    exports: { '.': './src/index.ts' },
    publishConfig: {
      access: 'public',
      exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    },
    engines,
    peerDependencies: { '@gantry/core': 'workspace:^' },
    ...change,
  }
}

/** A repository without a fault, on disk, to break in one place. */
function workspace(files: Readonly<Record<string, string | object>> = {}): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'check-'))
  roots.push(root)
  const all: Record<string, string | object> = {
    LICENSE: 'MIT',
    'package.json': { name: 'root', engines },
    'pnpm-workspace.yaml': 'minimumReleaseAge: 10080\ncatalog:\n  # production\n  zod: 4.0.0\n',
    'packages/core/package.json': manifest({
      name: '@gantry/core',
      peerDependencies: {},
      dependencies: { zod: 'catalog:' },
    }),
    'packages/core/README.md': '',
    'packages/core/src/index.ts':
      "import { z } from 'zod'\n/** What is used here. */\nexport const used = z\n",
    'packages/core/node_modules/zod/package.json': { name: 'zod', version: '4.0.0', license: 'MIT' },
    'plugins/one/package.json': manifest(),
    'plugins/one/README.md': '',
    'plugins/one/src/index.ts': "export { a } from './a.ts'\n",
    'plugins/one/src/a.ts':
      "import type { Plugin } from '@gantry/core'\nexport const a: Plugin = { name: 'a' }\n",
    ...files,
  }
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return readWorkspace(root)
}

function problemsOf(given: Workspace): readonly string[] {
  return [
    ...checkManifests(given),
    ...checkDependencies(given),
    ...checkLayers(given),
    ...checkSources(given),
    ...checkDocs(given),
    ...checkChangesets(given),
    ...checkLicences(given).problems,
  ]
}

describe('a repository', () => {
  test('without a fault has no problem', () => {
    expect(problemsOf(workspace())).toEqual([])
  })

  const a = 'plugins/one/src/a.ts'
  const own = 'plugins/one/package.json'
  const faults: readonly [string, Readonly<Record<string, string | object>>, RegExp][] = [
    [
      'install script',
      { [own]: manifest({ scripts: { postinstall: 'x' } }) },
      /must not have the script postinstall/,
    ],
    ['other engine', { [own]: manifest({ engines: { node: '>=20' } }) }, /engines\.node/],
    [
      'export without a build',
      { [own]: manifest({ publishConfig: { access: 'public' } }) },
      /publishConfig\.exports\["\."\]/,
    ],
    [
      'export of nothing',
      { [own]: manifest({ exports: { '.': './src/index.ts', './b': './src/b.ts' } }) },
      /names \.\/src\/b\.ts/,
    ],
    [
      'core as a dependency',
      { [own]: manifest({ peerDependencies: {}, dependencies: { '@gantry/core': 'workspace:^' } }) },
      /has to be a peer dependency/,
    ],
    [
      'undeclared import',
      { [a]: "import { z } from 'zod'\nimport '@gantry/core'\nexport const a = z\n" },
      /imports "zod", which plugins\/one\/package\.json does not declare for run time/,
    ],
    [
      'undeclared import in a test',
      { 'plugins/one/src/a.test.ts': "import fc from 'fast-check'\n" },
      /imports "fast-check"/,
    ],
    [
      'undeclared dynamic import',
      { [a]: "import '@gantry/core'\nexport const a = () => import('pino')\n" },
      /imports "pino"/,
    ],
    [
      'unused dependency',
      { [own]: manifest({ dependencies: { zod: 'catalog:' } }) },
      /declares "zod", which nothing that is published imports/,
    ],
    [
      'dependency used by tests only',
      {
        [own]: manifest({ dependencies: { zod: 'catalog:' } }),
        'plugins/one/src/a.test.ts': "import 'zod'\n",
      },
      /declares "zod"/,
    ],
    [
      'version outside the catalog',
      { [own]: manifest({ dependencies: { zod: '^4' } }), [a]: "import 'zod'\nimport '@gantry/core'\n" },
      /has to be "catalog:"/,
    ],
    [
      'unused catalog entry',
      { 'pnpm-workspace.yaml': 'minimumReleaseAge: 10080\ncatalog:\n  zod: 4.0.0\n  pino: 1.0.0\n' },
      /lists "pino"/,
    ],
    [
      'range in the catalog',
      { 'pnpm-workspace.yaml': 'minimumReleaseAge: 10080\ncatalog:\n  zod: ^4.0.0\n' },
      /one exact version/,
    ],
    [
      'fresh releases',
      { 'pnpm-workspace.yaml': 'minimumReleaseAge: 60\ncatalog:\n  zod: 4.0.0\n' },
      /minimumReleaseAge/,
    ],
    [
      'copyleft',
      {
        'packages/core/node_modules/zod/package.json': { name: 'zod', version: '4.0.0', license: 'AGPL-3.0' },
      },
      /"AGPL-3\.0" is not on the list/,
    ],
    [
      'no licence',
      { 'packages/core/node_modules/zod/package.json': { name: 'zod', version: '4.0.0' } },
      /states no licence/,
    ],
    [
      'copyleft two levels down',
      {
        'packages/core/node_modules/zod/package.json': {
          name: 'zod',
          version: '4.0.0',
          license: 'MIT',
          dependencies: { deep: '1' },
        },
        'packages/core/node_modules/deep/package.json': {
          name: 'deep',
          version: '1.0.0',
          license: 'GPL-3.0',
        },
      },
      /deep@1\.0\.0.*needed by zod/,
    ],
    [
      'model that imports',
      {
        'packages/core/src/model/x.ts': "import type { A } from '../contract/a.ts'\n",
        'packages/core/src/index.ts': "import 'zod'\nimport './model/x.ts'\n",
      },
      /the model must not import contract/,
    ],
    [
      'money as a number',
      { 'packages/core/src/index.ts': "import 'zod'\nexport interface Wallet { balance: number }\n" },
      /an amount has to be a bigint/,
    ],
    [
      'break of the contract that forgets a plugin',
      { '.changeset/a.md': "---\n'@gantry/core': minor\n---\n\nWhy.\n" },
      /a minor of @gantry\/core breaks its peers; name "@gantry\/one" as minor, too/,
    ],
    [
      'break of the contract that is a patch elsewhere',
      { '.changeset/a.md': "---\n'@gantry/core': major\n'@gantry/one': minor\n---\n\nWhy.\n" },
      /name "@gantry\/one" as major, too/,
    ],
    [
      'changeset of nothing',
      { '.changeset/a.md': "---\n'@gantry/two': patch\n---\n\nWhy.\n" },
      /names "@gantry\/two"/,
    ],
    [
      'export without a docstring',
      { 'packages/core/src/index.ts': "import 'zod'\nexport const used = 1\n" },
      /packages\/core\/src\/index\.ts:2: "used" is exported without a docstring/,
    ],
    [
      'export without a docstring, two files on',
      {
        'packages/core/src/index.ts': "import 'zod'\nexport * from './a.ts'\n",
        'packages/core/src/a.ts': "export { type One, two as three } from './b.ts'\n",
        'packages/core/src/b.ts':
          'export interface One {}\n/** This one has its docs. */\nexport const two = 2\nexport const own = 3\n',
      },
      /^packages\/core\/src\/b\.ts:1: "One" is exported without a docstring$/m,
    ],
    [
      'built SQL',
      {
        [a]: "import '@gantry/core'\nexport function f(db, name) {\n  db.run(`select * from t where name = '${name}'`)\n}\n",
      },
      /SQL built from text/,
    ],
  ]
  test.each(faults)('%s', (_, files, expected) => {
    const problems = problemsOf(workspace(files))
    expect(problems.join('\n')).toMatch(expected)
  })

  test('a peer may be a range, but not anything', () => {
    const peers = (version: string): Workspace =>
      workspace({
        [own]: manifest({ peerDependencies: { '@gantry/core': 'workspace:^', zod: version } }),
        [a]: "import 'zod'\nimport '@gantry/core'\n",
      })
    expect(problemsOf(peers('^4.0.0'))).toEqual([])
    expect(problemsOf(peers('*'))).toEqual(['plugins/one: peerDependencies["zod"] has to name a version'])
  })

  test('a break of the contract that names everything is fine, over several changesets, and so is a patch', () => {
    const changed = (files: Readonly<Record<string, string>>): readonly string[] =>
      problemsOf(workspace(files))
    expect(
      changed({
        '.changeset/a.md': "---\n'@gantry/core': minor\n---\n",
        '.changeset/b.md': '---\n"@gantry/one": patch\n---\n',
        '.changeset/c.md': "---\n'@gantry/one': minor\n---\n",
        '.changeset/README.md': "---\n'nothing': minor\n---\n",
      }),
    ).toEqual([])
    expect(changed({ '.changeset/a.md': "---\n'@gantry/core': patch\n---\n" })).toEqual([])
  })

  test('core with thirteen runtime dependencies is too much', () => {
    const names = Array.from({ length: 13 }, (_, index) => `d${index}`)
    const core = manifest({
      name: '@gantry/core',
      peerDependencies: {},
      dependencies: Object.fromEntries(names.map((name) => [name, 'catalog:'])),
    })
    expect(checkManifests(workspace({ 'packages/core/package.json': core })).join()).toMatch(
      /13 runtime dependencies/,
    )
  })
})

describe('docstrings', () => {
  const problemsIn = (text: string): readonly string[] => declarationsOf(text).flatMap(docProblems)

  test.each<[string, string, string[]]>([
    [
      'a documented function',
      '/** Adds two numbers. */\nexport function add(): number {\n  return 1\n}\n',
      [],
    ],
    ['several lines', '/**\n * Adds two numbers.\n * And more.\n */\nexport const add = 1\n', []],
    [
      'a comment that is no docstring',
      '/* Adds two numbers. */\nexport const add = 1\n',
      ['"add" is exported without a docstring'],
    ],
    [
      'a blank line between',
      '/** Adds two numbers. */\n\nexport const add = 1\n',
      ['"add" is exported without a docstring'],
    ],
    ['two words', '/** A thing. */\nexport type Thing = 1\n', ['"Thing" is exported without a docstring']],
    [
      'a silent throw',
      '/** Adds two numbers. */\nexport function add(): void {\n  throw new Error()\n}\n',
      ['the docstring of "add" does not say what it throws'],
    ],
    [
      'a throw that is said',
      '/** Adds two numbers, or throws. */\nexport async function add(\n  a: number,\n): Promise<void> {\n  if (a) throw new Error()\n}\n',
      [],
    ],
    [
      'a throw of somebody else',
      '/** Adds two numbers. */\nexport function add(): void {}\n\nfunction other(): void {\n  throw new Error()\n}\n',
      [],
    ],
    [
      'a bare number',
      '/** What it costs. */\nexport interface Cost {\n  readonly much: number\n}\n',
      ['"Cost.much" is a number without a unit: say it in its name or in a docstring'],
    ],
    [
      'numbers that are explained',
      '/** What it costs; `much` in cents. */\nexport interface Cost {\n  readonly much: bigint\n  readonly waitMs: number\n  /** Grams. */\n  readonly weight?: number\n}\n',
      [],
    ],
  ])('%s', (_, text, expected) => {
    expect(problemsIn(text)).toEqual(expected)
  })
})

describe('pieces', () => {
  test.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['MIT AND GPL-3.0', false],
    ['Apache-2.0 AND BSD-3-Clause', true],
    ['SEE LICENSE IN x', false],
  ])('licence %s: %s', (expression, expected) => {
    expect(isAllowed(expression)).toBe(expected)
  })

  test.each([
    ['./a.ts', undefined],
    ['node:fs', undefined],
    ['fs', undefined],
    ['@a/b/c', '@a/b'],
    ['a/b', 'a'],
    ['@a/${name}', undefined],
  ])('package of %s is %s', (specifier, expected) => {
    expect(packageOf(specifier)).toBe(expected)
  })

  test('SQL from constants of the module is fine, from arguments it is not', () => {
    const text = [
      'const columns = `a, b`',
      'const select = `select ${columns} from t`',
      'function f(name: string) {',
      '  run(`select ${columns} from t`)',
      '  run(`select ${name} from t`)',
      "  run('delete from t where name = ' + name)",
      '  // sql: a whole number by its type',
      '  run(`pragma user_version = ${name}`)',
      '}',
    ]
    expect(builtSql({ text: text.join('\n') })).toEqual([5, 6])
  })

  test('money in floating point is found, its excuse is heard', () => {
    expect(
      floatMoney({
        text: 'a: {\n  amount: number\n  count: number\n  // number: a count\n  cost: number\n}',
      }),
    ).toEqual([2])
  })
})
