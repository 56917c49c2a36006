import { didYouMean, GatewayError, type Host, type KeyRecord, type KeyStore } from '@gantry/core'
import { createSecret, randomText } from './format.ts'
import type { Hasher } from './hash.ts'

import { accountPattern } from './options.ts'

const kKeyring: symbol = Symbol.for('gantry.keyring')

/** What a new key is for. */
export interface IssueRequest {
  /** Who pays. */
  readonly account: string
  /** One of the config's groups. */
  readonly group: string
  readonly name?: string
  /** Milliseconds since 1970; in the future. */
  readonly expiresAt?: number
}

/** A key at the only moment its secret is known. */
export interface IssuedKey {
  /** The key itself. It is not stored and cannot be shown again. */
  readonly secret: string
  readonly record: KeyRecord
}

/** Makes and revokes keys. Works once the plugin is set up. */
export interface Keyring {
  /**
   * Makes a key and stores its hash. Throws `GatewayError` `invalid_request` for an unknown group (with the nearest
   * name), a bad account id, a past expiry, or when no store holds keys.
   */
  issue(request: IssueRequest): Promise<IssuedKey>
  /** Revokes a key by id, at once for this process. `false`: there is no such key. */
  revoke(id: string): Promise<boolean>
  /** The hash a secret is stored under. */
  hash(secret: string): string
}

/** The keyring a plugin carries, of this copy of the package or another. */
export function keyringOf(plugin: object): Keyring | undefined {
  return (plugin as { [kKeyring]?: Keyring })[kKeyring]
}

/** Gives a plugin its keyring, under its name and under the brand. */
export function withKeyring<P extends object>(
  plugin: P,
  keyring: Keyring,
): P & { readonly keyring: Keyring } {
  Object.defineProperty(plugin, kKeyring, { value: keyring })
  return Object.assign(plugin, { keyring })
}

/** What the keyring needs from the plugin around it. */
export interface KeyringParts {
  readonly hasher: Hasher
  readonly prefix: string
  /** Set by `setup`. */
  host(): Host | undefined
  store(): KeyStore | undefined
  /** Ids of keys that are written in the config. */
  readonly configured: ReadonlySet<string>
  /** Forgets what was cached of a key. */
  forget(id: string): void
}

/** Makes the keyring of one plugin. */
export function createKeyring(parts: KeyringParts): Keyring {
  return {
    hash: (secret) => parts.hasher.hash(secret),
    async issue(request) {
      const { host, store } = ready(parts)
      checkIssue(request, Object.keys(host.config.groups))
      const secret = createSecret(parts.prefix)
      const now = Date.now()
      const record: KeyRecord = {
        id: `key_${randomText(16)}`,
        account: request.account,
        group: request.group,
        ...(request.name === undefined ? {} : { name: request.name }),
        disabled: false,
        ...(request.expiresAt === undefined ? {} : { expiresAt: request.expiresAt }),
        lastFour: secret.slice(-4),
        createdAt: now,
      }
      await store.create(record, parts.hasher.hash(secret))
      return { secret, record }
    },
    async revoke(id) {
      if (parts.configured.has(id)) {
        throw invalid('/id', `The key "${id}" is written in the config. Remove it there.`)
      }
      const { store } = ready(parts)
      try {
        return await store.revoke(id)
      } finally {
        // Also when the store failed: it may have revoked and lost only the answer.
        parts.forget(id)
      }
    },
  }
}

/** A keyring for a plugin whose options were refused: the boot reports those, this only says so too. */
export function brokenKeyring(): Keyring {
  return { issue: async () => refuseOptions(), revoke: async () => refuseOptions(), hash: refuseOptions }
}

function refuseOptions(): never {
  throw invalid(undefined, 'The options of auth-keys are invalid; its keys cannot be used.')
}

function checkIssue(request: IssueRequest, groups: readonly string[]): void {
  if (!accountPattern.test(request.account)) {
    throw invalid(
      '/account',
      `"${request.account.slice(0, 140)}" is not an account id: letters, digits and . _ @ -, at most 128.`,
    )
  }
  if (!groups.includes(request.group)) {
    throw invalid(
      '/group',
      `There is no group "${request.group}" in the config. ${didYouMean(request.group, groups)}`,
    )
  }
  if (request.name !== undefined && request.name.length > 200) {
    throw invalid('/name', 'The name of a key has at most 200 characters.')
  }
  if (request.expiresAt !== undefined && !(request.expiresAt > Date.now())) {
    throw invalid('/expiresAt', 'A key has to expire in the future.')
  }
}

function ready(parts: KeyringParts): { readonly host: Host; readonly store: KeyStore } {
  const host = parts.host()
  if (!host) throw invalid(undefined, 'Keys can be made once the gateway is set up.')
  const store = parts.store()
  if (!store) {
    throw invalid(
      undefined,
      'No store holds keys. Give the config a `store`, or write the key into the config.',
    )
  }
  return { host, store }
}

function invalid(param: string | undefined, message: string): GatewayError {
  return new GatewayError({ class: 'invalid_request', message, ...(param === undefined ? {} : { param }) })
}
