import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Package, Workspace } from './workspace.ts'

const coreRuntimeDependencies = 12
const installScripts = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare']

/** What npm will see of each package that is published. */
export function checkManifests({ root, manifest, packages }: Workspace): readonly string[] {
  const engine = manifest.engines?.['node']
  const problems: string[] = []
  if (!existsSync(join(root, 'LICENSE')))
    problems.push('LICENSE is missing at the root; pnpm copies it into every package')
  for (const one of packages.filter(({ published }) => published)) {
    const say = (problem: string): void => void problems.push(`${one.path}: ${problem}`)
    const { manifest: own } = one
    if (!existsSync(join(one.folder, 'README.md'))) say('has no README.md')
    if (own.license !== 'MIT') say('license has to be MIT')
    if (own.type !== 'module') say('type has to be module')
    if (own.sideEffects !== false) say('sideEffects has to be false')
    if (own.engines?.['node'] !== engine) say(`engines.node has to be "${engine}", as at the root`)
    if (own.publishConfig?.access !== 'public') say('publishConfig.access has to be public')
    for (const file of ['dist', 'README.md', 'LICENSE'])
      if (!own.files?.includes(file)) say(`files has to list ${file}`)
    for (const script of installScripts)
      if (own.scripts?.[script] !== undefined) say(`must not have the script ${script}`)
    checkExports(one, say)
    checkPeers(one, say)
    if (own.name === '@gantry/core') {
      const count = Object.keys(own.dependencies ?? {}).length
      if (count > coreRuntimeDependencies)
        say(`has ${count} runtime dependencies, at most ${coreRuntimeDependencies} are allowed`)
    }
  }
  return problems
}

// ---

/** In the workspace an export is a source file; published, the file that the build makes of it. */
function checkExports({ folder, manifest }: Package, say: (problem: string) => void): void {
  const here = manifest.exports ?? {}
  const there = manifest.publishConfig?.exports ?? {}
  if (!('.' in here)) say('exports has no "."')
  for (const name of new Set([...Object.keys(here), ...Object.keys(there)])) {
    if (name === './package.json') continue
    const source = here[name]
    if (typeof source !== 'string' || !source.startsWith('./src/')) {
      say(`exports["${name}"] has to be a file in ./src`)
      continue
    }
    if (!existsSync(join(folder, source))) say(`exports["${name}"] names ${source}, which is not there`)
    const built = source.replace('./src/', './dist/').replace(/\.ts$/, '')
    const published = there[name] as { types?: string; default?: string } | undefined
    if (published?.types !== `${built}.d.ts` || published.default !== `${built}.js`) {
      say(`publishConfig.exports["${name}"] has to be { types: "${built}.d.ts", default: "${built}.js" }`)
    }
  }
}

/** A second copy of core in one process would split its keys and brands across versions. */
function checkPeers({ path, manifest }: Package, say: (problem: string) => void): void {
  if (!path.startsWith('plugins/')) return
  if (manifest.dependencies?.['@gantry/core'] !== undefined)
    say('@gantry/core has to be a peer dependency, not a dependency')
  if (manifest.peerDependencies?.['@gantry/core'] === undefined)
    say('@gantry/core has to be a peer dependency')
}
