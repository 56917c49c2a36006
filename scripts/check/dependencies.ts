import { type Package, packageOf, type Workspace } from './workspace.ts'

/** Every import is declared, every declaration imported, every version in one place. */
export function checkDependencies(workspace: Workspace): readonly string[] {
  const problems: string[] = []
  const names = new Set(workspace.packages.map(({ manifest }) => manifest.name))
  for (const one of workspace.packages) {
    problems.push(
      ...importProblems(one, workspace),
      ...versionProblems(one.path, one.manifest, names, workspace),
    )
  }
  problems.push(...versionProblems('package.json', workspace.manifest, names, workspace))
  problems.push(...catalogProblems(workspace))
  return problems
}

// ---

function importProblems(
  { path, manifest, sources, published }: Package,
  workspace: Workspace,
): readonly string[] {
  const runtime = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
  ])
  const development = new Set(Object.keys(manifest.devDependencies ?? {}))
  const shared = new Set(Object.keys(workspace.manifest.devDependencies ?? {}))
  const problems: string[] = []
  const used = { published: new Set<string>(), tests: new Set<string>() }
  for (const { path: file, test, imports } of sources) {
    for (const { specifier } of imports) {
      const name = packageOf(specifier)
      if (name === undefined) continue
      if (name === manifest.name) {
        if (published && !test)
          problems.push(`${path}/${file}: imports its own package "${specifier}"; use a relative path`)
        continue
      }
      used[test ? 'tests' : 'published'].add(name)
      const declared = runtime.has(name) || (test && (development.has(name) || shared.has(name)))
      if (!declared)
        problems.push(
          `${path}/${file}: imports "${name}", which ${path}/package.json does not declare${test ? '' : ' for run time'}`,
        )
    }
  }
  for (const name of runtime) {
    if (used.published.has(name) || (!published && used.tests.has(name))) continue
    problems.push(
      `${path}/package.json: declares "${name}", which nothing ${published ? 'that is published' : 'here'} imports`,
    )
  }
  for (const name of development) {
    if (used.tests.has(name) || runtime.has(name)) continue
    problems.push(`${path}/package.json: declares "${name}" for development, which no test imports`)
  }
  return problems
}

function versionProblems(
  path: string,
  manifest: Package['manifest'],
  ours: ReadonlySet<string>,
  { catalog }: Workspace,
): readonly string[] {
  const problems: string[] = []
  for (const field of [
    'dependencies',
    'devDependencies',
    'peerDependencies',
    'optionalDependencies',
  ] as const) {
    for (const [name, version] of Object.entries(manifest[field] ?? {})) {
      if (ours.has(name)) {
        if (version !== 'workspace:^') problems.push(`${path}: ${field}["${name}"] has to be "workspace:^"`)
      } else if (field === 'peerDependencies') {
        // What the user brings may be a range.
        if (version === '*') problems.push(`${path}: ${field}["${name}"] has to name a version`)
      } else if (version !== 'catalog:')
        problems.push(
          `${path}: ${field}["${name}"] has to be "catalog:", with its version in pnpm-workspace.yaml`,
        )
      else if (!catalog.has(name)) problems.push(`${path}: ${field}["${name}"] is not in the catalog`)
    }
  }
  return problems
}

function catalogProblems({ catalog, packages, manifest, settings }: Workspace): readonly string[] {
  const problems: string[] = []
  const wanted = new Set(
    [manifest, ...packages.map((one) => one.manifest)].flatMap((one) => [
      ...Object.keys(one.dependencies ?? {}),
      ...Object.keys(one.devDependencies ?? {}),
      ...Object.keys(one.peerDependencies ?? {}),
    ]),
  )
  if (catalog.size === 0) problems.push('pnpm-workspace.yaml: has no catalog')
  for (const [name, version] of catalog) {
    if (!wanted.has(name))
      problems.push(`pnpm-workspace.yaml: the catalog lists "${name}", which no package uses`)
    if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
      problems.push(`pnpm-workspace.yaml: "${name}" has to be one exact version`)
  }
  const age = Number(/^minimumReleaseAge:\s*(\d+)/m.exec(settings)?.[1] ?? 0)
  if (age < 7 * 24 * 60)
    problems.push('pnpm-workspace.yaml: minimumReleaseAge has to be at least seven days (10080 minutes)')
  return problems
}
