import type { JsonObject, Schema, Secret } from '@gantry/core'
import { z } from 'zod'
import { defaultPrefix, prefixPattern } from './format.ts'
import { defaultPepper, hashPattern } from './hash.ts'

/** A key written into the config: its hash, never the secret. Make a pair with `generateKey`. */
export interface ConfiguredKey {
  /** What `generateKey` or `keyring.hash` gives: pepper id, dot, HMAC-SHA-256 in hex. */
  readonly hash: string
  /** Who pays. */
  readonly account: string
  /** One of the config's groups. */
  readonly group: string
  readonly name?: string
  /** Milliseconds since 1970, or an ISO 8601 time. */
  readonly expiresAt?: number | string
  readonly disabled?: boolean
  readonly limits?: JsonObject
}

/** Options of `authKeys`. */
export interface AuthKeysOptions {
  /**
   * Secret that keys are hashed with, at least 16 characters. Two during a rotation: the first hashes new keys,
   * both are accepted. Without one a fixed public text is used, and the boot says so.
   */
  readonly pepper?: Secret | readonly Secret[]
  /** Keys that need no store. */
  readonly keys?: readonly ConfiguredKey[]
  /** What new keys start with; `sk-gantry` by default. Keys with an older prefix stay valid. */
  readonly prefix?: string
  /** How long a looked-up key is remembered, 0 to 10,000 milliseconds; 5,000 by default. */
  readonly cacheTtlMs?: number
}

/** Options after validation. */
export interface ResolvedOptions {
  readonly peppers: readonly [string, ...string[]]
  readonly pepperConfigured: boolean
  readonly keys: readonly (Omit<ConfiguredKey, 'expiresAt'> & { readonly expiresAt?: number })[]
  readonly prefix: string
  readonly cacheTtlMs: number
}

/** Account ids: letters, digits and `. _ @ -`, at most 128. No colon: the ledger's own accounts have one. */
export const accountPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/

const pepper = z.string().min(16, 'a pepper needs at least 16 characters')
const time = z.union([
  z.number().int().positive(),
  z
    .string()
    .refine(
      (text) => !Number.isNaN(Date.parse(text)),
      'is not a time; write for instance 2027-01-31T00:00:00Z',
    )
    .transform((text) => Date.parse(text)),
])
const configuredKey = z.strictObject({
  hash: z.string().regex(hashPattern, 'is not a key hash; make one with generateKey of @gantry/auth-keys'),
  account: z.string().regex(accountPattern, 'is not an account id: letters, digits and . _ @ -, at most 128'),
  group: z.string().min(1),
  name: z.string().max(200).optional(),
  expiresAt: time.optional(),
  disabled: z.boolean().optional(),
  limits: z.record(z.string(), z.json()).optional(),
})

/** Validates and resolves the options; private, because its type cannot be written down. */
const schema = z
  .strictObject({
    pepper: z
      .union([pepper, z.array(pepper).min(1).max(2, 'at most two peppers are active at once')])
      .optional(),
    keys: z.array(configuredKey).optional(),
    prefix: z.string().regex(prefixPattern, 'is a letter, then up to 31 letters, digits, - and _').optional(),
    cacheTtlMs: z.number().int().min(0).max(10_000).optional(),
  })
  .default({})
  .transform((options): ResolvedOptions => ({
    peppers: peppersOf(options.pepper),
    pepperConfigured: options.pepper !== undefined,
    keys: options.keys ?? [],
    prefix: options.prefix ?? defaultPrefix,
    cacheTtlMs: options.cacheTtlMs ?? 5000,
  }))

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<AuthKeysOptions | undefined, ResolvedOptions> = schema

function peppersOf(configured: string | readonly string[] | undefined): readonly [string, ...string[]] {
  const [first = defaultPepper, ...rest] = typeof configured === 'string' ? [configured] : (configured ?? [])
  return [first, ...rest]
}
