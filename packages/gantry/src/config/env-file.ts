import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { UserError } from '../user-error.ts'

/**
 * Reads the `.env` of a folder, where there is one. Variables that are set already stay as they are; one that is set to
 * nothing counts as not set, as it does for `env()`. Returns the names it set.
 */
export function readEnvFile(
  folder: string,
  environment: { [name: string]: string | undefined } = process.env,
): readonly string[] {
  const path = join(folder, '.env')
  const text = readIfThere(path)
  if (text === undefined) return []
  const set: string[] = []
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (environment[name]) continue
    environment[name] = value
    set.push(name)
  }
  return set
}

function readIfThere(path: string): string | undefined {
  try {
    // Some editors begin a file with a mark, which would become part of the first name.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new UserError({
      message: `${path} cannot be read (${code}).`,
      fix: 'Make it a file you may read, or remove it.',
      cause,
    })
  }
}
