import {
  GatewayError,
  type GenerateRequest,
  type Json,
  type JsonObject,
  type WireRequest,
} from '@gantry/core'
import { readBoolean, readInteger, readNumber, readString } from '@gantry/core/codec'
import type { Block } from '../json.ts'
import { apiVersions, ownRequestNote, protocolName } from '../name.ts'
import { extraOf } from '../parts.ts'
import { decodeMessages, decodeSystem } from './decode-messages.ts'
import {
  decodeCache,
  decodeLimit,
  decodeMetadata,
  decodeOutputConfig,
  decodeReasoning,
  decodeStop,
} from './decode-options.ts'
import { decodeToolChoice, decodeTools } from './decode-tools.ts'
import { inVendorWords } from './own-words.ts'

/**
 * Reads the body of `POST /messages`. An absent model is `''`: core fills the default in. Notes for this wire's own
 * encoder: request `$messages` (a client of this wire wrote it), `$beta` and `$version` (its headers), `$tools` (an empty
 * list was given), `$stream` (`false` was written); tool `$type`; reasoning `$type`; output `$output_format`, `$format`; compaction part `$compaction`.
 * Throws `GatewayError` `invalid_request` in the vendor's words, whose `param` is the JSON pointer of the field.
 */
export function decodeRequest(wire: WireRequest): GenerateRequest {
  return decodeWith(wire, decodeLimit)
}

/** The same for `POST /messages/count_tokens`: without a limit, and never a stream. */
export function decodeCount(wire: WireRequest): GenerateRequest {
  const request = decodeWith(wire, (body) => readInteger(body, 'max_tokens', ''))
  return { ...request, stream: false }
}

function decodeWith(wire: WireRequest, limitOf: (body: JsonObject) => number | undefined): GenerateRequest {
  try {
    checkVersion(wire.headers)
    const body = wire.json()
    return decodeBody(body, limitOf(body), notesOf(wire.headers))
  } catch (error) {
    throw inVendorWords(error)
  }
}

function decodeBody(body: JsonObject, limit: number | undefined, notes: Block): GenerateRequest {
  const turns = decodeMessages(body)
  const instructions = decodeSystem(body)
  const tools = decodeTools(body)
  const toolChoice = decodeToolChoice(body, tools)
  const { effort, output, rest: config } = decodeOutputConfig(body)
  const reasoning = decodeReasoning(body, effort)
  const cache = decodeCache(body)
  const stop = decodeStop(body)
  const metadata = decodeMetadata(body)
  const serviceTier = readString(body, 'service_tier', '')
  const sampling = defined({
    temperature: readNumber(body, 'temperature', ''),
    topP: readNumber(body, 'top_p', ''),
    topK: readInteger(body, 'top_k', ''),
  })
  const extra: Block = {
    ...extraOf(body, requestKeys).extra?.[protocolName],
    ...metadata.rest,
    ...(config && { output_config: config }),
    ...(body['stream'] === false && { $stream: false }),
    ...(Array.isArray(body['tools']) && !tools && { $tools: [] }),
    ...notes,
  }
  return {
    model: readString(body, 'model', '') ?? '',
    stream: readBoolean(body, 'stream', '') ?? false,
    ...(instructions && { instructions }),
    turns,
    ...(tools && { tools }),
    ...(toolChoice && { toolChoice }),
    ...(output && { output }),
    ...(limit !== undefined && { maxOutputTokens: limit }),
    ...(stop && { stop }),
    ...(Object.keys(sampling).length > 0 && { sampling }),
    ...(reasoning && { reasoning }),
    ...(cache && { cache }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(metadata.endUser !== undefined && { endUser: metadata.endUser }),
    extra: { [protocolName]: extra },
  }
}

/** A client that names no version gets the one we speak; one that names another wants what nobody here knows. */
function checkVersion(headers: Headers): void {
  const version = headers.get('anthropic-version')
  if (version === null || apiVersions.includes(version)) return
  throw new GatewayError({
    class: 'invalid_request',
    param: 'anthropic-version',
    message: `anthropic-version: "${version.slice(0, 64)}" is not a valid version. Supported versions are: ${apiVersions.join(', ')}.`,
  })
}

function notesOf(headers: Headers): Block {
  const beta = headers.get('anthropic-beta')
  const version = headers.get('anthropic-version')
  return {
    [ownRequestNote]: true,
    ...(beta !== null && beta !== '' && { $beta: beta }),
    ...(version !== null && { $version: version }),
  }
}

function defined<T extends { readonly [key: string]: Json | undefined }>(
  fields: T,
): {
  readonly [K in keyof T]?: Exclude<T[K], undefined>
} {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>
  }
}

const requestKeys: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'cache_control',
  'metadata',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'service_tier',
])
