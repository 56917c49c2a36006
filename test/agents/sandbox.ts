import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A home and a project of its own for one agent, and what it tried to reach outside. */
export interface Sandbox {
  readonly home: string
  /** The project it works in. */
  readonly folder: string
  /** Writes a file of its home. */
  settle(path: string, text: string): void
  /** A file of the project, as it is on disk. */
  read(path: string): string
  /** Hosts it asked for that are not loopback; all were refused. */
  readonly outside: readonly string[]
  /** Runs a program there to its end, or ends it when its time is up. */
  run(
    command: readonly [string, ...string[]],
    environment?: { readonly [name: string]: string },
  ): Promise<AgentRun>
  close(): Promise<void>
}

/** How an agent ended. */
export interface AgentRun {
  /** Null where it had to be ended. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const timeLimit = 90_000
const mostOutput = 4 * 1024 * 1024

/** Makes a sandbox with the files of a project. */
export async function createSandbox(files: { readonly [path: string]: string }): Promise<Sandbox> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-agent-')))
  const [home, folder] = [join(root, 'home'), join(root, 'project')]
  for (const path of [home, folder]) mkdirSync(path)
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const [path, text] of Object.entries(files)) write(join(folder, path), text)
  const outside: string[] = []
  const proxy = await refusingProxy(outside)
  return {
    home,
    folder,
    outside,
    settle: (path, text) => write(join(home, path), text),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    run: (command, environment = {}) =>
      run(command, folder, {
        HOME: home,
        PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
        TERM: 'dumb',
        NO_COLOR: '1',
        ...Object.fromEntries(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].map((name) => [name, proxy.url])),
        NO_PROXY: '127.0.0.1',
        ...environment,
      }),
    async close() {
      await proxy.close()
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

/** What stands for the world: it notes who is asked for and answers nobody. */
function refusingProxy(asked: string[]): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (head) => {
      asked.push(head.toString('latin1').split('\r\n')[0]?.slice(0, 200) ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () => new Promise((done) => server.close(() => done())),
      })
    })
  })
}

function run(
  [file, ...words]: readonly [string, ...string[]],
  cwd: string,
  env: { readonly [name: string]: string },
): Promise<AgentRun> {
  // In a group of its own, so that what it started is ended with it, and nothing else.
  const child = spawn(file, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const end = (): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Already gone.
    }
  }
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        output[name] = (output[name] + chunk.toString()).slice(-mostOutput)
      })
    }
    const limit = setTimeout(end, timeLimit)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      end()
      resolve({ code, ...output })
    })
  })
}
