import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { UserError } from '../user-error.ts'

/** What the compiler said. */
export interface TypeReport {
  readonly ok: boolean
  /** Version of the TypeScript that was found. */
  readonly version: string
  /** Absent where there is no tsconfig.json, and settings of ours were used. */
  readonly tsconfig?: string
  readonly errors: readonly TypeProblem[]
}

/** One thing the compiler does not like. */
export interface TypeProblem {
  /** From the config's folder; absent for problems of the settings. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
  /** `TS2322` */
  readonly code: string
  /** May have several lines. */
  readonly message: string
}

/** For a config that no tsconfig.json covers: strict, and nothing written. */
const ownSettings: readonly string[] = [
  '--strict',
  '--target',
  'esnext',
  '--module',
  'nodenext',
  '--allowImportingTsExtensions',
  '--skipLibCheck',
]

/**
 * Checks a config with the user's own compiler and settings, found from the config's folder.
 * Throws `UserError` where there is no TypeScript, or where it does not run.
 */
export async function checkTypes(configPath: string): Promise<TypeReport> {
  const folder = dirname(configPath)
  const { bin, version } = findCompiler(configPath)
  const tsconfig = findUp('tsconfig.json', folder)
  // The list of files tells whether the settings cover the config at all.
  const settings = tsconfig === undefined ? [...ownSettings, configPath] : ['--project', tsconfig]
  const output = await run(bin, [...settings, '--noEmit', '--pretty', 'false', '--listFiles'], folder)
  const { errors, files } = readOutput(output.text, folder)
  if (output.code !== 0 && errors.length === 0) {
    throw new UserError({
      message: `TypeScript ${version} did not run to its end.`,
      details: output.text.split('\n').slice(0, 10),
      fix: `Try it by hand: ${relative(folder, bin)} ${settings.join(' ')} --noEmit`,
    })
  }
  const covered = files.some((file) => samePath(file, configPath))
  const missed = covered || tsconfig === undefined ? [] : [uncovered(tsconfig, configPath)]
  // What is wrong in packages must not bury what the user can mend.
  const all = [...missed, ...errors.filter(isOwn), ...errors.filter((error) => !isOwn(error))]
  return { ok: all.length === 0, version, ...(tsconfig !== undefined && { tsconfig }), errors: all }
}

/** One line for each problem, as editors and people know it. */
export function typeLines({ errors }: TypeReport): readonly string[] {
  return errors.flatMap(({ file, line, column, code, message }) => {
    const [first = '', ...more] = message.split('\n')
    const place = file === undefined ? '' : `${file}:${line}:${column}: `
    return [`${place}${code}: ${first}`, ...more]
  })
}

// ---

function findCompiler(configPath: string): { readonly bin: string; readonly version: string } {
  let path: string
  try {
    path = createRequire(configPath).resolve('typescript/package.json')
  } catch (cause) {
    throw new UserError({
      message: 'There is no TypeScript here to check types with.',
      details: [`Looked in node_modules of ${dirname(configPath)} and of the folders above it.`],
      fix: 'Install it: npm install --save-dev typescript @types/node',
      cause,
    })
  }
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { version: string; bin: { tsc: string } }
  return { bin: resolve(dirname(path), manifest.bin.tsc), version: manifest.version }
}

function findUp(name: string, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, name)
    if (existsSync(path)) return path
    if (dirname(at) === at) return undefined
  }
}

function run(
  bin: string,
  words: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly text: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [bin, ...words],
      { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 300_000 },
      (error, stdout, stderr) => done({ code: error ? 1 : 0, text: `${stdout}${stderr}` }),
    )
  })
}

/** Takes the compiler's output apart: problems with what belongs to them indented below, and absolute paths. */
function readOutput(
  text: string,
  folder: string,
): { readonly errors: readonly TypeProblem[]; readonly files: readonly string[] } {
  const errors: { -readonly [K in keyof TypeProblem]: TypeProblem[K] }[] = []
  const files: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const placed = /^(.+?)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line)
    const general = /^error (TS\d+): (.*)$/.exec(line)
    const last = errors.at(-1)
    if (placed) {
      const [, file = '', row, column, code = '', message = ''] = placed
      const path = relative(folder, resolve(folder, file))
      errors.push({ file: path, line: Number(row), column: Number(column), code, message })
    } else if (general) {
      const [, code = '', message = ''] = general
      errors.push({ code, message })
    } else if (/^\s/.test(line) && last) last.message += `\n${line}`
    else if (line !== '') files.push(line)
  }
  return { errors, files }
}

function isOwn({ file = '' }: TypeProblem): boolean {
  return !/(^|[\\/])(\.\.|node_modules)[\\/]/.test(file)
}

function uncovered(tsconfig: string, configPath: string): TypeProblem {
  const name = relative(dirname(tsconfig), configPath)
  return {
    code: 'NOT_INCLUDED',
    message: `${tsconfig} does not include ${name}, so its types were not checked. Add it to "include".`,
  }
}

/** The compiler writes slashes, and on some systems another case. */
function samePath(one: string, other: string): boolean {
  const plain = (path: string): string => resolve(path).replaceAll('\\', '/').toLowerCase()
  return plain(one) === plain(other)
}
