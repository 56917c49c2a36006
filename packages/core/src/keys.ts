import type { Key, KeyRecord } from './contract/index.ts'

/**
 * Makes a typed per-request value. One call per value, exported by the plugin that owns it.
 * Equal names give the same key, so that two copies of a plugin package still agree.
 */
export function defineKey<T>(name: string): Key<T> {
  return { id: Symbol.for(`gantry.key.${name}`), name }
}

/** Who pays: the id of an account. */
export const account: Key<string> = defineKey('account')

/** The key that was shown. */
export const key: Key<KeyRecord> = defineKey('key')

/** The group that decides access, targets and ratio. */
export const group: Key<string> = defineKey('group')
