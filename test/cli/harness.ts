import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const bin = join(root, 'packages/gantry/src/bin.ts')

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that goes on running. */
export interface Running {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Waits until standard output matches; fails with all output when the process ends first. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

/** How to start a command. */
export interface Launch {
  readonly cwd: string
  readonly env?: { readonly [name: string]: string }
}

const folders: string[] = []
const children: Running[] = []

afterEach(async () => {
  await Promise.all(children.splice(0).map((one) => one.stop('SIGKILL')))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder with these files, in which the workspace's packages can be imported; removed after the test. */
export function project(files: { readonly [name: string]: string }): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-cli-')))
  folders.push(folder)
  symlinkSync(join(root, 'test/node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** Runs a command to its end. */
export async function gantry(words: readonly string[], launch: Launch): Promise<Ended> {
  const running = startGantry(words, launch)
  return ended(running)
}

/** Starts a command that stays. Standard input is closed, and there is no terminal. */
export function startGantry(words: readonly string[], { cwd, env = {} }: Launch): Running {
  const child = spawn(process.execPath, [bin, ...words], {
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',

      HOME: cwd,
      XDG_RUNTIME_DIR: cwd,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const running: Running = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    waitFor: (pattern) =>
      new Promise((done, fail) => {
        const look = (): void => {
          const match = pattern.exec(stdout)
          if (!match) return
          child.stdout.off('data', look)
          child.off('close', gone)
          done(match)
        }
        const gone = (code: number | null): void => {
          fail(new Error(`it ended with ${code} before ${pattern}:\n${stdout}\n${stderr}`))
        }
        child.stdout.on('data', look)
        child.once('close', gone)
        look()
      }),
    async stop(signal = 'SIGTERM') {
      const end = ended(running)
      child.kill(signal)
      return end
    },
  }
  children.push(running)
  return running
}

async function ended({ child, stdout, stderr }: Running): Promise<Ended> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((done) => child.once('close', done))
  }
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() }
}

/** A config whose one upstream nobody asks: what these tests look at happens before it. */
export function configText(
  parts: { readonly store?: 'memory()' | `sqlite(${string})`; readonly more?: string } = {},
): string {
  const { store = 'memory()', more = '' } = parts
  const factory = store.slice(0, store.indexOf('('))
  return `
import ${factory} from '@gantry/store-${factory}'
import { defineGateway, env } from 'gantry'
import { standard } from 'gantry/presets'

const upstream = (name) => ({
  name,
  speaks: ['openai-chat'],
  cancelStopsBilling: true,
  endpoint: () => ({ url: 'http://127.0.0.1:9/v1', headers: {} }),
})
void env

export default defineGateway({
  server: { host: '127.0.0.1', port: 0 },
  plugins: [standard({ log: false, auth: { pepper: 'a pepper for these tests' } })],
  store: ${store},
  providers: { sim: { name: 'sim', provider: upstream } },
  models: { small: { to: 'sim/small', price: { input: '1', output: '2' } } },
  defaultModel: 'small',
  groups: { standard: { models: ['*'], ratio: 1 }, vip: { models: ['*'], ratio: '0.8' } },
  defaultGroup: 'standard',
  ${more}
})
`
}
