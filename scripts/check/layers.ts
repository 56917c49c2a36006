import { posix } from 'node:path'
import { type Package, packageOf, type SourceFile, type Workspace } from './workspace.ts'

/** Who may import whom: the arrows of docs/architecture.md, so that no shortcut creeps in. */
export function checkLayers({ packages }: Workspace): readonly string[] {
  const problems: string[] = []
  for (const one of packages.filter(({ published }) => published)) {
    for (const file of one.sources.filter(({ test }) => !test)) problems.push(...layerProblems(one, file))
  }
  return problems
}

// ---

const restricted: { readonly [name: string]: readonly string[] } = {
  '@gantry/wire': [],
  '@gantry/core': ['@gantry/wire'],
  '@gantry/ledger': ['@gantry/core'],
}

function layerProblems({ path, manifest }: Package, file: SourceFile): readonly string[] {
  const problems: string[] = []
  const at = `${path}/${file.path}`
  for (const { specifier, typeOnly } of file.imports) {
    const name = packageOf(specifier)
    if (name?.startsWith('@gantry/') && restricted[manifest.name]?.includes(name) === false)
      problems.push(`${at}: ${manifest.name} must not import ${name}`)
    if (path.startsWith('plugins/protocol-') && name?.startsWith('@gantry/protocol-'))
      problems.push(`${at}: a protocol must not import a protocol`)
    if (path.startsWith('plugins/provider-') && name?.startsWith('@gantry/protocol-'))
      problems.push(`${at}: a provider names protocols by string`)
    if (path.startsWith('plugins/') && name === '@gantry/testing')
      problems.push(`${at}: @gantry/testing is for tests`)
    if (manifest.name === '@gantry/core' && specifier.startsWith('.'))
      problems.push(...coreProblems(at, file.path, specifier, typeOnly))
  }
  return problems
}

/** Inside core: the model imports nothing, the contract only types, and neither the codecs nor the config reach into the pump. */
function coreProblems(at: string, file: string, specifier: string, typeOnly: boolean): readonly string[] {
  const layer = layerOf(file)
  const target = layerOf(posix.join(posix.dirname(file), specifier))
  if (layer === target) return []
  if (layer === 'model') return [`${at}: the model must not import ${target}`]
  if (layer === 'contract' && !typeOnly) return [`${at}: the contract imports types only`]
  const inner = layer === 'codec' || layer === 'config'
  const outer = ['pump', 'run', 'server', 'hooks'].includes(target)
  return inner && outer ? [`${at}: ${layer} must not reach into ${target}`] : []
}

function layerOf(file: string): string {
  return /^src\/([^/]+)\//.exec(file)?.[1] ?? 'root'
}
