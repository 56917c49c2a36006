import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { npm, packAll } from './pack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly installation: Installation
  }
}

/** What the tests of this project share: one install. `error` says why there is none. */
export type Installation =
  | { readonly folder: string; readonly tarballs: readonly string[]; readonly seconds: number }
  | { readonly error: string }

let folder = ''

/**
 * Packs every package, and installs all tarballs at once into an empty folder outside the workspace. The layout is
 * nested: a package finds only what it declares itself.
 */
export async function setup(project: TestProject): Promise<void> {
  // The folder's real path, because that is what error messages name.
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-published-')))
  try {
    project.provide('installation', await install(folder))
  } catch (error) {
    // Thrown from here it would end the run of every project.
    project.provide('installation', { error: error instanceof Error ? error.message : String(error) })
  }
}

/** Removes it. */
export function teardown(): void {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
}

async function install(place: string): Promise<Installation> {
  const started = performance.now()
  const packed = join(place, 'tarballs')
  const app = join(place, 'app')
  mkdirSync(packed)
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarballs = await packAll(packed)
  // A user's own tools, as a user would have them; the versions are those the workspace pins.
  const tools = [`typescript@${pinned('typescript')}`, `@types/node@${pinned('@types/node')}`]
  await npm(
    [
      'install',
      '--install-strategy=nested',
      '--ignore-scripts',
      // As long as pnpm-workspace.yaml makes us wait for a release.
      '--min-release-age=7',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...tarballs,
      ...tools,
    ],
    app,
  )
  return { folder: app, tarballs, seconds: (performance.now() - started) / 1000 }
}

function pinned(name: string): string {
  const catalog = readFileSync(join(import.meta.dirname, '../../pnpm-workspace.yaml'), 'utf8')
  const version = new RegExp(`^ {2}'?${name}'?: (\\S+)$`, 'm').exec(catalog)?.[1]
  if (version === undefined) throw new Error(`the catalog has no ${name}`)
  return version
}
