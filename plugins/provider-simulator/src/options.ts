import { z } from 'zod'
import type { Schema, Secret, UpstreamTimeouts } from '@gantry/core'

/** Name of a protocol the simulator speaks. */
export type SimulatorProtocol = 'openai-chat' | 'openai-responses' | 'anthropic-messages'

/** How the stand-in behaves; everything may be left out. */
export interface SimulatorSettings {
  /** Milliseconds between the tokens of a stream; a whole answer takes as long as its stream. 0 by default. */
  readonly pace?: number
  /** Milliseconds before the first token. 0 by default. */
  readonly firstTokenMs?: number
  /** Changes ids and the wording of default answers. */
  readonly seed?: string
  /** Port on 127.0.0.1; a free one by default. A fixed one cannot be reloaded beside itself. */
  readonly port?: number
  /** Models it has; any other is a 404. Every name is accepted by default. */
  readonly models?: readonly string[]
  /** Requests need one of these keys, or get the vendor's 401. None needed by default. */
  readonly apiKey?: Secret | readonly Secret[]
  /** Of those keys, the ones that were revoked: 401, as for a key it has never seen. */
  readonly deadKeys?: readonly string[]
  /**
   * What counts as a cached prompt. `history` (default): all before the last assistant turn, so that the same request
   * always gets the same bytes. `memory`: prefixes seen before. `off`: nothing.
   */
  readonly cache?: 'history' | 'memory' | 'off'
  /** Instructions that every prompt begins with: `fail 503` makes it a host that is down. None by default. */
  readonly always?: string
  /** Largest request body, in bytes; 32 MB by default. */
  readonly maxBodyBytes?: number
  /** How long `stall` holds a connection, in milliseconds; ten minutes by default. */
  readonly stallMs?: number
  /** Insists on alternating roles on the messages wire, as some hosts of it do; Anthropic itself joins runs. */
  readonly strictRoles?: boolean
}

/** Options of the provider. */
export interface SimulatorOptions extends SimulatorSettings {
  /** The protocols to offer, best first; `openai-chat` by default. The wires of others answer 404. */
  readonly speaks?: SimulatorProtocol | readonly [SimulatorProtocol, ...SimulatorProtocol[]]
  /** What the provider says of itself: does closing the connection stop its meter? True by default. */
  readonly cancelStopsBilling?: boolean | 'unknown'
  /** Timers that differ from core's defaults, in milliseconds. */
  readonly timeouts?: UpstreamTimeouts
  /** A request that was sent and timed out may be sent again. */
  readonly retryAfterSent?: boolean
}

/** Validated options, with every default filled in. */
export interface ProviderSettings {
  readonly pace: number
  readonly firstTokenMs: number
  readonly seed: string
  readonly port: number
  readonly models?: readonly string[]
  readonly apiKeys: readonly string[]
  readonly deadKeys: readonly string[]
  readonly cache: 'history' | 'memory' | 'off'
  readonly always: string
  readonly maxBodyBytes: number
  readonly stallMs: number
  readonly strictRoles: boolean
  readonly speaks: readonly [SimulatorProtocol, ...SimulatorProtocol[]]
  readonly cancelStopsBilling: boolean | 'unknown'
  readonly timeouts?: UpstreamTimeouts
  readonly retryAfterSent: boolean
}

const milliseconds = z.number().min(0).max(86_400_000)
const timer = z.int().min(1).max(86_400_000)
const protocol = z.enum(['openai-chat', 'openai-responses', 'anthropic-messages'])
const key = z.string().regex(/^[\x21-\x7e]+$/, 'is empty, or has a character no key has.')

const validator = z.preprocess(
  (value) => value ?? {},
  z
    .strictObject({
      pace: milliseconds.default(0),
      firstTokenMs: milliseconds.default(0),
      seed: z.string().max(1000).default(''),
      port: z.int().min(0).max(65_535).default(0),
      models: z.array(z.string().min(1)).min(1).max(10_000).optional(),
      apiKey: z.union([key, z.array(key).min(1).max(1000)]).optional(),
      deadKeys: z.array(key).default([]),
      cache: z.enum(['history', 'memory', 'off']).default('history'),
      always: z.string().max(1000).default(''),
      maxBodyBytes: z
        .int()
        .min(1)
        .default(32 * 1024 * 1024),
      stallMs: timer.default(600_000),
      strictRoles: z.boolean().default(false),
      speaks: z.union([protocol, z.tuple([protocol], protocol)]).default('openai-chat'),
      cancelStopsBilling: z.union([z.boolean(), z.literal('unknown')]).default(true),
      timeouts: z
        .strictObject({
          connectMs: timer.optional(),
          firstByteMs: timer.optional(),
          idleMs: timer.optional(),
          totalMs: timer.optional(),
        })
        .optional(),
      retryAfterSent: z.boolean().default(false),
    })
    .transform(({ apiKey, speaks, ...rest }): ProviderSettings => ({
      ...rest,
      apiKeys: apiKey === undefined ? [] : typeof apiKey === 'string' ? [apiKey] : apiKey,
      speaks: typeof speaks === 'string' ? [speaks] : speaks,
    })),
)

const { version, vendor, validate } = validator['~standard']

/** Validates `SimulatorOptions` after their secrets were read. */
export const schema: Schema<SimulatorOptions | undefined, ProviderSettings> = {
  '~standard': { version, vendor, validate },
}

/** Options of a simulator of its own, validated; throws a `TypeError` that names the wrong one. */
export function readOptions(options: unknown): ProviderSettings {
  const read = validator.safeParse(options)
  if (read.success) return read.data
  throw new TypeError(`simulator: ${z.prettifyError(read.error)}`)
}
