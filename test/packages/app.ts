import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { onThisNode } from './pack.ts'

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that goes on running. */
export interface Running {
  output(): string
  /** Waits until what it printed matches; fails with all of it when the program ends first. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  stop(): Promise<Ended>
}

/** A folder of a user who installed the published packages. */
export interface App {
  readonly folder: string
  write(files: { readonly [name: string]: string }): void
  /** Runs a command of `node_modules/.bin` to its end. */
  run(command: string, ...words: readonly string[]): Promise<Ended>
  /** Runs a script of the folder. */
  node(script: string): Promise<Ended>
  /** Starts a command of `node_modules/.bin` that stays. */
  start(command: string, ...words: readonly string[]): Running
}

/** Where the packages are installed, with the tarballs they came from. Throws what kept them from being installed. */
export function installation(): {
  readonly folder: string
  readonly tarballs: readonly string[]
  readonly seconds: number
} {
  const given = inject('installation')
  if ('error' in given) throw new Error(`the packages could not be installed: ${given.error}`)
  return given
}

/** An empty folder in which the installed packages are found. */
export function app(
  files: { readonly [name: string]: string } = {},
  env: { readonly [name: string]: string } = {},
): App {
  const installed = installation().folder
  const folder = mkdtempSync(join(installed, 'case-'))
  const write: App['write'] = (more) => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }
  write(files)
  const bin = (command: string): string => join(installed, 'node_modules/.bin', command)
  const launch = (file: string, words: readonly string[]): ChildProcess =>
    spawn(file, words, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: onThisNode().PATH ?? '',
        HOME: folder,
        XDG_RUNTIME_DIR: installed,
        NO_COLOR: '1',
        ...env,
      },
    })
  return {
    folder,
    write,
    run: (command, ...words) => follow(launch(bin(command), words)).ended,
    node: (script) => follow(launch(process.execPath, [script])).ended,
    start(command, ...words) {
      const child = launch(bin(command), words)
      const { ended, output, waitFor } = follow(child)
      return {
        output,
        waitFor,
        async stop() {
          child.kill('SIGTERM')
          return ended
        },
      }
    },
  }
}

/** The compiler settings of the strictest user: declarations of packages are checked too. */
export const strictTsconfig: string = JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    types: ['node'],
  },
  include: ['*.ts'],
})

/** One small chat request; the whole answer's text. */
export async function ask(url: string, key: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

// ---

function follow(child: ChildProcess): Omit<Running, 'stop'> & { readonly ended: Promise<Ended> } {
  let stdout = ''
  let stderr = ''
  const lookers = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const look of lookers) look()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code, stdout, stderr }))
  })
  const waitFor = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((done, fail) => {
      const look = (): void => {
        const match = pattern.exec(stdout)
        if (!match) return
        lookers.delete(look)
        done(match)
      }
      lookers.add(look)
      void ended.then(
        ({ code }) => fail(new Error(`it ended with ${code} before ${pattern}:\n${stdout}${stderr}`)),
        fail,
      )
      look()
    })
  return { output: () => stdout + stderr, waitFor, ended }
}
