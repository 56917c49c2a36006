import { createGateway, type Gateway, type GatewayOptions } from '@gantry/core'
import { describeError } from '../cli/errors.ts'
import { loadConfig } from '../config/load.ts'
import { hookChanges, routeChanges } from './changes.ts'
import { filesOf } from './imports.ts'
import { probeConfig } from './probe.ts'
import { createFileWatcher } from './watch.ts'

/** What a dev loop works on. */
export interface DevSubject {
  /** The config's file. */
  readonly path: string
  readonly gateway: Gateway
  /** Variables that the `.env` set at the first load. */
  readonly fromEnvFile: readonly string[]
  readonly options: GatewayOptions
  /** Time that requests of an old generation have to end, in milliseconds. */
  readonly drainTimeoutMs: number
  /** Serves the next generation. */
  replace(next: Gateway): void
  /** One line for the person who edits. */
  print(line: string): void
  /** A loop in a config ends its probe after this time, in milliseconds. */
  readonly probeMs?: number
}

/** A running dev loop. */
export interface DevLoop {
  /** Takes no further edit; resolves when the one under way is served or taken back. */
  halt(): Promise<void>
  /** Waits until the generations before the one that serves have ended and settled their requests. Halts first. */
  close(): Promise<void>
}

/**
 * Watches a config and what it imports. An edit becomes the next generation beside the running one: new requests go to
 * it, the old one drains. A broken edit keeps the last good generation and says why.
 */
export function startDevLoop(subject: DevSubject): DevLoop {
  let current = subject.gateway
  let fromEnvFile = subject.fromEnvFile
  let generation = 1
  let isClosed = false
  let working: Promise<void> | undefined
  let again = false
  const leaving = new Set<Promise<void>>()

  const watcher = createFileWatcher(() => {
    if (working) again = true
    else run()
  })
  watcher.follow(filesOf(subject.path))

  const run = (): void => {
    working = reload()
      .catch((error: unknown) => subject.print(describeError(error, false)))
      .finally(() => {
        working = undefined
        if (isClosed) return
        watcher.follow(filesOf(subject.path))
        if (again) {
          again = false
          run()
        }
      })
  }

  const keepOld = (why: string): void => {
    subject.print(`${why}\n\nGeneration ${generation} goes on serving.`)
  }

  const reload = async (): Promise<void> => {
    if (isClosed) return
    const started = performance.now()
    const probe = await withoutVariables(fromEnvFile, () => probeConfig(subject.path, subject.probeMs))
    if (isClosed) return
    if (!probe.ok) return keepOld(probe.message)
    let next: Gateway
    let read: readonly string[]
    for (const name of fromEnvFile) delete process.env[name]
    try {
      const loaded = await loadConfig(subject.path)
      read = loaded.fromEnvFile
      next = await createGateway(loaded.config, { ...subject.options, previous: current })
    } catch (error) {
      return keepOld(describeError(error, false))
    }
    fromEnvFile = read
    const before = current
    current = next
    generation++
    subject.replace(next)
    report(before, next, performance.now() - started)
    const left = leave(before)
    leaving.add(left)
    void left.finally(() => leaving.delete(left))
  }

  const report = (before: Gateway, next: Gateway, ms: number): void => {
    subject.print(`Generation ${generation} serves after ${Math.round(ms)} ms.`)
    const was = before.inspect()
    const is = next.inspect()
    const hooks = hookChanges(was, is)
    if (hooks.length > 0) subject.print(`Hook order:\n${hooks.map((line) => `  ${line}`).join('\n')}`)
    const routes = routeChanges(was, is)
    if (routes.length > 0) subject.print(`Routes:\n${routes.map((line) => `  ${line}`).join('\n')}`)
    for (const problem of next.problems) subject.print(`warning: ${problem.path ?? ''}: ${problem.message}`)
    const { host, port } = next.host.config.server ?? {}
    const old = before.host.config.server ?? {}
    if (host !== old.host || port !== old.port) subject.print('A new host or port needs a restart.')
  }

  const leave = async (old: Gateway): Promise<void> => {
    await old.drain(subject.drainTimeoutMs)
    await old.close()
  }

  const halt = async (): Promise<void> => {
    isClosed = true
    watcher.close()
    await working
  }
  return {
    halt,
    async close() {
      await halt()
      await Promise.all(leaving)
    },
  }
}

/** The probe reads `.env` anew: what an earlier read had set must not stand in its way. */
async function withoutVariables<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
  const kept = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) delete process.env[name]
  // The thread copies the environment when it starts, which is before this function gives control away.
  const running = work()
  for (const [name, value] of kept) if (value !== undefined) process.env[name] = value
  return running
}
