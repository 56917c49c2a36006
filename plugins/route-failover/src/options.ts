import type { Schema } from '@gantry/core'
import { z } from 'zod'

/** Options of `routeFailover`. All times are milliseconds. */
export interface RouteFailoverOptions {
  /** Attempts per request, the first included: 1 to 3, 3 by default. Core tries no more than three. */
  readonly attempts?: number
  /** How long a credential stays out after the upstream refused it (its 401, 402, 403); 10 minutes by default. */
  readonly credentialCooldownMs?: number
  /** How long a rate-limited credential stays out when the upstream names no time; 10 seconds by default. */
  readonly rateLimitCooldownMs?: number
  /** Failures in a row (overloaded, 5xx, timeout, cut) until a target stays out; 3 by default. */
  readonly failureThreshold?: number
  /** How long it then stays out; doubled each time it fails again right after; 10 seconds by default. */
  readonly failureCooldownMs?: number
  /** Upper bound of any time an upstream asks for and of the doubling; 10 minutes by default. */
  readonly maxCooldownMs?: number
  /** A number from 0 up to, but not including, 1; for tests that want the same order each time. */
  readonly random?: () => number
  /** Milliseconds of a clock that never goes back; for tests. */
  readonly now?: () => number
}

/** Options after defaults. */
export type ResolvedOptions = Required<RouteFailoverOptions>

const milliseconds = z.number().int().min(0).max(86_400_000)
const callable = z.custom<() => number>((value) => typeof value === 'function', 'has to be a function')

const schema = z
  .strictObject({
    attempts: z.number().int().min(1).max(3).optional(),
    credentialCooldownMs: milliseconds.optional(),
    rateLimitCooldownMs: milliseconds.optional(),
    failureThreshold: z.number().int().min(1).max(1000).optional(),
    failureCooldownMs: milliseconds.optional(),
    maxCooldownMs: milliseconds.optional(),
    random: callable.optional(),
    now: callable.optional(),
  })
  .default({})
  .transform((options): ResolvedOptions => ({
    attempts: options.attempts ?? 3,
    credentialCooldownMs: options.credentialCooldownMs ?? 600_000,
    rateLimitCooldownMs: options.rateLimitCooldownMs ?? 10_000,
    failureThreshold: options.failureThreshold ?? 3,
    failureCooldownMs: options.failureCooldownMs ?? 10_000,
    maxCooldownMs: options.maxCooldownMs ?? 600_000,
    random: options.random ?? Math.random,
    now: options.now ?? ((): number => performance.now()),
  }))

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<RouteFailoverOptions | undefined, ResolvedOptions> = schema
