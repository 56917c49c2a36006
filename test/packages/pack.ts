import { type ExecFileOptions, execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'

const root: string = resolve(import.meta.dirname, '../..')

/** A package of this repository that is published. */
export interface Published {
  readonly name: string
  readonly folder: string
}

/** Packages to publish, by their manifests. */
export function publishedPackages(): readonly Published[] {
  return ['packages', 'plugins'].flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((entry) => {
      const folder = join(root, kind, entry)
      if (!existsSync(join(folder, 'package.json'))) return []
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        readonly name: string
        readonly private?: boolean
      }
      return manifest.private ? [] : [{ name: manifest.name, folder }]
    }),
  )
}

/** Builds what is older than its sources, and packs everything into `destination`. Gives the tarballs' paths. */
export async function packAll(destination: string): Promise<readonly string[]> {
  const packages = publishedPackages()
  const stale = packages.filter(isStale)
  // What publint and attw say of a build is the build step's business; here it only has to be there.
  const env = { ...process.env, npm_config_yes: 'true', CI: '' }
  if (stale.length > 0) await pnpm([...filters(stale), 'run', 'build'], { env })
  await pnpm([...filters(packages), 'pack', '--pack-destination', destination], { env })
  return readdirSync(destination)
    .filter((file) => file.endsWith('.tgz'))
    .toSorted()
    .map((file) => join(destination, file))
}

/** Runs npm on this process's Node, whatever Node the machine's npm belongs to: an old one installs other majors. */
export function npm(words: readonly string[], cwd: string): Promise<string> {
  return run(process.execPath, [npmCli(), ...words], { cwd, env: onThisNode() })
}

/** The environment in which `node`, as a command's first line names it, is the Node of this process. */
export function onThisNode(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` }
}

/** Runs a program to its end; what it printed on standard output. Throws with all it printed. */
export function run(file: string, words: readonly string[], options: ExecFileOptions): Promise<string> {
  return new Promise((done, fail) => {
    execFile(
      file,
      words,
      { ...options, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' },
      (error, out, err) => {
        if (error) fail(new Error(`${words.slice(0, 3).join(' ')} failed:\n${out}${err}`, { cause: error }))
        else done(out)
      },
    )
  })
}

// ---

function filters(packages: readonly Published[]): readonly string[] {
  return ['-r', ...packages.flatMap(({ name }) => ['--filter', name])]
}

function pnpm(words: readonly string[], options: ExecFileOptions): Promise<string> {
  return run('npx', ['pnpm@12', ...words], { ...options, cwd: root })
}

function isStale({ folder }: Published): boolean {
  const built = statSync(join(folder, 'dist/index.js'), { throwIfNoEntry: false })
  if (!built) return true
  const inputs = [
    join(root, 'tsdown.base.ts'),
    join(folder, 'package.json'),
    join(folder, 'tsdown.config.ts'),
  ]
  return newest([...inputs, join(folder, 'src'), join(root, 'playground')]) > built.mtimeMs
}

/** When the newest of these files and folders changed; a folder changes with what is removed from it, too. */
function newest(paths: readonly string[]): number {
  let latest = 0
  for (const path of paths) {
    const stats = statSync(path)
    const inside = stats.isDirectory() ? readdirSync(path).filter((name) => name !== 'node_modules') : []
    latest = Math.max(latest, stats.mtimeMs, newest(inside.map((name) => join(path, name))))
  }
  return latest
}

/** npm's own entry: beside the `npm` that a shell would find. */
function npmCli(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'npm')
    if (!existsSync(path)) continue
    const real = realpathSync(path)
    if (real.endsWith('npm-cli.js')) return real
    const beside = join(dirname(real), 'node_modules/npm/bin/npm-cli.js')
    if (existsSync(beside)) return beside
  }
  throw new Error('npm is not on the PATH')
}
