import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix, relative, sep } from 'node:path'

/** A package.json, as far as the checks read it. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly private?: boolean
  readonly type?: string
  readonly license?: unknown
  readonly licenses?: unknown
  readonly sideEffects?: unknown
  readonly files?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly publishConfig?: { readonly access?: string; readonly exports?: Readonly<Record<string, unknown>> }
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** One package of the workspace. */
export interface Package {
  /** From the root, with slashes: `plugins/auth-keys`. */
  readonly path: string
  readonly folder: string
  readonly manifest: Manifest
  readonly published: boolean
  readonly sources: readonly SourceFile[]
}

/** A TypeScript file and what it imports. */
export interface SourceFile {
  /** From the package's folder. */
  readonly path: string
  readonly text: string
  /** Not part of what is published: tests and what only they use. */
  readonly test: boolean
  readonly imports: readonly Import[]
}

/** One import statement or call. */
export interface Import {
  readonly specifier: string
  readonly typeOnly: boolean
}

/** The whole repository. */
export interface Workspace {
  readonly root: string
  readonly manifest: Manifest
  readonly settings: string
  readonly catalog: ReadonlyMap<string, string>
  readonly packages: readonly Package[]
}

/** Reads everything the checks look at. */
export function readWorkspace(root: string): Workspace {
  const settings = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const folders = globSync(
    ['packages/*/package.json', 'plugins/*/package.json', 'playground/*/package.json', 'test/package.json'],
    { cwd: root },
  )
  return {
    root,
    manifest: readManifest(join(root, 'package.json')),
    settings,
    catalog: readCatalog(settings),
    packages: folders
      .map((file) => readPackage(root, join(root, file, '..')))
      .toSorted((left, right) => (left.path < right.path ? -1 : 1)),
  }
}

/** Reads a package.json. */
export function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

/** The npm name in an import: `@scope/name/sub` is `@scope/name`; undefined for relative paths and Node's own modules. */
export function packageOf(specifier: string): string | undefined {
  if (/^(?:\.|\/|#|virtual:|data:)|\$\{/.test(specifier) || isBuiltin(specifier)) return undefined
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}

// ---

const importPattern =
  /(?:^|[;\n])\s*(?:import|export)\s+(type\s+)?(?:[\w*\s{},$]*?\sfrom\s*)?['"]([^'"\n]+)['"]|(?:\bimport|import\.meta\.resolve|\brequire(?:\.resolve)?)\(\s*['"]([^'"\n]+)['"]/g

function readPackage(root: string, folder: string): Package {
  const manifest = readManifest(join(folder, 'package.json'))
  const path = relative(root, folder).split(sep).join('/')
  const files = globSync('**/*.{ts,mts}', {
    cwd: folder,
    exclude: (name) => ['node_modules', 'dist', 'fixtures'].includes(String(name)),
  })
  const sources = files
    .filter((file) => existsSync(join(folder, file)))
    .map((file) => readSource(folder, file.split(sep).join('/')))
  const shipped = reachable(sources, entriesOf(manifest))
  return {
    path,
    folder,
    manifest,
    published: manifest.private !== true,
    sources: sources.map((source) => ({ ...source, test: !shipped.has(source.path) })),
  }
}

/** Source files that exports and commands begin with. */
function entriesOf({ exports = {}, bin = {} }: Manifest): readonly string[] {
  return [...Object.values(exports), ...Object.values(bin)]
    .filter((entry) => typeof entry === 'string')
    .map((entry) => posix.normalize(entry))
}

/** What the build follows from the entries; everything else is there for tests. */
function reachable(
  sources: readonly Omit<SourceFile, 'test'>[],
  entries: readonly string[],
): ReadonlySet<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const seen = new Set<string>()
  const open = [...entries]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const source = byPath.get(next)
    if (!source || seen.has(next)) continue
    seen.add(next)
    for (const { specifier } of source.imports) {
      if (specifier.startsWith('.')) open.push(posix.join(posix.dirname(next), specifier))
    }
  }
  return seen
}

function readSource(folder: string, path: string): Omit<SourceFile, 'test'> {
  const text = readFileSync(join(folder, path), 'utf8')
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const imports = [...code.matchAll(importPattern)].map(([all, type, statement, call]) => ({
    specifier: statement ?? call ?? '',
    typeOnly: type !== undefined || onlyTypes(all),
  }))
  return { path, text, imports }
}

/** `import { type A, type B } from …` leaves nothing at run time either. */
function onlyTypes(statement: string): boolean {
  const names = /^[\s;]*(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1]
  return (
    names !== undefined &&
    names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '))
  )
}

function readCatalog(settings: string): ReadonlyMap<string, string> {
  const block = /^catalog:\n((?:[ #].*\n|\n)*)/m.exec(settings)?.[1] ?? ''
  const entries = [...block.matchAll(/^ {2}'?([^'\s:#]+)'?:\s*(\S+)/gm)]
  return new Map(entries.map(([, name = '', version = '']) => [name, version]))
}
