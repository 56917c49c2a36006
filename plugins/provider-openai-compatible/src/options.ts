import { z } from 'zod'
import type { JsonObject, Schema, Secret, UpstreamTimeouts } from '@gantry/core'
import { readBaseUrl } from './base-url.ts'

/** Wires that hosts of this kind speak. */
export type CompatibleWire = 'openai-chat' | 'openai-responses'

/** What every vendor takes; a preset has its own defaults for the rest. */
export interface VendorOptions {
  /** One credential or several; core makes a target of each. Sent as `authorization: Bearer …`. */
  readonly apiKey: Secret | readonly Secret[]
  /** Base URL with the version, without the protocol's path. */
  readonly baseUrl?: string
  /** Sent with every request. Names are lowercased; `authorization` only without `apiKey`. */
  readonly headers?: { readonly [name: string]: Secret }
  /** Wires the host speaks, best first. A client that speaks one of them is relayed; others are converted to the first. */
  readonly speaks?: readonly CompatibleWire[]
  /** Dialect of the chat wire, as data for the protocol: `maxTokens`, `systemRole`, `includeUsage`, … */
  readonly quirks?: JsonObject
  /** Dialect of the Responses wire, as data for the protocol: `refuses`, `customTools`, `store`, … */
  readonly responsesQuirks?: JsonObject
  /** Timers that differ from core's defaults, in milliseconds. */
  readonly timeouts?: UpstreamTimeouts
  /** Whether closing the connection stops the vendor's meter. */
  readonly cancelStopsBilling?: boolean | 'unknown'
  /** A request that was sent and timed out may be sent again; false by default, because it may be paid twice. */
  readonly retryAfterSent?: boolean
  /** Model ids to show where the provider is asked for its models. */
  readonly models?: readonly string[]
}

/** Any host that speaks the OpenAI Chat wire. */
export interface OpenAICompatibleOptions extends Omit<VendorOptions, 'apiKey' | 'baseUrl'> {
  readonly baseUrl: string
  /** Leave it out for a host that wants none, or that wants its key in `headers`. */
  readonly apiKey?: Secret | readonly Secret[]
}

/** Options after validation: secrets read, one list of keys, the base URL without a trailing slash. */
export interface CompatibleSettings {
  readonly baseUrl: string
  readonly apiKeys: readonly string[]
  readonly headers: { readonly [name: string]: string }
  readonly speaks: readonly [CompatibleWire, ...CompatibleWire[]]
  readonly quirks: JsonObject
  readonly responsesQuirks: JsonObject
  readonly timeouts?: UpstreamTimeouts
  readonly cancelStopsBilling: boolean | 'unknown'
  readonly retryAfterSent: boolean
  readonly models?: readonly string[]
}

/** What a preset knows of its vendor. */
export type CompatibleDefaults = Partial<Omit<CompatibleSettings, 'apiKeys' | 'headers'>>

const headerValue = z
  .string()
  .max(8192)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'has characters no header can carry.')
const milliseconds = z.int().min(1).max(86_400_000)

/** The fields of the options, for packages that add their own to them. */
const fields = {
  baseUrl: z.string().transform((text, context) => {
    try {
      return readBaseUrl(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  }),
  apiKey: z
    .union([secret(), z.array(secret()).min(1).max(1000)])
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .refine((keys) => new Set(keys).size === keys.length, 'has the same key twice.'),
  headers: z
    .record(z.string(), headerValue)
    .transform((headers) => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])))
    .superRefine((headers, context) => {
      for (const name of Object.keys(headers)) {
        const problem = headerProblem(name)
        if (problem) context.addIssue({ code: 'custom', path: [name], message: problem })
      }
    }),
  speaks: z
    .tuple([z.enum(['openai-chat', 'openai-responses'])], z.enum(['openai-chat', 'openai-responses']))
    .refine((wires) => new Set(wires).size === wires.length, 'names a wire twice.'),
  quirks: z.record(z.string(), z.json()),
  timeouts: z.strictObject({
    connectMs: milliseconds.optional(),
    firstByteMs: milliseconds.optional(),
    idleMs: milliseconds.optional(),
    totalMs: milliseconds.optional(),
  }),
  cancelStopsBilling: z.union([z.boolean(), z.literal('unknown')]),
  retryAfterSent: z.boolean(),
  models: z.array(z.string().min(1)).max(10_000),
}

/** What a schema over the options of one vendor depends on. */
export interface CompatibleNeeds {
  /** Whether an API key is required. */
  readonly apiKey: boolean
  /** Options of the vendor's own that become headers: name of the option to name of the header. */
  readonly named?: { readonly [option: string]: string }
}

/** A schema over the options of one vendor, with what is known of the vendor filled in. */
export function compatibleSchema<In>(
  defaults: CompatibleDefaults,
  needs: CompatibleNeeds,
): Schema<In, CompatibleSettings> {
  const named = Object.entries(needs.named ?? {})
  const own: Record<string, z.ZodOptional<typeof headerValue>> = {}
  for (const [option] of named) own[option] = headerValue.min(1).optional()
  const schema = z
    .strictObject({
      ...own,
      baseUrl: defaults.baseUrl === undefined ? fields.baseUrl : fields.baseUrl.optional(),
      apiKey: needs.apiKey ? fields.apiKey : fields.apiKey.optional(),
      headers: fields.headers.optional(),
      speaks: fields.speaks.optional(),
      quirks: fields.quirks.optional(),
      responsesQuirks: fields.quirks.optional(),
      timeouts: fields.timeouts.optional(),
      cancelStopsBilling: fields.cancelStopsBilling.optional(),
      retryAfterSent: fields.retryAfterSent.optional(),
      models: fields.models.optional(),
    })
    .refine((options) => !(options.apiKey && options.headers && 'authorization' in options.headers), {
      path: ['headers', 'authorization'],
      message: 'is set by apiKey: leave one of the two out.',
    })
    .transform((options): CompatibleSettings => {
      const headers: Record<string, string> = { ...options.headers }
      const given = new Map<string, unknown>(Object.entries(options))
      for (const [option, header] of named) {
        const value = given.get(option)
        if (typeof value === 'string') headers[header] = value
      }
      const models = options.models ?? defaults.models
      return {
        baseUrl: options.baseUrl ?? defaults.baseUrl ?? '',
        apiKeys: options.apiKey ?? [],
        headers,
        speaks: options.speaks ?? defaults.speaks ?? ['openai-chat'],
        quirks: { ...defaults.quirks, ...options.quirks },
        responsesQuirks: { ...defaults.responsesQuirks, ...options.responsesQuirks },
        timeouts: { ...defaults.timeouts, ...options.timeouts },
        cancelStopsBilling: options.cancelStopsBilling ?? defaults.cancelStopsBilling ?? 'unknown',
        retryAfterSent: options.retryAfterSent ?? defaults.retryAfterSent ?? false,
        ...(models && { models }),
      }
    })
  // A host that needs no key may be used without any options at all.
  const checked = needs.apiKey ? schema : z.preprocess((value) => value ?? {}, schema)
  const { version, vendor, validate } = checked['~standard']
  return { '~standard': { version, vendor, validate } }
}

function secret(): z.ZodString {
  return z
    .string()
    .max(8192)
    .regex(/^[\x21-\x7e]+$/, 'is empty, or has a space, a line break or another character no key has.')
}

// Core and the protocol set these; two of them would let a request be read in two ways.
const reserved = [
  'host',
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'upgrade',
]

function headerProblem(name: string): string | undefined {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return 'is not a header name.'
  if (reserved.includes(name)) return 'is set by the gateway.'
  return undefined
}
