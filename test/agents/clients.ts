import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { agentFolder } from './install.ts'
import type { AgentName } from './install.ts'

const required: readonly string[] = (process.env['GANTRY_TEST_REQUIRE'] ?? '').split(/[,\s]+/)

/** Whether tests with an agent are left out here. Where `GANTRY_TEST_REQUIRE` names it, it is a failure instead. */
export function agentMissing(name: AgentName): boolean {
  if (find(name) !== undefined || required.includes(name)) return false
  console.info(`left out: ${name} (node test/agents/install.ts has not been run)`)
  return true
}

/** The program of an agent and the words that come first. */
export function commandOf(name: AgentName): readonly [string, ...string[]] {
  const path = find(name)
  if (path === undefined) throw new Error(`${name} is required: run node test/agents/install.ts`)
  return name === 'claude-code' ? [path] : [process.execPath, path]
}

// Claude Code's own `claude` is put in place by a script that is not run here, so its platform's package is looked up.
const platforms: readonly string[] = ['', '-musl'].map((libc) => `${process.platform}-${process.arch}${libc}`)
const places: { readonly [name in AgentName]: readonly string[] } = {
  codex: ['@openai/codex/bin/codex.js'],
  'codex-compact': ['@openai/codex/bin/codex.js'],
  'claude-code': platforms.map((platform) => `@anthropic-ai/claude-code-${platform}/claude`),
}

function find(name: AgentName): string | undefined {
  const modules = join(agentFolder(name), 'node_modules')
  return places[name].map((place) => join(modules, place)).find((path) => existsSync(path))
}
