import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { UserError } from '../user-error.ts'

/** Names a config may have, the first that exists counts. */
export const configNames: readonly string[] = ['ts', 'mts', 'js', 'mjs'].map((end) => `gateway.config.${end}`)

/**
 * Finds the config: the given path (a file, or a folder that holds one), else `gateway.config.*` in the working folder.
 * Throws `UserError` that says where it looked.
 */
export function findConfig(given: string | undefined, folder: string = process.cwd()): string {
  const start = resolve(folder, given ?? '.')
  const kind = kindOf(start)
  if (kind === 'file' && given !== undefined) return start
  const looked = kind === 'folder' ? configNames.map((name) => resolve(start, name)) : [start]
  const found = looked.find((path) => kindOf(path) === 'file')
  if (found !== undefined) return found
  throw new UserError({
    message: given === undefined ? 'There is no gateway.config.ts here.' : `There is no config at ${given}.`,
    details: ['Looked for:', ...looked.map((path) => `  ${path}`)],
    fix: [
      'Run the command where the config is, name it with --config <file>, or make one with gantry init. It begins like this:',
      '',
      "  import { defineGateway, env } from 'gantry'",
      "  import { standard } from 'gantry/presets'",
      '',
      '  export default defineGateway({ plugins: [standard()], providers: {}, models: {}, groups: {} })',
    ].join('\n'),
  })
}

function kindOf(path: string): 'file' | 'folder' | 'none' {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return 'none'
  return stats.isDirectory() ? 'folder' : 'file'
}
