import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import { integer, missing, range, toolName, tooLong, unknownField, unsupported, wrongType } from '../words.ts'
import type { Operation } from '../wire.ts'
import { checkItems } from './check-items.ts'
import { checkStrict } from './check-strict.ts'
import { checkTools } from './check-tools.ts'
import { fieldsOf, includable, moved } from './fields.ts'

/** Refuses what OpenAI refuses on the responses wire, in its words; what depends on kept answers comes later. */
export function checkResponses(body: JsonObject, operation: Operation): void {
  if (typeof body.model !== 'string' || body.model === '') missing('model')
  const known = fieldsOf[operation]
  for (const name of Object.keys(body)) {
    if (known.has(name)) continue
    const to = Object.hasOwn(moved, name) ? moved[name] : undefined
    if (to === undefined) unknownField(name)
    refuse(
      `Unsupported parameter: '${name}'. In the Responses API, this parameter has moved to '${to}'. Try again with the new parameter. See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create.`,
      name,
      'unsupported_parameter',
    )
  }
  checkInput(body)
  checkTools(body)
  checkText(body.text)
  checkReasoning(body.reasoning)
  checkState(body)
  range(body, 'temperature', 0, 2)
  range(body, 'top_p', 0, 1)
  integer(body, 'top_logprobs', 0, 20)
  integer(body, 'max_output_tokens', 16, undefined)
  integer(body, 'max_tool_calls', 1, undefined)
  for (const name of ['stream', 'store', 'background', 'parallel_tool_calls'] as const) {
    if (!absent(body[name]) && typeof body[name] !== 'boolean') wrongType(name, 'a boolean', body[name])
  }
  for (const name of ['instructions', 'previous_response_id', 'prompt_cache_key', 'user'] as const) {
    if (!absent(body[name]) && typeof body[name] !== 'string') wrongType(name, 'a string', body[name])
  }
  if (typeof body.prompt_cache_key === 'string') tooLong('prompt_cache_key', 64, body.prompt_cache_key)
  checkStreaming(body)
  checkInclude(body.include)
}

function checkInput(body: JsonObject): void {
  const { input } = body
  if (absent(input)) {
    if (!absent(body.previous_response_id) || !absent(body.conversation) || !absent(body.prompt)) return
    refuse(
      "One of 'input' or 'previous_response_id' or 'prompt' or 'conversation' must be provided.",
      'input',
      'missing_required_parameter',
    )
  }
  if (typeof input === 'string') return
  if (!Array.isArray(input)) wrongType('input', 'one of an array of objects or a string', input)
  checkItems(input)
}

function checkText(text: unknown): void {
  if (absent(text)) return
  if (!isObject(text)) wrongType('text', 'an object', text)
  for (const name of Object.keys(text)) {
    if (name !== 'format' && name !== 'verbosity') unknownField(`text.${name}`)
  }
  if (!absent(text.verbosity) && !['low', 'medium', 'high'].includes(String(text.verbosity))) {
    unsupported('text.verbosity', text.verbosity, ['low', 'medium', 'high'])
  }
  const { format } = text
  if (absent(format)) return
  if (!isObject(format)) wrongType('text.format', 'an object', format)
  if (format.type === 'text' || format.type === 'json_object') return
  if (format.type !== 'json_schema') {
    unsupported('text.format.type', format.type, ['json_object', 'json_schema', 'text'])
  }
  toolName(format.name, 'text.format.name')
  if (!isObject(format.schema)) missing('text.format.schema')
  if (format.strict === true) {
    checkStrict(
      format.schema,
      `response_format '${String(format.name)}'`,
      'text.format.schema',
      'invalid_json_schema',
    )
  }
}

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
const summaries = ['concise', 'detailed', 'auto']

function checkReasoning(reasoning: unknown): void {
  if (absent(reasoning)) return
  if (!isObject(reasoning)) wrongType('reasoning', 'an object', reasoning)
  const { effort, summary } = reasoning
  if (!absent(effort) && !efforts.includes(String(effort))) unsupported('reasoning.effort', effort, efforts)
  if (!absent(summary) && !summaries.includes(String(summary))) {
    unsupported('reasoning.summary', summary, summaries)
  }
  const known = ['effort', 'summary', 'generate_summary', 'context', 'mode']
  for (const name of Object.keys(reasoning)) if (!known.includes(name)) unknownField(`reasoning.${name}`)
}

function checkState(body: JsonObject): void {
  if (!absent(body.previous_response_id) && !absent(body.conversation)) {
    refuse(
      "Mutually exclusive parameters. Ensure you are only providing one of: 'previous_response_id' or 'conversation'.",
      null,
      'mutually_exclusive_parameters',
    )
  }
  if (body.background === true && body.store === false) {
    refuse("Background mode requires 'store' to be true.", 'background')
  }
}

function checkStreaming({ stream, stream_options: options }: JsonObject): void {
  if (absent(options)) return
  if (!isObject(options)) wrongType('stream_options', 'an object', options)
  for (const name of Object.keys(options)) {
    if (name !== 'include_obfuscation') unknownField(`stream_options.${name}`)
  }
  if (stream === true) return
  refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", 'stream_options')
}

function checkInclude(include: unknown): void {
  if (absent(include)) return
  if (!Array.isArray(include)) wrongType('include', 'an array of strings', include)
  for (const [index, one] of include.entries()) {
    if (!includable.includes(String(one))) unsupported(`include[${index}]`, one, includable)
  }
}

/** Whether a conversation is to be made shorter inside an ordinary request. */
export function isCompaction(body: JsonObject): boolean {
  return objects(body.input).at(-1)?.type === 'compaction_trigger'
}
