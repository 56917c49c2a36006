import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** A code block of a page that is a file of its own. */
export interface Snippet {
  /** As the block is marked: `ts provider-acme.ts`. */
  readonly file: string
  readonly text: string
  /** Where the block begins, counted from 1. */
  readonly line: number
}

/** What a command said. */
export interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Code blocks of a page. Throws for one in TypeScript or JSON without a file name: it would go untested. */
export function snippetsOf(markdown: string): readonly Snippet[] {
  const found = [...markdown.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].flatMap((match): Snippet[] => {
    const [, language = '', file, text = ''] = match
    const line = markdown.slice(0, match.index).split('\n').length
    if (!['ts', 'tsx', 'js', 'json'].includes(language)) return []
    if (file === undefined)
      throw new Error(`The code block in line ${line} has no file name: it would go untested.`)
    return [{ file, text, line }]
  })
  const names = found.map(({ file }) => file)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`Two code blocks are the file ${twice}.`)
  return found
}

/** Writes snippets into a folder of their own below `test`, where they find what an author would have installed. */
export async function writeSnippets(snippets: readonly Snippet[]): Promise<string> {
  const folder = await mkdtemp(join(root, 'test', '.run-docs-'))
  const tsconfig = {
    extends: '../../tsconfig.base.json',
    compilerOptions: { isolatedDeclarations: false, declaration: false },
    include: ['*.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  await writeFile(join(folder, 'vitest.config.ts'), 'export default {}\n')
  // The page tells its reader to install zod; it is taken from a package that did.
  await mkdir(join(folder, 'node_modules'))
  await symlink(
    join(root, 'plugins/provider-openai-compatible/node_modules/zod'),
    join(folder, 'node_modules/zod'),
  )
  for (const { file, text } of snippets) await writeFile(join(folder, file), text)
  return folder
}

/** Type-checks every file of a folder. */
export function typecheck(folder: string): Promise<Ran> {
  return run(folder, 'typescript/bin/tsc', ['-p', 'tsconfig.json'])
}

/** Runs every test of a folder, and how many passed. */
export async function runTests(
  folder: string,
): Promise<Ran & { readonly passed: number; readonly ms: number }> {
  const ran = await run(folder, 'vitest/vitest.mjs', [
    'run',
    '--root',
    folder,
    '--reporter=json',
    '--outputFile=result.json',
  ])
  const text = await readFile(join(folder, 'result.json'), 'utf8').catch(() => '{}')
  const {
    numPassedTests = 0,
    numFailedTests = 0,
    testResults = [],
  } = JSON.parse(text) as Partial<VitestResult>
  const failures = testResults.flatMap(({ message, assertionResults }) => [
    message ?? '',
    // The first line says it; the stack is of the runner.
    ...assertionResults.flatMap(({ failureMessages = [] }) =>
      failureMessages.map((text) => text.split('\n')[0] ?? ''),
    ),
  ])
  const ms = testResults.reduce((sum, { startTime, endTime }) => sum + endTime - startTime, 0)
  const isGreen = ran.code === 0 && numFailedTests === 0
  return { code: isGreen ? 0 : 1, output: [ran.output, ...failures].join('\n'), passed: numPassedTests, ms }
}

/** Takes the folder away. */
export async function removeSnippets(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

// ---

interface VitestResult {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly message?: string
    readonly startTime: number
    readonly endTime: number
    readonly assertionResults: readonly { readonly failureMessages?: readonly string[] }[]
  }[]
}

function run(folder: string, script: string, given: readonly string[]): Promise<Ran> {
  const path = join(root, 'node_modules', script)
  return new Promise((resolve, reject) => {
    // A test runner inside a test runner must not believe that it is one of its workers.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^VITEST|^NODE_OPTIONS$/.test(name)),
    )
    const child = spawn(process.execPath, [path, ...given], { cwd: folder, env: { ...env, NO_COLOR: '1' } })
    let output = ''
    const take = (chunk: Buffer): void => void (output += chunk.toString())
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
