import { createHash } from 'node:crypto'
import { cp, mkdtemp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { npm } from '../packages/pack.ts'

/** Gateways of other projects, in a folder of their own; or why there are none. */
export type Others =
  | { readonly folder: string; readonly versions: { readonly [name: string]: string } }
  | { readonly missing: string }

const template = new URL('others/', import.meta.url)
const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
/** Without a registry the bench begins all the same, and soon. */
const impatient = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000']
const files = ['package.json', 'package-lock.json']

/** What is installed already; for whoever may not wait, or has no registry. */
export async function findOthers(cache: string = defaultCache()): Promise<Others> {
  const { folder, versions } = await placeOf(cache)
  return (await exists(folder)) ? { folder, versions } : { missing: 'not installed' }
}

/**
 * Installs what `others/package-lock.json` pins, once for each lock file, into the user's cache: outside the
 * workspace, so that neither side finds the other's modules. Needs a registry the first time; never throws.
 */
export async function installOthers(cache: string = defaultCache()): Promise<Others> {
  try {
    const { folder, versions } = await placeOf(cache)
    if (!(await exists(folder))) await install(cache, folder)
    return { folder, versions }
  } catch (error) {
    return { missing: `not installed: ${reasonOf(error)}` }
  }
}

async function placeOf(cache: string): Promise<Exclude<Others, { readonly missing: string }>> {
  const [manifest, lock] = await Promise.all(files.map((name) => readFile(new URL(name, template), 'utf8')))
  const { dependencies } = JSON.parse(manifest ?? '') as { dependencies: { [name: string]: string } }
  const hash = createHash('sha256').update(`${process.versions.modules} ${manifest} ${lock}`).digest('hex')
  return { folder: join(cache, `others-${hash.slice(0, 12)}`), versions: dependencies }
}

/** Beside the place and moved there when it is whole, so that a run that was stopped leaves no half of it. */
async function install(cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'installing-'))
  try {
    for (const name of files) await cp(new URL(name, template), join(place, name))
    // No install scripts: what is measured needs none.
    await npm(['ci', '--ignore-scripts', '--prefer-offline', ...quiet, ...impatient], place)
    await rename(place, folder).catch(async (error: unknown) => {
      // Another run was first.
      if (!(await exists(folder))) throw error
    })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/** The code alone: messages name folders of the machine, and this is printed into the results. */
function reasonOf(error: unknown): string {
  const said = /^npm error code (\w+)$/m.exec(String(error))?.[1]
  return said ?? (error as { readonly code?: string }).code ?? 'for an unknown reason'
}

function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gantry-bench')
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
