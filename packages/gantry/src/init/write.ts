import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configNames } from '../config/find.ts'
import { UserError } from '../user-error.ts'
import { type Answers, configText, packagesOf, tsconfigText, variablesOf } from './template.ts'

/** What `init` did, and what is left to do. */
export interface Written {
  readonly folder: string
  /** Names of the files that were made; those that were there stay as they are. */
  readonly files: readonly string[]
  /** Packages that the folder's package.json does not name yet. */
  readonly install: readonly string[]
  /** The same, for `gantry check --types`. */
  readonly installForTypes: readonly string[]
  /** Environment variables the config needs. */
  readonly variables: readonly string[]
}

/**
 * Writes a config with what it needs around it into a folder, which is made where it is missing. Never overwrites.
 * Throws `UserError` where there is a config already.
 */
export function writeConfig(folder: string, answers: Answers): Written {
  const there = configNames.find((name) => existsSync(join(folder, name)))
  if (there !== undefined) {
    throw new UserError({
      message: `There is a config already: ${join(folder, there)}.`,
      fix: 'Edit it, or make another one in an empty folder: gantry init <folder>',
    })
  }
  makeFolder(folder)
  const manifest = readManifest(folder)
  // A module in any folder: a package.json of somebody else may say that .ts files are CommonJS.
  const config =
    manifest === undefined || manifest.type === 'module' ? 'gateway.config.ts' : 'gateway.config.mts'
  const texts: readonly (readonly [name: string, text: string])[] = [
    [config, configText(answers)],
    ['package.json', `${JSON.stringify({ private: true, type: 'module' }, undefined, 2)}\n`],
    ['tsconfig.json', tsconfigText],
    ['.gitignore', 'node_modules/\ndata/\n.env\n'],
  ]
  const files = texts.flatMap(([name, text]) => {
    if (existsSync(join(folder, name))) return []
    writeFileSync(join(folder, name), text, { flag: 'wx' })
    return [name]
  })
  const named = new Set([
    ...Object.keys(manifest?.dependencies ?? {}),
    ...Object.keys(manifest?.devDependencies ?? {}),
  ])
  return {
    folder,
    files,
    install: packagesOf(answers).filter((name) => !named.has(name)),
    installForTypes: ['typescript', '@types/node'].filter((name) => !named.has(name)),
    variables: variablesOf(answers),
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new UserError({
      message: `Nothing can be written to ${folder} (${(cause as NodeJS.ErrnoException).code}).`,
      fix: 'Name another folder: gantry init <folder>',
      cause,
    })
  }
}

interface Manifest {
  readonly type?: string
  readonly dependencies?: { readonly [name: string]: string }
  readonly devDependencies?: { readonly [name: string]: string }
}

function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest
  } catch (cause) {
    throw new UserError({ message: `${path} is not JSON.`, fix: 'Mend it first.', cause })
  }
}
