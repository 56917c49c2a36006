import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Workspace } from './workspace.ts'

type Bump = 'none' | 'patch' | 'minor' | 'major'

const heights: readonly Bump[] = ['none', 'patch', 'minor', 'major']
const contract = '@gantry/core'

/**
 * A release of core that leaves the range of its peers moves them, too, and as high: changesets alone would make a
 * patch of them that wants another core. docs/decisions/0005-contract-versions.md says why.
 */
export function checkChangesets({ root, packages }: Workspace): readonly string[] {
  const bumps = readBumps(join(root, '.changeset'))
  const published = packages.filter((one) => one.published)
  const names = new Set(published.map(({ manifest }) => manifest.name))
  const problems = [...bumps.keys()]
    .filter((name) => !names.has(name))
    .map((name) => `.changeset: names "${name}", which is not published from here`)
  const core = published.find(({ manifest }) => manifest.name === contract)
  const bump = bumps.get(contract) ?? 'none'
  if (!core || !leavesRange(core.manifest.version, bump)) return problems
  const behind = published.filter(
    ({ manifest }) =>
      contract in (manifest.peerDependencies ?? {}) && height(bumps.get(manifest.name)) < height(bump),
  )
  return [
    ...problems,
    ...behind.map(
      ({ manifest }) =>
        `.changeset: a ${bump} of ${contract} breaks its peers; name "${manifest.name}" as ${bump}, too`,
    ),
  ]
}

// ---

/** Whether `^version` no longer holds after this bump. */
function leavesRange(version: string | undefined, bump: Bump): boolean {
  return bump === 'major' || (bump === 'minor' && (version ?? '').startsWith('0.'))
}

/** The highest bump of each package over all changesets. */
function readBumps(folder: string): ReadonlyMap<string, Bump> {
  const bumps = new Map<string, Bump>()
  if (!existsSync(folder)) return bumps
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.md') || file === 'README.md') continue
    const head = /^---\n([\s\S]*?)\n---/.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? ''
    for (const [, name = '', bump] of head.matchAll(/^['"]?([^'":\s]+)['"]?:\s*(patch|minor|major)\s*$/gm)) {
      if (height(bump as Bump) > height(bumps.get(name))) bumps.set(name, bump as Bump)
    }
  }
  return bumps
}

function height(bump: Bump = 'none'): number {
  return heights.indexOf(bump)
}
