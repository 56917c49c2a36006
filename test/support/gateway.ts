import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bin: string = new URL('../../packages/gantry/src/bin.ts', import.meta.url).pathname

/** A gateway that runs as a child process, started from a config file as its user would start it. */
export interface ChildGateway {
  readonly url: string
  /** Its folder: config, database, `.env`. */
  readonly directory: string
  /** What it has printed so far, both streams. */
  output(): string
  /** Runs another `gantry` command beside it. */
  command(...args: string[]): Promise<CommandResult>
  /** A fresh key of an account that is made and credited on first use. */
  key(group: string, options?: { account?: string; credit?: string; expires?: string }): Promise<string>
  stop(): Promise<number | null>
  /** Ends it with SIGKILL and keeps its folder. */
  kill(): Promise<void>
}

/** How a command ended. */
export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts `gantry start` on a free port and waits until it takes requests. */
export async function startGateway(
  config: string,
  environment: { readonly [name: string]: string } = {},
  /** The folder of an earlier one, to start again on its data. */
  folder?: string,
): Promise<ChildGateway> {
  const directory = folder ?? (await mkdtemp(join(tmpdir(), 'gantry-test-')))
  const env = { ...environment, GANTRY_TEST_DIRECTORY: directory }
  const child = launch(['start', '--config', config, '--port', '0'], env)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const url = await listening(child, () => output)
  const accounts = new Set<string>()
  const command = (...args: string[]): Promise<CommandResult> => runGantry([...args, '--config', config], env)
  return {
    url,
    directory,
    output: () => output,
    command,
    async key(group, { account = 'customer', credit = '100', expires } = {}) {
      if (!accounts.has(account)) {
        accounts.add(account)
        await expectOk(command('accounts', 'create', account))
        await expectOk(command('accounts', 'credit', account, credit, '--reference', `first-${account}`))
      }
      const made = await expectOk(
        command(
          'keys',
          'create',
          '--account',
          account,
          '--group',
          group,
          ...(expires ? ['--expires', expires] : []),
        ),
      )
      return made.stdout.trim()
    },
    async stop() {
      const code = await end(child)
      await rm(directory, { recursive: true, force: true })
      return code
    },
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      }),
  }
}

/** Runs one `gantry` command to its end. */
export function runGantry(
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
  options: { readonly cwd?: string } = {},
): Promise<CommandResult> {
  const child = launch(args, environment, options.cwd)
  return new Promise((resolve) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Writes a config into a folder of its own, below this one so that its imports resolve, and returns its path. */
export async function writeConfig(text: string): Promise<string> {
  const directory = await mkdtemp(new URL('../.run-', import.meta.url).pathname)
  const path = join(directory, 'gateway.config.ts')
  await writeFile(path, text)
  return path
}

function launch(
  args: readonly string[],
  environment: { readonly [name: string]: string },
  cwd?: string,
): ChildProcess {
  return spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), NO_COLOR: '1', ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  })
}

function listening(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = /listens on (http:\/\/\S+)/.exec(output())
      if (found) resolve(found[1]!)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('exit', (code) =>
      reject(new Error(`the gateway ended with ${code} before it listened:\n${output()}`)),
    )
  })
}

function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.on('exit', (code) => {
      clearTimeout(hard)
      resolve(code)
    })
    child.kill('SIGTERM')
  })
}

async function expectOk(running: Promise<CommandResult>): Promise<CommandResult> {
  const result = await running
  if (result.code !== 0)
    throw new Error(`a gantry command ended with ${result.code}:\n${result.stderr}${result.stdout}`)
  return result
}
