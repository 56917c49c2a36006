import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { didYouMean } from '@gantry/core'
import { configNames } from '../config/find.ts'
import { UserError } from '../user-error.ts'

/**
 * The config of a scenario: `playground/<name>/gateway.config.*` in the working folder or one above it.
 * Throws `UserError` that lists the scenarios there are.
 */
export function findScenario(name: string, folder: string = process.cwd()): string {
  const playground = findPlayground(folder)
  if (playground === undefined) {
    throw new UserError({
      message: 'There is no playground folder here.',
      fix: 'Run it in a clone of the repository, or try a config of yours: gantry play --config <file>',
    })
  }
  const scenarios = scenariosIn(playground)
  const found = scenarios.get(name)
  if (found !== undefined) return found
  throw new UserError({
    message: `There is no scenario "${name}".`,
    details: ['Scenarios:', ...[...scenarios.keys()].map((one) => `  ${one}`)],
    fix: didYouMean(name, scenarios.keys()),
  })
}

/** Scenarios of a playground folder, by name, with the path of their config. */
export function scenariosIn(playground: string): ReadonlyMap<string, string> {
  const scenarios = new Map<string, string>()
  for (const name of readdirSync(playground).toSorted()) {
    const config = configNames.map((file) => join(playground, name, file)).find((path) => existsSync(path))
    if (config !== undefined) scenarios.set(name, config)
  }
  return scenarios
}

function findPlayground(folder: string): string | undefined {
  // In a clone this file lies in it too, so `play` works from any folder.
  for (const start of [folder, dirname(fileURLToPath(import.meta.url))]) {
    for (let at = start; ; at = dirname(at)) {
      const candidate = join(at, 'playground')
      if (existsSync(candidate) && scenariosIn(candidate).size > 0) return candidate
      if (dirname(at) === at) break
    }
  }
  return undefined
}
