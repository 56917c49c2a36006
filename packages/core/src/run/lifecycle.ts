import type { Hookable } from 'hookable'
import type { AnyPlugin, Host } from '../contract/index.ts'
import { ConfigError } from '../config/problem.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import type { Runtime } from './runtime.ts'

/** The boot and shutdown bus. Requests never pass it: they run compiled lists. */
export interface BusHooks {
  setup(host: Host): void | Promise<void>
  ready(): void | Promise<void>
  closing(): void | Promise<void>
  close(): void | Promise<void>
}

/** Puts setup and close of each plugin on the bus; those in `handedOver` are set up, or closed, by another generation. */
export function registerPlugins(
  bus: Hookable<BusHooks>,
  plugins: readonly AnyPlugin[],
  runtime: Runtime,
  started: AnyPlugin[],
  handedOver: ReadonlySet<unknown>,
): void {
  for (const plugin of plugins) {
    bus.hook('setup', async (host) => {
      // Set up by the generation before.
      if (handedOver.has(plugin)) {
        started.push(plugin)
        return
      }
      // Also a plugin whose setup fails halfway gets its close: it knows what it had opened.
      started.push(plugin)
      await boot(plugin, host, runtime.deadlines.setup)
    })
    bus.hook('close', async () => {
      if (!plugin.close || !started.includes(plugin) || handedOver.has(plugin)) return
      try {
        const made = plugin.close()
        if (isThenable(made)) await withDeadline(made, runtime.deadlines.close, `close of ${plugin.name}`)
      } catch (cause) {
        runtime.logger.error(`close of ${plugin.name} failed`, { cause })
      }
    })
  }
}

async function boot(plugin: AnyPlugin, host: Host, deadline: number): Promise<void> {
  try {
    const made = plugin.setup?.(host)
    if (isThenable(made)) await withDeadline(made, deadline, `setup of ${plugin.name}`)
  } catch (cause) {
    if (ConfigError.is(cause)) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(
      [
        {
          code: 'SETUP_FAILED',
          severity: 'error',
          path: plugin.name,
          message: `could not be set up: ${message}`,
        },
      ],
      {
        cause,
      },
    )
  }
}

type BusCallback = (...args: never[]) => void | Promise<void>

/** Our own caller: `callHook` makes an async task for devtools on every call. */
export async function inOrder(hooks: readonly BusCallback[], args: readonly unknown[]): Promise<void> {
  for (const hook of hooks) await hook(...(args as never[]))
}

/** The same from the end: what came up last goes down first. */
export async function inReverse(hooks: readonly BusCallback[], args: readonly unknown[]): Promise<void> {
  for (const hook of hooks.toReversed()) await hook(...(args as never[]))
}
