import { GatewayError, type GenerateRequest, type JsonObject, type WireRequest } from '@gantry/core'
import {
  asString,
  collectExtra,
  isObject,
  readArray,
  readBoolean,
  readInteger,
  readObject,
  readString,
  wrongType,
} from '@gantry/core/codec'
import { cacheOf } from '../cache.ts'
import { ownExtra, paramOf, type Draft } from '../own.ts'
import { decodeMessages } from './decode-messages.ts'
import { decodeOutput, decodeReasoningOptions, decodeSampling } from './decode-options.ts'
import { decodeToolChoice, decodeTools } from './decode-tools.ts'

/**
 * Reads the body of `POST /chat/completions`. An absent model is `''`: core fills the default in.
 * Throws `GatewayError` `invalid_request`, whose `param` is written as OpenAI does (`messages[0].role`).
 */
export function decodeRequest(wire: WireRequest): GenerateRequest {
  try {
    return decodeBody(wire.json())
  } catch (error) {
    throw withOwnParam(error)
  }
}

function decodeBody(body: JsonObject): GenerateRequest {
  const tools = decodeTools(body)
  const toolChoice = decodeToolChoice(body)
  const sampling = decodeSampling(body)
  const reasoning = decodeReasoningOptions(body)
  const output = decodeOutput(body)
  const limit = maxTokens(body)
  const stop = stops(body)
  const cache = cacheOptions(body)
  const store = readBoolean(body, 'store', '')
  const user = readString(body, 'user', '')
  const safety = readString(body, 'safety_identifier', '')
  const endUser = user ?? safety
  const serviceTier = readString(body, 'service_tier', '')
  const metadata = readObject(body, 'metadata', '')
  const streamOptions = readObject(body, 'stream_options', '')
  const includeUsage = streamOptions && readBoolean(streamOptions, 'include_usage', '/stream_options')
  const rest: Draft = {
    ...collectExtra(body, requestKeys),
    ...sampling.rest,
    ...reasoning.rest,
    ...output.rest,
    $chat: true,
  }
  const moreStreamOptions = streamOptions && collectExtra(streamOptions, streamOptionKeys)
  if (moreStreamOptions) rest['stream_options'] = moreStreamOptions
  if (safety !== undefined && user !== undefined) rest['safety_identifier'] = safety
  if (safety !== undefined && user === undefined) rest['$endUser'] = 'safety_identifier'
  if (limit.field) rest['$maxTokens'] = limit.field
  if (typeof body['stop'] === 'string') rest['$stop'] = 'string'
  return {
    model: readString(body, 'model', '') ?? '',
    stream: readBoolean(body, 'stream', '') ?? false,
    turns: decodeMessages(body),
    ...(tools && { tools }),
    ...(toolChoice && { toolChoice }),
    ...(output.output && { output: output.output }),
    ...(limit.value !== undefined && { maxOutputTokens: limit.value }),
    ...(stop && { stop }),
    ...(sampling.sampling && { sampling: sampling.sampling }),
    ...(reasoning.reasoning && { reasoning: reasoning.reasoning }),
    ...(cache && { cache }),
    ...(store !== undefined && { continuation: { store } }),
    ...(includeUsage !== undefined && { includeUsage }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(endUser !== undefined && { endUser }),
    ...(metadata && { metadata }),
    ...ownExtra(rest),
  }
}

function maxTokens(body: JsonObject): {
  value?: number
  field?: 'max_tokens' | 'max_completion_tokens' | 'both'
} {
  const old = limitOf(body, 'max_tokens')
  const current = limitOf(body, 'max_completion_tokens')
  if (old !== undefined && current !== undefined) {
    if (old !== current) {
      throw new GatewayError({
        class: 'invalid_request',
        code: 'invalid_parameter',
        param: 'max_tokens',
        message: `Invalid 'max_tokens': it has to equal 'max_completion_tokens' where both are given, because hosts differ in which one they take.`,
      })
    }
    return { value: current, field: 'both' }
  }
  if (old !== undefined) return { value: old, field: 'max_tokens' }
  return current === undefined ? {} : { value: current, field: 'max_completion_tokens' }
}

function limitOf(body: JsonObject, key: string): number | undefined {
  const value = readInteger(body, key, '')
  if (value !== undefined && value < 1) {
    throw new GatewayError({
      class: 'invalid_request',
      code: 'integer_below_min_value',
      param: key,
      message: `Invalid '${key}': expected a value of at least 1, but got ${value} instead.`,
    })
  }
  return value
}

function stops(body: JsonObject): readonly string[] | undefined {
  const stop = body['stop']
  if (stop === undefined || stop === null) return undefined
  if (typeof stop === 'string') return [stop]
  if (!Array.isArray(stop)) throw wrongType('a string or an array of strings', stop, '/stop')
  return readArray(body, 'stop', '')?.map((item, index) => asString(item, `/stop/${index}`))
}

function cacheOptions(body: JsonObject): GenerateRequest['cache'] {
  const key = readString(body, 'prompt_cache_key', '')
  const retention = readString(body, 'prompt_cache_retention', '')
  const options = readObject(body, 'prompt_cache_options', '')
  const mode = options && readString(options, 'mode', '/prompt_cache_options')
  const ttl = options && readString(options, 'ttl', '/prompt_cache_options')
  const breakpoint = isObject(body['cache_control']) ? cacheOf(body).cache : undefined
  if (key === undefined && retention === undefined && !options && !breakpoint) return undefined
  return {
    ...(key !== undefined && { key }),
    ...(retention !== undefined && { retention }),
    ...(mode !== undefined && { mode }),
    ...(ttl !== undefined && { ttl }),
    ...(breakpoint && { breakpoint }),
  }
}

function withOwnParam(error: unknown): unknown {
  if (!GatewayError.is(error) || error.data.class !== 'invalid_request') return error
  const { param, message } = error.data
  if (!param?.startsWith('/')) return error
  const own = paramOf(param)
  return new GatewayError(
    {
      ...error.data,
      param: own,
      code:
        error.data.code ?? (message.includes(' is missing;') ? 'missing_required_parameter' : 'invalid_type'),
      message: message.startsWith(param)
        ? message.includes(' is missing;')
          ? `Missing required parameter: '${own}'${message.slice(message.indexOf(' is missing;') + 11)}`
          : `Invalid '${own}': it${message.slice(param.length)}`
        : message,
    },
    { cause: error },
  )
}

const streamOptionKeys = new Set(['include_usage'])
const requestKeys = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'web_search_options',
  'response_format',
  'verbosity',
  'modalities',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'n',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'reasoning',
  'thinking',
  'service_tier',
  'user',
  'safety_identifier',
  'metadata',
  'store',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'cache_control',
])
