import { createSecret } from './format.ts'
import { createHasher, defaultPepper } from './hash.ts'

/**
 * Makes a key for the config: write `hash` into `authKeys({ keys: [...] })` and give `secret` to its user.
 * `pepper` is the first one the plugin is configured with.
 */
export function generateKey(options?: { readonly prefix?: string; readonly pepper?: string }): {
  readonly secret: string
  readonly hash: string
} {
  const secret = createSecret(options?.prefix)
  return { secret, hash: createHasher([options?.pepper ?? defaultPepper]).hash(secret) }
}
