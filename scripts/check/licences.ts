import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Manifest, readManifest, type Workspace } from './workspace.ts'

/** Licences that ask for no more than their text to be kept. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
])

/** The licence of everything that is installed with what we publish, directly or through others. */
export function checkLicences({ packages }: Workspace): {
  readonly problems: readonly string[]
  readonly seen: number
} {
  const ours = new Set(packages.map(({ manifest }) => manifest.name))
  const seen = new Map<string, string | undefined>()
  const problems: string[] = []
  const open = packages
    .filter(({ published }) => published)
    .flatMap(({ folder, manifest }) =>
      // Peers of ours are what the user chose and installed already.
      Object.keys(manifest.dependencies ?? {}).map((name) => ({
        name,
        from: folder,
        by: manifest.name,
        optional: false,
      })),
    )
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (ours.has(next.name)) continue
    const folder = findPackage(next.name, next.from)
    if (folder === undefined) {
      if (!next.optional) problems.push(`${next.by}: needs "${next.name}", which is not installed`)
      continue
    }
    if (seen.has(folder)) continue
    const manifest = readManifest(join(folder, 'package.json'))
    const licence = licenceOf(manifest)
    seen.set(folder, licence)
    if (licence === undefined)
      problems.push(`${manifest.name}@${manifest.version}: states no licence (needed by ${next.by})`)
    else if (!isAllowed(licence))
      problems.push(
        `${manifest.name}@${manifest.version}: "${licence}" is not on the list of licences (needed by ${next.by})`,
      )
    for (const name of needsOf(manifest))
      open.push({ name, from: folder, by: manifest.name, optional: false })
    for (const name of Object.keys(manifest.optionalDependencies ?? {}))
      open.push({ name, from: folder, by: manifest.name, optional: true })
  }
  return { problems, seen: seen.size }
}

/** Reads an SPDX expression: one side of an OR is enough, an AND needs both. */
export function isAllowed(expression: string): boolean {
  const plain = expression.trim().replace(/^\((.*)\)$/, '$1')
  if (/\sOR\s/.test(plain)) return plain.split(/\sOR\s/).some(isAllowed)
  if (/\sAND\s/.test(plain)) return plain.split(/\sAND\s/).every(isAllowed)
  return allowed.has(plain)
}

// ---

function needsOf(manifest: Manifest): readonly string[] {
  const optional = manifest.peerDependenciesMeta ?? {}
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (name) => optional[name]?.optional !== true,
  )
  return [...Object.keys(manifest.dependencies ?? {}), ...peers]
}

function findPackage(name: string, from: string): string | undefined {
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (dirname(folder) === folder) return undefined
  }
}

function licenceOf({ license, licenses }: Manifest): string | undefined {
  if (typeof license === 'string') return license
  if (typeof license === 'object' && license !== null && 'type' in license) return String(license.type)
  if (!Array.isArray(licenses)) return undefined
  return licenses.map((one: { type?: string }) => one.type).join(' OR ')
}
