import { z } from 'zod'
import type { JsonObject, Schema, Secret, UpstreamTimeouts } from '@gantry/core'

/** Options of Anthropic. */
export interface AnthropicOptions {
  /** One credential or several; core makes a target of each. Sent as `x-api-key`. */
  readonly apiKey: Secret | readonly Secret[]
  /** With the version, without `/messages`. `https://api.anthropic.com/v1` by default. */
  readonly baseUrl?: string
  /** Beta features for every request, sent as `anthropic-beta` beside those the client asks for. */
  readonly betas?: readonly string[]
  /** Dialect of the messages wire, as data for the protocol. */
  readonly quirks?: JsonObject
  /** Timers that differ from core's defaults, in milliseconds. */
  readonly timeouts?: UpstreamTimeouts
  /** A request that was sent and timed out may be sent again; false by default, because it may be paid twice. */
  readonly retryAfterSent?: boolean
  /** Model ids to show where the provider is asked for its models. */
  readonly models?: readonly string[]
}

/** Options after validation. */
export interface AnthropicSettings {
  readonly apiKeys: readonly string[]
  readonly baseUrl: string
  readonly betas: readonly string[]
  readonly quirks: JsonObject
  readonly timeouts?: UpstreamTimeouts
  readonly retryAfterSent: boolean
  readonly models?: readonly string[]
}

const key = z
  .string()
  .max(8192)
  .regex(/^[\x21-\x7e]+$/, 'is empty, or has a space, a line break or another character no key has.')
const milliseconds = z.int().min(1).max(86_400_000)

const validator = z
  .strictObject({
    apiKey: z
      .union([key, z.array(key).min(1).max(1000)])
      .transform((value) => (typeof value === 'string' ? [value] : value))
      .refine((keys) => new Set(keys).size === keys.length, 'has the same key twice.'),
    baseUrl: z
      .string()
      .transform((text, context) => {
        const read = readBaseUrl(text)
        if ('url' in read) return read.url
        context.addIssue({ code: 'custom', message: read.problem })
        return z.NEVER
      })
      .optional(),
    betas: z
      .array(z.string().regex(/^[A-Za-z0-9._-]+$/, 'is not the name of a beta.'))
      .max(100)
      .optional(),
    quirks: z.record(z.string(), z.json()).optional(),
    timeouts: z
      .strictObject({
        connectMs: milliseconds.optional(),
        firstByteMs: milliseconds.optional(),
        idleMs: milliseconds.optional(),
        totalMs: milliseconds.optional(),
      })
      .optional(),
    retryAfterSent: z.boolean().optional(),
    models: z.array(z.string().min(1)).max(10_000).optional(),
  })
  .transform(({ apiKey, baseUrl, betas, quirks, retryAfterSent, ...rest }): AnthropicSettings => ({
    ...rest,
    apiKeys: apiKey,
    baseUrl: baseUrl ?? 'https://api.anthropic.com/v1',
    betas: [...new Set(betas)],
    quirks: quirks ?? {},
    retryAfterSent: retryAfterSent ?? false,
  }))

/** Validates `AnthropicOptions` after their secrets were read. */
export const schema: Schema<AnthropicOptions, AnthropicSettings> = validator

function readBaseUrl(text: string): { readonly url: string } | { readonly problem: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { problem: 'has to be a URL such as https://api.anthropic.com/v1.' }
  }
  if (url.username || url.password) return { problem: 'must not hold credentials: use apiKey.' }
  if (text.includes('?') || text.includes('#')) {
    return { problem: 'must not have a query or fragment: core appends a path to it.' }
  }
  let end = url.pathname.length
  while (end > 0 && url.pathname[end - 1] === '/') end--
  const path = url.pathname.slice(0, end)
  if (path.endsWith('/messages')) {
    return { problem: 'has to be the base URL: leave out /messages, core appends it.' }
  }
  return { url: url.origin + path }
}
