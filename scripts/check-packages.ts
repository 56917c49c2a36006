import { join } from 'node:path'
import { checkChangesets } from './check/changesets.ts'
import { checkDependencies } from './check/dependencies.ts'
import { checkDocs } from './check/docs.ts'
import { checkLayers } from './check/layers.ts'
import { checkLicences } from './check/licences.ts'
import { checkManifests } from './check/manifests.ts'
import { checkSources } from './check/sources.ts'
import { readWorkspace } from './check/workspace.ts'

const workspace = readWorkspace(join(import.meta.dirname, '..'))
const licences = checkLicences(workspace)
const problems = [
  ...checkManifests(workspace),
  ...checkDependencies(workspace),
  ...checkLayers(workspace),
  ...checkSources(workspace),
  ...checkDocs(workspace),
  ...checkChangesets(workspace),
  ...licences.problems,
]

for (const problem of problems) console.log(`✗ ${problem}`)
const published = workspace.packages.filter((one) => one.published).length
console.log(
  `${published} packages to publish, ${licences.seen} installed with them: ${problems.length} problems`,
)
process.exitCode = problems.length > 0 ? 1 : 0
