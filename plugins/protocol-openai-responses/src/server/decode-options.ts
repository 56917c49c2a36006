import {
  GatewayError,
  type CacheOptions,
  type Continuation,
  type Json,
  type JsonObject,
  type OutputShape,
  type ReasoningOptions,
  type Sampling,
} from '@gantry/core'
import {
  isObject,
  readBoolean,
  readInteger,
  readNumber,
  readObject,
  readString,
  readStrings,
  requireString,
  wrongType,
} from '@gantry/core/codec'
import { ownExtra, restOf, type Draft } from '../own.ts'

/** `include` words that the model has a place for. */
const opaqueReasoning = 'reasoning.encrypted_content'
const logprobs = 'message.output_text.logprobs'

/** What `include` asks for; words without a place in the model are `others`. */
export interface Included {
  readonly opaque: boolean
  readonly logprobs: boolean
  readonly others: readonly string[]
  /** As the client wrote it, to be written so again. */
  readonly list?: readonly string[]
}

/** Reads `include`. */
export function decodeInclude(body: JsonObject): Included {
  const list = readStrings(body, 'include', '')
  return {
    opaque: list?.includes(opaqueReasoning) ?? false,
    logprobs: list?.includes(logprobs) ?? false,
    others: (list ?? []).filter((word) => word !== opaqueReasoning && word !== logprobs),
    ...(list && { list }),
  }
}

/** Reads the sampling controls; `rest` keeps a `top_logprobs` that asks for nothing. */
export function decodeSampling(body: JsonObject, included: Included): { sampling?: Sampling; rest: Draft } {
  const top = readInteger(body, 'top_logprobs', '')
  const sampling: Sampling = stripped({
    temperature: readNumber(body, 'temperature', ''),
    topP: readNumber(body, 'top_p', ''),
    presencePenalty: readNumber(body, 'presence_penalty', ''),
    frequencyPenalty: readNumber(body, 'frequency_penalty', ''),
    logprobs: included.logprobs ? (top ?? true) : undefined,
  })
  return {
    ...(Object.keys(sampling).length > 0 && { sampling }),
    rest: top !== undefined && !included.logprobs ? { top_logprobs: top } : {},
  }
}

/** Reads how much to think and what of it to show. */
export function decodeReasoningOptions(body: JsonObject, included: Included): ReasoningOptions | undefined {
  const value = readObject(body, 'reasoning', '')
  const opaque = included.opaque ? { opaque: true } : {}
  if (!value) return included.opaque ? { opaque: true, ...ownExtra({ $implied: true }) } : undefined
  const effort = readString(value, 'effort', '/reasoning')
  const summary = readString(value, 'summary', '/reasoning')
  const older = readString(value, 'generate_summary', '/reasoning')
  return {
    ...(effort !== undefined && { effort }),
    ...((summary ?? older) !== undefined && { display: summary ?? older }),
    ...opaque,
    ...restOf(value, summary === undefined && older !== undefined ? olderKeys : reasoningKeys, {
      ...(summary === undefined && older !== undefined && { $display: 'generate_summary' }),
    }),
  } as ReasoningOptions
}

/** Reads `text`: the form of the answer and how wordy it is. A format nobody knows stays for this wire. */
export function decodeOutput(body: JsonObject): { output?: OutputShape; rest: Draft } {
  const text = readObject(body, 'text', '')
  if (!text) return { rest: {} }
  const verbosity = readString(text, 'verbosity', '/text')
  const format = readObject(text, 'format', '/text')
  const beside = restOf(text, textKeys)
  const base = { ...(verbosity !== undefined && { verbosity }) }
  if (!format) return { output: { type: 'text', ...base, ...noted(beside, { $implied: true }) }, rest: {} }
  const at = '/text/format'
  const type = requireString(format, 'type', at)
  switch (type) {
    case 'text':
    case 'json_object': {
      const { extra } = restOf(format, formatKeys)
      return {
        output: {
          type: type === 'text' ? 'text' : 'json',
          ...base,
          ...noted(beside, extra && { $format: own(extra) }),
        },
        rest: {},
      }
    }
    case 'json_schema': {
      const schema = readObject(format, 'schema', at)
      const strict = readBoolean(format, 'strict', at)
      const description = readString(format, 'description', at)
      const { extra } = restOf(format, schemaKeys)
      return {
        output: {
          type,
          name: requireString(format, 'name', at),
          ...(description !== undefined && { description }),
          ...(schema && { schema }),
          ...(strict !== undefined && { strict }),
          ...base,
          ...noted(beside, extra && { $format: own(extra) }),
        },
        rest: {},
      }
    }
    default:
      return { rest: { text } }
  }
}

