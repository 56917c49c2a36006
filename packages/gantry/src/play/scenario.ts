import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { didYouMean } from '@gantry/core'
import { configNames } from '../config/find.ts'
import { UserError } from '../user-error.ts'

/** A gateway to try. */
export interface Scenario {
  readonly name: string
  /** Its config. */
  readonly path: string
  /** The first sentence of its README. */
  readonly description: string
  /** It came with this package, so it may use what this package depends on. */
  readonly ours: boolean
}

/**
 * A scenario by name: a folder of `playground/` in the working folder or one above it, else one that came with gantry.
 * Throws `UserError` that lists the scenarios there are.
 */
export function findScenario(name: string, folder: string = process.cwd()): Scenario {
  const scenarios = listScenarios(folder)
  const found = scenarios.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new UserError({
    message: `There is no scenario "${name}".`,
    details: ['Scenarios:', ...scenarios.map((one) => `  ${one.name}`)],
    fix: didYouMean(
      name,
      scenarios.map((one) => one.name),
    ),
  })
}

/** Scenarios by name; a folder's own come before ours of the same name. */
export function listScenarios(folder: string = process.cwd()): readonly Scenario[] {
  // In a clone this file lies below the playground, too, so `play` works from any folder.
  const own = findPlayground(dirname(fileURLToPath(import.meta.url)))
  const here = findPlayground(folder)
  const scenarios = new Map<string, Scenario>()
  for (const playground of [own, here]) {
    if (playground === undefined) continue
    for (const one of scenariosIn(playground, playground === own)) scenarios.set(one.name, one)
  }
  return [...scenarios.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function scenariosIn(playground: string, ours: boolean): readonly Scenario[] {
  return readdirSync(playground).flatMap((name) => {
    const path = configNames.map((file) => join(playground, name, file)).find((file) => existsSync(file))
    return path === undefined ? [] : [{ name, path, description: describe(dirname(path)), ours }]
  })
}

function describe(folder: string): string {
  const path = join(folder, 'README.md')
  if (!existsSync(path)) return ''
  const [paragraph = ''] = readFileSync(path, 'utf8')
    .replace(/^#.*$/m, '')
    .trim()
    .split(/\n\s*\n/)
  const text = paragraph.replaceAll(/\s+/g, ' ')
  return /^.*?[.!?](?= |$)/.exec(text)?.[0] ?? text
}

function findPlayground(start: string): string | undefined {
  for (let at = start; ; at = dirname(at)) {
    const candidate = join(at, 'playground')
    if (existsSync(candidate) && scenariosIn(candidate, false).length > 0) return candidate
    if (dirname(at) === at) return undefined
  }
}
