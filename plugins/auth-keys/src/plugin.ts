import {
  account,
  type Context,
  definePlugin,
  GatewayError,
  group,
  type Host,
  key,
  type KeyRecord,
  type Plugin,
} from '@gantry/core'
import { checkKeys } from './check.ts'
import { readCredential } from './credential.ts'
import { isWellFormed } from './format.ts'
import { createHasher } from './hash.ts'
import { brokenKeyring, createKeyring, type Keyring, withKeyring } from './keyring.ts'
import { createLookup } from './lookup.ts'
import { type AuthKeysOptions, optionsSchema, type ResolvedOptions } from './options.ts'

/** The plugin, and the keyring it carries. */
export type AuthKeysPlugin = Plugin & { readonly keyring: Keyring }

/**
 * Who is asking: a key in `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`, known from the config or the
 * `keys` store. Writes `account`, `key` and `group`. Every bad key gets the same 401.
 */
export function authKeys(options?: AuthKeysOptions): AuthKeysPlugin {
  const plugin = factory(options)
  return 'keyring' in plugin ? (plugin as AuthKeysPlugin) : withKeyring(plugin, brokenKeyring())
}

const factory: (options?: AuthKeysOptions) => Plugin = definePlugin({
  name: 'auth-keys',
  schema: optionsSchema,
  create: createAuthKeys,
})

function createAuthKeys(options: ResolvedOptions): AuthKeysPlugin {
  const hasher = createHasher(options.peppers)
  const lookup = createLookup(options)
  let host: Host | undefined

  const admit = (context: Context, record: KeyRecord | undefined): void => {
    if (!record || record.disabled) throw refused()
    if (record.expiresAt !== undefined && record.expiresAt <= Date.now()) throw refused()
    if (!host || !Object.hasOwn(host.config.groups, record.group)) {
      throw new GatewayError({
        class: 'permission',
        code: 'group_not_found',
        message: 'The group of this API key does not exist any more. Ask whoever runs this gateway.',
      })
    }
    context.set(account, record.account)
    context.set(key, record)
    context.set(group, record.group)
  }

  const plugin: Plugin = {
    name: 'auth-keys',
    writes: [account, key, group],
    check: (config) => checkKeys(options, config),
    setup(given) {
      host = given
      lookup.open(given.all('keys').length > 0 ? given.use('keys') : undefined)
      if (!options.pepperConfigured) {
        given.logger.warn(
          'auth-keys hashes keys with its public default pepper. Set `pepper`, or GANTRY_PEPPER with the standard preset, to a secret of your own.',
          { plugin: 'auth-keys' },
        )
      }
    },
    close() {
      lookup.close()
    },
    hooks: {
      auth(context) {
        const secret = readCredential(context.wire.headers)
        if (secret === undefined || !isWellFormed(secret)) throw refused()
        const found = lookup.find(hasher.hashes(secret))
        if (found instanceof Promise) return found.then((record) => admit(context, record))
        admit(context, found)
      },
    },
  }
  return withKeyring(
    plugin,
    createKeyring({
      hasher,
      prefix: options.prefix,
      host: () => host,
      store: () => lookup.store(),
      configured: lookup.configured,
      forget: (id) => lookup.forget(id),
    }),
  )
}

/** One answer for missing, malformed, unknown, expired and revoked: which it was is nobody's business. */
function refused(): GatewayError {
  return new GatewayError({
    class: 'authentication',
    code: 'invalid_api_key',
    message:
      'Missing or invalid API key. Send a valid key as "Authorization: Bearer <key>" or "x-api-key: <key>".',
  })
}
