import { createHash, randomUUID } from 'node:crypto'
import type { ConfigProblem } from './config/problem.ts'
import { resolveSecrets } from './config/secret.ts'
import type {
  AnyPlugin,
  GatewayConfig,
  Plugin,
  PluginFactory,
  ProviderPlugin,
  Schema,
  SlotNames,
} from './contract/index.ts'

const kBoot: symbol = Symbol.for('gantry.boot')

/** What a factory found out about its options; read once, at boot. */
export interface BootNotes {
  readonly problems: readonly ConfigProblem[]
  readonly secrets: readonly string[]

  /** Equal for equal options of the same factory; absent where options cannot be compared (functions among them). */
  readonly identity?: string
}

/** Identity; exists for inference. */
export function defineGateway<R extends string, M extends string, G extends string>(
  config: GatewayConfig<R, M, G>,
): GatewayConfig<R, M, G> {
  return config
}

/**
 * Makes a plugin factory: reads `env()` options, validates, then creates.
 * Wrong options do not throw here: the plugin carries its problems to the boot, which reports all of them at once.
 */
export function definePlugin<In = void, Out = In, Names extends SlotNames = {}>(definition: {
  /** For messages about options; the plugin's own `name` otherwise. */
  readonly name?: string
  readonly schema?: Schema<In, Out>
  create(options: Out): Plugin<Names>
}): PluginFactory<In, Names> {
  const factory = (options?: unknown): unknown =>
    build(definition.name ?? 'plugin', definition.schema, options, definition.create, () => ({
      // Of two plugins with one name the later replaces the earlier, and what is wrong with the earlier would not be told.
      name: definition.name ?? `plugin-${randomUUID()}`,
    }))
  return factory as PluginFactory<In, Names>
}

/** A function from options to a provider plugin; options are optional when the schema says so. */
export type ProviderFactory<Options> = undefined extends Options
  ? (options?: Options) => ProviderPlugin
  : (options: Options) => ProviderPlugin

/** The same as `definePlugin` for the values of `providers`, whose names the config gives. */
export function defineProvider<In, Out = In>(definition: {
  readonly name: string
  readonly schema?: Schema<In, Out>
  create(options: Out): ProviderPlugin
}): ProviderFactory<In> {
  const factory = (options?: unknown): unknown =>
    build(definition.name, definition.schema, options, definition.create, (name) => ({
      name,
      provider: (as: string) => ({
        name: as,
        speaks: ['none'],
        cancelStopsBilling: 'unknown',
        endpoint: () => ({ url: '', headers: {} }),
      }),
    }))
  return factory as ProviderFactory<In>
}

/** Problems and secrets that a factory left on a plugin. */
export function bootNotes(plugin: object): BootNotes {
  return (plugin as { [kBoot]?: BootNotes })[kBoot] ?? { problems: [], secrets: [] }
}

function build<In, Out, P extends AnyPlugin>(
  name: string,
  schema: Schema<In, Out> | undefined,
  options: unknown,
  create: (options: Out) => P,
  broken: (name: string) => P | AnyPlugin,
): P | AnyPlugin {
  const resolved = resolveSecrets(options)
  const problems: ConfigProblem[] = resolved.missing.map(({ path, variable }) => ({
    code: 'MISSING_ENVIRONMENT_VARIABLE',
    severity: 'error',
    path: `${name}.${path}`,
    message: `needs the environment variable ${variable}, which is not set.`,
    fix: `Set ${variable} or put it into the .env beside the config.`,
  }))
  let value = resolved.value as Out
  if (problems.length === 0 && schema) {
    const result = schema['~standard'].validate(value)
    if ('then' in result) throw new TypeError(`${name}: an options schema has to validate synchronously`)
    if (result.issues) {
      for (const issue of result.issues) {
        problems.push({
          code: 'INVALID_OPTION',
          severity: 'error',
          path: [name, ...issuePath(issue)].join('.'),
          message: issue.message,
        })
      }
    } else value = result.value
  }
  const plugin = problems.length > 0 ? broken(name) : create(value)
  const identity = problems.length > 0 ? undefined : identityOf(name, resolved.value)
  const notes: BootNotes = {
    problems,
    secrets: resolved.secrets,
    ...(identity === undefined ? {} : { identity }),
  }
  return Object.defineProperty(plugin, kBoot, { value: notes, configurable: true })
}

/** A digest, because options hold secrets. */
function identityOf(name: string, options: unknown): string | undefined {
  let comparable = true
  const text = JSON.stringify([name, options], (_key, value: unknown) => {
    if (typeof value === 'function' || typeof value === 'symbol') comparable = false
    return typeof value === 'bigint' ? `${value}n` : value
  })
  return comparable ? createHash('sha256').update(text).digest('hex') : undefined
}

function issuePath(issue: object): readonly string[] {
  const path = (issue as { path?: readonly (PropertyKey | { key: PropertyKey })[] }).path ?? []
  return path.map((step) => String(typeof step === 'object' ? step.key : step))
}
