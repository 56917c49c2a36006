import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'

/** What of a tarball has to hold before it is published. */
export interface TarballReport {
  readonly name: string
  /** Compressed. */
  readonly bytes: number
  /** Paths below the package's folder. */
  readonly files: readonly string[]
  /** Paths that can be imported, as the manifest writes them: `.`, `./codec`. */
  readonly exports: readonly string[]
  readonly problems: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly exports?: { readonly [path: string]: unknown }
  readonly bin?: { readonly [name: string]: string }
  readonly scripts?: { readonly [name: string]: string }
  readonly dependencies?: Specs
  readonly peerDependencies?: Specs
  readonly optionalDependencies?: Specs
}

type Specs = { readonly [name: string]: string }

/** Looks into a tarball as npm would unpack it: is everything there that its manifest names, and nothing else? */
export function checkTarball(path: string): TarballReport {
  const files = tar(['-tzf', path])
    .split('\n')
    .filter((line) => line.startsWith('package/') && !line.endsWith('/'))
    .map((line) => line.slice('package/'.length))
  const manifest = JSON.parse(tar(['-xzOf', path, 'package/package.json'])) as Manifest
  const there = new Set(files)
  const missing = [...targetsOf(manifest), 'README.md', 'LICENSE'].filter((file) => !there.has(file))
  const strange = files.filter(
    (file) => !/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(file),
  )
  return {
    name: manifest.name,
    bytes: statSync(path).size,
    files,
    exports: Object.keys(manifest.exports ?? {}),
    problems: [
      ...missing.map((file) => `${manifest.name}: ${file} is not in the tarball`),
      ...strange.map((file) => `${manifest.name}: ${file} should not be in the tarball`),
      ...importProblems(manifest, files.some((file) => file.startsWith('dist/')) ? sourcesOf(path) : ''),
      ...specProblems(manifest),
      ...scriptProblems(manifest),
    ],
  }
}

// ---

/** Files that exports and commands name, at any depth of conditions. */
function targetsOf({ exports = {}, bin = {} }: Manifest): readonly string[] {
  const found: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'string') found.push(value.replace(/^\.\//, ''))
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect)
  }
  collect(exports)
  collect(bin)
  return [...new Set(found)]
}

/** What the code and its declarations import has to be declared, not only be there by luck. */
function importProblems(manifest: Manifest, code: string): readonly string[] {
  const declared = new Set([
    manifest.name,
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ])
  const imported = new Set<string>()
  for (const [, statement, call] of code.matchAll(
    /^(?:import|export)\b[^;]*?["']([^"']+)["'];?$|\bimport\(["']([^"']+)["']\)/gm,
  )) {
    const [scope = '', name = ''] = (statement ?? call ?? '').split('/')
    if (scope.startsWith('.') || scope.startsWith('node:')) continue
    imported.add(scope.startsWith('@') ? `${scope}/${name}` : scope)
  }
  return [...imported]
    .filter((name) => !declared.has(name))
    .map((name) => `${manifest.name}: imports ${name}, which it does not declare`)
}

function sourcesOf(path: string): string {
  return tar(['-xzOf', path, 'package/dist'])
}

/** `workspace:` and `catalog:` mean nothing outside the workspace. */
function specProblems(manifest: Manifest): readonly string[] {
  return (['dependencies', 'peerDependencies', 'optionalDependencies'] as const).flatMap((field) =>
    Object.entries(manifest[field] ?? {})
      .filter(([, spec]) => spec.includes(':'))
      .map(([name, spec]) => `${manifest.name}: ${field}["${name}"] is "${spec}"`),
  )
}

function scriptProblems({ name, scripts = {} }: Manifest): readonly string[] {
  return ['preinstall', 'install', 'postinstall', 'prepare']
    .filter((script) => script in scripts)
    .map((script) => `${name}: runs ${script} where it is installed`)
}

function tar(words: readonly string[]): string {
  return execFileSync('tar', words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}
