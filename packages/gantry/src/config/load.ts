import { dirname } from 'node:path'
import type { ResolvedConfig } from '@gantry/core'
import { createJiti } from 'jiti'
import { UserError } from '../user-error.ts'
import { readEnvFile } from './env-file.ts'
import { findConfig } from './find.ts'
import { explainLoadError } from './load-error.ts'

/** A config that was read; not yet checked. */
export interface LoadedConfig {
  /** The file it came from. */
  readonly path: string
  /** Its folder. */
  readonly folder: string
  /** Its default export, as the file gives it. */
  readonly config: ResolvedConfig
  /** Variables that the `.env` beside it set; the others were there before. */
  readonly fromEnvFile: readonly string[]
}

/**
 * Finds and evaluates a config: `.env` beside it first, then the file, TypeScript or JavaScript, fresh each time.
 * The config and plugins it imports see this process's copy of core, not a second one.
 * Throws `UserError` for all that can be wrong with a file; what the config means is for `checkConfig`.
 */
export async function loadConfig(
  given?: string,
  folder?: string,
  /** More modules of which it must not get a copy of its own, by what imports call them. */
  modules: { readonly [id: string]: unknown } = {},
): Promise<LoadedConfig> {
  const path = findConfig(given, folder)
  const fromEnvFile = readEnvFile(dirname(path))
  const jiti = createJiti(import.meta.url, {
    tryNative: false,
    moduleCache: false,
    fsCache: false,
    virtualModules: { ...modules, ...(await sharedModules()) },
  })
  let config: unknown
  try {
    config = await defaultExport(await jiti.import<unknown>(path))
  } catch (error) {
    throw explainLoadError(error, path)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UserError({
      message:
        typeof config === 'function'
          ? `${path} has a default export that is a function, not a config.`
          : `${path} has no default export that is a config.`,
      fix: 'End it with: export default defineGateway({ … })',
    })
  }
  return { path, folder: dirname(path), config: config as ResolvedConfig, fromEnvFile }
}

/** Modules of which a config must not get a copy of its own. */
async function sharedModules(): Promise<{ readonly [id: string]: unknown }> {
  const [gantry, presets, core, codec] = await Promise.all([
    import('../index.ts'),
    import('../presets.ts'),
    import('@gantry/core'),
    import('@gantry/core/codec'),
  ])
  return { gantry, 'gantry/presets': presets, '@gantry/core': core, '@gantry/core/codec': codec }
}

function defaultExport(loaded: unknown): unknown {
  if (typeof loaded !== 'object' || loaded === null || !('default' in loaded)) return undefined
  return loaded.default
}
