import { createRequire } from 'node:module'
import { stripVTControlCharacters } from 'node:util'
import { didYouMean } from '@gantry/core'
import { defineCommand, renderUsage, runCommand } from 'citty'
import { UserError } from '../user-error.ts'
import type { Command } from './command.ts'
import { describeError } from './errors.ts'
import { print } from './print.ts'

type Branch = { readonly [name: string]: () => Promise<Command> }

const branches: { readonly [name: string]: { readonly description: string; readonly commands: Branch } } = {
  keys: {
    description: 'make, list and revoke API keys',
    commands: {
      create: async () => (await import('./keys-create.ts')).default,
      list: async () => (await import('./keys-list.ts')).default,
      revoke: async () => (await import('./keys-revoke.ts')).default,
    },
  },
  accounts: {
    description: 'accounts and their balances',
    commands: {
      create: async () => (await import('./accounts-create.ts')).default,
      list: async () => (await import('./accounts-list.ts')).default,
      credit: async () => (await import('./accounts-transfer.ts')).credit,
      debit: async () => (await import('./accounts-transfer.ts')).debit,
    },
  },
}

const leaves: Branch = {
  start: async () => (await import('./start.ts')).default,
  dev: async () => (await import('./dev.ts')).default,
  check: async () => (await import('./check.ts')).default,
  play: async () => (await import('./play.ts')).default,
  init: async () => (await import('./init.ts')).default,
  models: async () => (await import('./models.ts')).default,
  price: async () => (await import('./price.ts')).default,
  connect: async () => (await import('./connect.ts')).default,
}

/** Runs the command line. Sets the exit code; prints errors itself and never rejects. */
export async function main(words: readonly string[]): Promise<void> {
  // A reader that goes away (`gantry keys list | head -1`) must not bring a gateway down.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  try {
    await dispatch(words)
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${describeError(error, words.includes('--debug'))}\n`)
  }
}

async function dispatch(words: readonly string[]): Promise<void> {
  const [first, second] = words
  if (first === undefined || first === 'help' || isHelp(first)) return usage(root())
  if (first === '--version' || first === '-v') return print(version())
  const branch = Object.hasOwn(branches, first) ? branches[first] : undefined
  if (branch) {
    if (second === undefined || isHelp(second)) return usage(group(first))
    return runLeaf(branch.commands, second, words.slice(2), group(first))
  }
  return runLeaf(leaves, first, words.slice(1), root(), Object.keys(branches))
}

async function runLeaf(
  branch: Branch,
  name: string,
  words: readonly string[],
  parent: Command,
  others: readonly string[] = [],
): Promise<void> {
  const load = Object.hasOwn(branch, name) ? branch[name] : undefined
  if (!load) {
    throw new UserError({
      message: `There is no command "${name}".`,
      fix: didYouMean(name, [...Object.keys(branch), ...others]),
    })
  }
  const found = await load()
  if (words.some(isHelp)) return usage(found, parent)
  try {
    await runCommand(found, { rawArgs: [...words] })
  } catch (error) {
    // citty has its own class for a missing or wrong argument.
    if (!(error instanceof Error) || error.name !== 'CLIError') throw error
    throw new UserError({ message: `${error.message}.`, fix: 'See --help.', cause: error })
  }
}

async function usage(shown: Command, parent?: Command): Promise<void> {
  const text = await renderUsage(shown, parent)
  print(process.stdout.isTTY ? text : stripVTControlCharacters(text))
}

function root(): Command {
  const groups = Object.keys(branches).map((name): [string, Command] => [name, group(name)])
  return defineCommand({
    meta: { name: 'gantry', version: version(), description: 'The programmable AI gateway' },
    subCommands: { ...leaves, ...Object.fromEntries(groups) },
  })
}

function group(name: string): Command {
  const { description, commands } = branches[name] ?? { description: '', commands: {} }
  return defineCommand({ meta: { name: `gantry ${name}`, description }, subCommands: commands })
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

function version(): string {
  const manifest = createRequire(import.meta.url)('gantry/package.json') as { version: string }
  return manifest.version
}
