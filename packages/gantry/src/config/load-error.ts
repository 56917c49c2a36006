import { readFileSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import { inspect } from 'node:util'
import { didYouMean, nearest } from '@gantry/core'
import { UserError } from '../user-error.ts'

const ours: readonly string[] = [
  '@gantry/auth-keys',
  '@gantry/bill-ledger',
  '@gantry/log-pino',
  '@gantry/pricing-ratio',
  '@gantry/pricing-tokens',
  '@gantry/protocol-anthropic-messages',
  '@gantry/protocol-openai-chat',
  '@gantry/provider-anthropic',
  '@gantry/provider-openai',
  '@gantry/provider-openai-compatible',
  '@gantry/provider-simulator',
  '@gantry/route-failover',
  '@gantry/store-memory',
  '@gantry/store-sqlite',
  '@gantry/tokens-local',
]

/** Says what went wrong while a config was read, in words for the one who wrote it. */
export function explainLoadError(error: unknown, configPath: string): unknown {
  if (UserError.is(error)) return error
  if (!Error.isError(error)) {
    return new UserError({
      message: `${configPath} failed while it was read: it threw ${inspect(error, { depth: 1, breakLength: Infinity }).slice(0, 200)}, which is no error.`,
      fix: 'Throw an Error: it says where.',
    })
  }
  return syntaxError(error) ?? missingModule(error, configPath) ?? thrownInside(error, configPath)
}

function syntaxError(error: Error): UserError | undefined {
  const match = /^(?:ParseError|SyntaxError):\s*([\s\S]*?)\s*\n\s*(\S.*):(\d+):(\d+)\s*$/.exec(error.message)
  if (!match) return undefined
  const [, what = '', file = '', line = '', zeroBased = ''] = match
  const column = Number(zeroBased) + 1
  return new UserError({
    message: `${file}:${line}:${column} is not valid TypeScript: ${what}`,
    details: codeFrame(file, Number(line), column),
    cause: error,
  })
}

function missingModule(error: Error, configPath: string): UserError | undefined {
  const match = /^Cannot find (?:module|package) '([^']+)'/.exec(error.message)
  const code = (error as NodeJS.ErrnoException).code
  if (!match && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined
  const [, wanted = ''] = match ?? []
  if (wanted === '') {
    return new UserError({
      message: firstLine(error.message),
      fix: 'Check what the config imports.',
      cause: error,
    })
  }
  const from = /^- (.+)$/m.exec(error.message)?.[1] ?? configPath
  return new UserError({
    message: `${from} imports "${wanted}", which is not there.`,
    fix: fixFor(wanted),
    cause: error,
  })
}

function fixFor(wanted: string): string {
  if (/^[./]/.test(wanted)) return 'Check the path; a relative one starts at the file that imports it.'
  if (ours.includes(wanted)) return `Install it: npm install ${wanted}`
  const near = wanted.startsWith('@gantry/') ? nearest(wanted, ours) : undefined
  if (near !== undefined) return didYouMean(wanted, ours)
  const name = wanted
    .split('/')
    .slice(0, wanted.startsWith('@') ? 2 : 1)
    .join('/')
  return `Check the spelling, or install it: npm install ${name}`
}

function thrownInside(error: Error, configPath: string): UserError {
  const at = placeOf(error, configPath)
  const place = at.line > 0 ? `${at.file}:${at.line}` : at.file
  return new UserError({
    message: `${place} failed while it was read: ${importedName(error)}`,
    details: at.line > 0 ? codeFrame(at.file, at.line) : [],
    cause: error,
  })
}

/** The innermost line of the user's own: of the config, or of a file beside it or below. */
function placeOf(error: Error, configPath: string): { readonly file: string; readonly line: number } {
  const own = `${dirname(configPath)}${sep}`
  for (const [, file = '', line] of (error.stack ?? '').matchAll(/^\s+at .*?(\/[^()\n]+?):(\d+):\d+\)?$/gm)) {
    if (file.startsWith(own) && !file.includes(`${sep}node_modules${sep}`))
      return { file, line: Number(line) }
  }
  return { file: configPath, line: 0 }
}

/** Babel calls an import `(0, _gantry.name)`; people call it `name`. */
function importedName(error: Error): string {
  return firstLine(error.message).replace(/\(0\s*,\s*_?\w+\.(\w+)\)/g, '$1')
}

/** The line of an error with its neighbours, numbered. */
function codeFrame(file: string, line: number, column?: number): readonly string[] {
  let lines: readonly string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
  const frame: string[] = []
  for (let number = Math.max(1, line - 2); number <= Math.min(lines.length, line + 1); number++) {
    const text = (lines[number - 1] ?? '').slice(0, 160)
    frame.push(`${number === line ? '>' : ' '} ${String(number).padStart(4)} | ${text}`)
    if (number === line && column !== undefined && column <= 160) {
      frame.push(`       | ${' '.repeat(Math.max(0, column - 1))}^`)
    }
  }
  return frame
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
