import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { npm } from '../packages/pack.ts'

const pinned: string = join(import.meta.dirname, 'clients')

/** The agents there are tests with; `codex-compact` is a Codex that still has the compaction endpoint. */
export type AgentName = 'codex' | 'codex-compact' | 'claude-code'

/** All of them: a folder each, with a lockfile of its own. */
export const agentNames: readonly AgentName[] = readdirSync(pinned).filter(
  (name): name is AgentName => name === 'codex' || name === 'codex-compact' || name === 'claude-code',
)

/**
 * Where the packages of an agent are, or would be: below `GANTRY_TEST_AGENTS`, else in the user's cache, in a folder
 * that its lockfile names.
 */
export function agentFolder(name: AgentName): string {
  const given = process.env['GANTRY_TEST_AGENTS']
  const root = given || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gantry-test')
  const lock = createHash('sha256')
    .update(readFileSync(join(pinned, name, 'package-lock.json')))
    .digest('hex')
  return join(root, `${name}-${lock.slice(0, 12)}`)
}

/**
 * Installs one agent, some hundred megabytes, outside the workspace; nothing is done where it is. None of its scripts
 * is run. Gives its folder.
 */
export async function install(name: AgentName): Promise<string> {
  const folder = agentFolder(name)
  if (existsSync(folder)) return folder
  mkdirSync(join(folder, '..'), { recursive: true })
  // Made beside it and moved, so that a broken installation is never taken for one.
  const made = mkdtempSync(`${folder}-`)
  try {
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(pinned, name, file), join(made, file))
    }
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], made)
    renameSync(made, folder)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    // Somebody else may have been faster.
    if (!existsSync(folder)) throw error
  }
  return folder
}

// As a program it installs what it can, and prints the names of what is there: what a run of the tests may require.
if (import.meta.main) {
  for (const name of agentNames) {
    try {
      await install(name)
      console.log(name)
    } catch (error) {
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  }
}
