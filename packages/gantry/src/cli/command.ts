import { nearest } from '@gantry/core'
import { type ArgsDef, type CommandContext, type CommandDef, defineCommand } from 'citty'
import { UserError } from '../user-error.ts'

type Text = { type: 'string'; description: string; valueHint: string; alias?: string }
type Switch = { type: 'boolean'; description: string }

/** Flags every command that reads a config has. */
export const configArgs: { config: Text; debug: Switch } = {
  config: {
    type: 'string',
    alias: 'c',
    description: 'the config, or the folder it is in',
    valueHint: 'file',
  },
  debug: { type: 'boolean', description: 'show stacks, and what the gateway does' },
}

/** Where a command that serves listens. */
export const listenArgs: { host: Text; port: Text } = {
  host: { type: 'string', description: 'address to listen on, before server.host', valueHint: 'address' },
  port: {
    type: 'string',
    alias: 'p',
    description: 'port to listen on, before server.port',
    valueHint: 'number',
  },
}

/** The flag of commands that can answer a program. */
export const jsonArgs: { json: Switch } = { json: { type: 'boolean', description: 'print JSON' } }

/** Flags of lists. */
export const pageArgs: { after: Text; limit: Text } = {
  after: { type: 'string', description: 'go on after this cursor', valueHint: 'cursor' },
  limit: { type: 'string', description: 'how many, 1 to 1000 (100)', valueHint: 'count' },
}

/** A command, its flags forgotten. */
export type Command = CommandDef<ArgsDef>

/** Defines a command that refuses flags and words it does not know, where citty would ignore them. */
export function command<const T extends ArgsDef>(definition: {
  readonly name: string
  readonly description: string
  readonly args: T
  run(context: CommandContext<T>): Promise<void>
}): Command {
  const { name, description, args, run } = definition
  const defined = defineCommand({
    meta: { name, description },
    args,
    async run(context: CommandContext<T>) {
      refuseUnknown(context.args, args)
      await run(context)
    },
  })
  return defined as Command
}

/** Reads a flag that is a whole number within bounds. */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= bounds.min && value <= bounds.max) return value
  throw new UserError({
    message: `--${flag} is a whole number from ${bounds.min} to ${bounds.max}, not "${text}".`,
  })
}

function refuseUnknown(
  given: { readonly [name: string]: unknown; readonly _: string[] },
  known: ArgsDef,
): void {
  const names = Object.keys(known)
  const aliases = Object.values(known).flatMap((arg) => ('alias' in arg ? [arg.alias ?? []].flat() : []))
  for (const name of Object.keys(given)) {
    if (name === '_' || names.includes(name) || aliases.includes(name)) continue
    const near = nearest(name, names)
    throw new UserError({
      message: `There is no flag --${name}.`,
      fix: near ? `Did you mean --${near}?` : 'See --help.',
    })
  }
  const words = Object.values(known).filter((arg) => arg.type === 'positional').length
  const extra = given._[words]
  if (extra !== undefined)
    throw new UserError({ message: `"${extra}" is one word too many.`, fix: 'See --help.' })
}
