import type { Json, JsonObject, OutputShape, ReasoningOptions, Sampling } from '@gantry/core'
import {
  collectExtra,
  isRawNumber,
  readBoolean,
  readInteger,
  readNumber,
  readObject,
  readString,
  readStrings,
  requireObject,
  requireString,
  invalidField,
} from '@gantry/core/codec'
import { ownExtra, type Draft } from '../own.ts'

/** Reads the sampling controls. `rest` keeps what the model has no word for. */
export function decodeSampling(body: JsonObject): { sampling?: Sampling; rest: Draft } {
  const count = readInteger(body, 'n', '')
  if (count !== undefined && count < 1) throw invalidField('has to be at least 1', '/n')
  const logprobs = readBoolean(body, 'logprobs', '')
  const top = readInteger(body, 'top_logprobs', '')
  const rest: Draft = {}
  // Seeds are 64 bits wide; one that a double cannot hold goes back as it was written.
  const hasLongSeed = isRawNumber(body['seed'])
  if (hasLongSeed) rest['seed'] = body['seed']
  if (logprobs !== true) {
    if (logprobs === false) rest['logprobs'] = false
    if (top !== undefined) rest['top_logprobs'] = top
  }
  const sampling: Sampling = stripped({
    temperature: readNumber(body, 'temperature', ''),
    topP: readNumber(body, 'top_p', ''),
    topK: readNumber(body, 'top_k', ''),
    seed: hasLongSeed ? undefined : readInteger(body, 'seed', ''),
    count,
    presencePenalty: readNumber(body, 'presence_penalty', ''),
    frequencyPenalty: readNumber(body, 'frequency_penalty', ''),
    logitBias: readObject(body, 'logit_bias', ''),
    logprobs: logprobs === true ? (top ?? true) : undefined,
  })
  return { ...(Object.keys(sampling).length > 0 && { sampling }), rest }
}

/**
 * Reads how much to think: `reasoning_effort` (OpenAI), else `reasoning` (OpenRouter), else `thinking` (DeepSeek and
 * others). What a second one says is kept in `rest`.
 */
export function decodeReasoningOptions(body: JsonObject): { reasoning?: ReasoningOptions; rest: Draft } {
  const effort = readString(body, 'reasoning_effort', '')
  const { reasoning, thinking } = body
  const rest: Draft = {}
  if (effort !== undefined) {
    keep(rest, { reasoning, thinking })
    return { reasoning: { effort }, rest }
  }
  const router = isPlainObject(reasoning) ? readObject(body, 'reasoning', '') : undefined
  if (router) {
    keep(rest, { thinking })
    return { reasoning: routerReasoning(router), rest }
  }
  keep(rest, { reasoning })
  const own = isPlainObject(thinking) ? readObject(body, 'thinking', '') : undefined
  const mode = modes.find((candidate) => candidate === own?.['type'])
  if (!own || !mode) {
    keep(rest, { thinking })
    return { rest }
  }
  const budgetTokens = readInteger(own, 'budget_tokens', '/thinking')
  return {
    reasoning: {
      mode,
      ...(budgetTokens !== undefined && { budgetTokens }),
      ...ownExtra({ ...collectExtra(own, thinkingKeys), $field: 'thinking' }),
    },
    rest,
  }
}

/** Reads the form of the answer: `response_format`, `verbosity`, `modalities`. */
export function decodeOutput(body: JsonObject): { output?: OutputShape; rest: Draft } {
  const format = readObject(body, 'response_format', '')
  const verbosity = readString(body, 'verbosity', '')
  const modalities = readStrings(body, 'modalities', '')
  const beside = { ...(verbosity !== undefined && { verbosity }), ...(modalities && { modalities }) }
  const type = format && requireString(format, 'type', '/response_format')
  if (!format || !isKnown(type)) {
    const rest: Draft = format ? { response_format: format } : {}
    if (verbosity === undefined && !modalities) return { rest }
    return { output: { type: 'text', ...beside, ...ownExtra({ $implied: true }) }, rest }
  }
  if (type !== 'json_schema') {
    const rest = collectExtra(format, formatKeys)
    return {
      output: { type: type === 'text' ? 'text' : 'json', ...beside, ...ownExtra(rest && { $format: rest }) },
      rest: {},
    }
  }
  const at = '/response_format/json_schema'
  const schema = requireObject(format, 'json_schema', '/response_format')
  const name = readString(schema, 'name', at)
  const description = readString(schema, 'description', at)
  const shape = readObject(schema, 'schema', at)
  const strict = readBoolean(schema, 'strict', at)
  const inner = collectExtra(schema, schemaKeys)
  const outer = collectExtra(format, formatKeys)
  return {
    output: {
      type: 'json_schema',
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(shape && { schema: shape }),
      ...(strict !== undefined && { strict }),
      ...beside,
      ...ownExtra({ ...(inner && { $schema: inner }), ...(outer && { $format: outer }) }),
    },
    rest: {},
  }
}

function routerReasoning(value: JsonObject): ReasoningOptions {
  const effort = readString(value, 'effort', '/reasoning')
  const budgetTokens = readInteger(value, 'max_tokens', '/reasoning')
  const enabled = readBoolean(value, 'enabled', '/reasoning')
  const exclude = readBoolean(value, 'exclude', '/reasoning')
  return {
    ...(effort !== undefined && { effort }),
    ...(budgetTokens !== undefined && { budgetTokens }),
    ...(enabled !== undefined && { mode: enabled ? 'enabled' : 'disabled' }),
    ...(exclude === true && { display: 'omitted' }),
    ...ownExtra({
      ...collectExtra(value, routerKeys),
      ...(exclude === false && { exclude: false }),
      $field: 'reasoning',
    }),
  }
}

function keep(rest: Draft, fields: { readonly [key: string]: Json | undefined }): void {
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) rest[key] = value
}

function stripped<T extends object>(fields: T): T {
  const kept: Partial<T> = {}
  for (const key of Object.keys(fields) as (keyof T)[]) {
    if (fields[key] !== undefined) kept[key] = fields[key]
  }
  return kept as T
}

function isPlainObject(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isKnown(type: string | undefined): type is 'text' | 'json_object' | 'json_schema' {
  return type === 'text' || type === 'json_object' || type === 'json_schema'
}

const modes = ['enabled', 'disabled', 'adaptive'] as const
const thinkingKeys = new Set(['type', 'budget_tokens'])
const routerKeys = new Set(['effort', 'max_tokens', 'enabled', 'exclude'])
const formatKeys = new Set(['type', 'json_schema'])
const schemaKeys = new Set(['name', 'description', 'schema', 'strict'])
