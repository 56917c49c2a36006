import { dirname } from 'node:path'
import { keyringOf } from '@gantry/auth-keys'
import { createGateway, type Gateway } from '@gantry/core'
import { findConfig } from '../config/find.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { createAdmin } from '../control/admin.ts'
import { isLive, sendCommand } from '../control/client.ts'
import type { CommandName, Commands, RunCommand } from '../control/commands.ts'
import { controlPath } from '../control/path.ts'
import { silentLogger } from './logger.ts'
import { withoutSetup } from './still.ts'
import { requireStore, storeFile } from './store.ts'

/** Flags that say which config is meant. */
export interface ConfigFlags {
  readonly config?: string | undefined
}

/** A config that was read, and where its gateway listens for commands. */
export interface Session extends LoadedConfig {
  readonly socket: string
}

/**
 * Reads the config that the flags name. Relative paths in it start at its own folder, wherever the command was
 * called from, so that a store is the same one each time.
 */
export async function openSession(
  flags: ConfigFlags,
  modules?: { readonly [id: string]: unknown },
): Promise<Session> {
  const path = findConfig(flags.config)
  process.chdir(dirname(path))
  const loaded = await loadConfig(path, undefined, modules)
  const socket = controlPath({
    configured: loaded.config.server?.controlSocket,
    storeFile: storeFile(loaded.config),
    configPath: path,
  })
  return { ...loaded, socket }
}

/**
 * Runs commands on the gateway of a config: the one that runs, over its control socket, else one that is put
 * together without listening and taken apart afterwards. Only what makes keys is set up in it, so that a store is
 * opened by its first use, and for writing by the first write.
 */
export async function withCommands<T>(
  flags: ConfigFlags,
  work: (run: RunCommand) => Promise<T>,
  mode: 'read' | 'write',
): Promise<T> {
  const session = await openSession(flags)
  if (await isLive(session.socket)) return work(remote(session.socket))
  requireStore(session.config, mode)
  const config = withoutSetup(session.config, (plugin) => keyringOf(plugin) !== undefined)
  const gateway: Gateway = await createGateway(config, { logger: silentLogger })
  try {
    return await work(createAdmin({ host: gateway.host }).run)
  } finally {
    await gateway.close()
  }
}

function remote(socket: string): RunCommand {
  return async <C extends CommandName>(command: C, input: Commands[C]['input']) =>
    // The other end is this same package; what it sends is what the table says.
    (await sendCommand(socket, command, input)) as Commands[C]['output']
}