/** Reads the cache wishes. */
export function decodeCache(body: JsonObject): { cache?: CacheOptions; rest: Draft } {
  const options = readObject(body, 'prompt_cache_options', '')
  const cache: CacheOptions = stripped({
    key: readString(body, 'prompt_cache_key', ''),
    retention: readString(body, 'prompt_cache_retention', ''),
    mode: options && readString(options, 'mode', '/prompt_cache_options'),
    ttl: options && readString(options, 'ttl', '/prompt_cache_options'),
  })
  const more = options && own(restOf(options, cacheKeys).extra)
  return {
    ...(Object.keys(cache).length > 0 && { cache }),
    rest: more ? { prompt_cache_options: more } : {},
  }
}

/**
 * Reads what lets the server keep a conversation. Throws `invalid_request` for two ways of continuing at once, and for a
 * background run whose answer nobody keeps.
 */
export function decodeContinuation(body: JsonObject): { continuation?: Continuation; rest: Draft } {
  const { conversation } = body
  const named = isObject(conversation) ? requireString(conversation, 'id', '/conversation') : undefined
  if (conversation !== undefined && conversation !== null && !named && typeof conversation !== 'string') {
    throw wrongType('a string or an object', conversation, '/conversation')
  }
  const continuation: Continuation = stripped({
    previousResponseId: readString(body, 'previous_response_id', ''),
    conversation: named ?? readString(body, 'conversation', ''),
    store: readBoolean(body, 'store', ''),
    background: readBoolean(body, 'background', ''),
  })
  if (continuation.previousResponseId !== undefined && continuation.conversation !== undefined) {
    throw new GatewayError({
      class: 'invalid_request',
      code: 'mutually_exclusive_parameters',
      param: '/previous_response_id',
      message:
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation' cannot both be given.",
    })
  }
  if (continuation.background && continuation.store === false) {
    throw new GatewayError({
      class: 'invalid_request',
      code: 'invalid_value',
      param: '/background',
      message: "Invalid 'background': a background response has to be stored, so 'store' cannot be false.",
    })
  }
  return {
    ...(Object.keys(continuation).length > 0 && { continuation }),
    // The object form may say more than the id.
    rest: isObject(conversation) ? { $conversation: conversation } : {},
  }
}

function noted(
  beside: { readonly extra?: OutputShape['extra'] },
  notes: { readonly [key: string]: Json | undefined } | undefined,
): { readonly extra?: OutputShape['extra'] } {
  return notes ? ownExtra({ ...own(beside.extra), ...notes }) : beside
}

function own(extra: OutputShape['extra']): JsonObject | undefined {
  return extra && Object.values(extra)[0]
}

function stripped<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

const textKeys: ReadonlySet<string> = new Set(['format', 'verbosity'])
const formatKeys: ReadonlySet<string> = new Set(['type'])
const schemaKeys: ReadonlySet<string> = new Set(['type', 'name', 'description', 'schema', 'strict'])
const reasoningKeys: ReadonlySet<string> = new Set(['effort', 'summary'])
const olderKeys: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary'])
const cacheKeys: ReadonlySet<string> = new Set(['mode', 'ttl'])
