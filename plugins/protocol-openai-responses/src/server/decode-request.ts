import {
  GatewayError,
  type GenerateRequest,
  type JsonObject,
  type Tool,
  type WireRequest,
} from '@gantry/core'
import { readBoolean, readInteger, readObject, readString } from '@gantry/core/codec'
import { ownRequestNote, restOf, type Draft } from '../own.ts'
import { checkNames } from './check-names.ts'
import { decodeInput } from './decode-input.ts'
import {
  decodeCache,
  decodeContinuation,
  decodeInclude,
  decodeOutput,
  decodeReasoningOptions,
  decodeSampling,
} from './decode-options.ts'
import { checkForcedTool, decodeToolChoice } from './decode-tool-choice.ts'
import { decodeTools } from './decode-tools.ts'
import { inOpenAiWords } from './own-words.ts'

/**
 * Reads the body of `POST /responses`. An absent model is `''`: core fills the default in. Notes for this wire's encoder:
 * request `$include` (the list as written; `include` itself holds the words without a place in the model), `$endUser`,
 * `$conversation` (its object form), `$tools` (an empty list was given); turn `$string`; tool choice `$implied`, `$allowed`,
 * `$type`; output `$implied`, `$format`; reasoning `$implied`, `$display`.
 * Throws `GatewayError` `invalid_request` whose `param` is the JSON pointer of the field.
 */
export function decodeRequest(wire: WireRequest): GenerateRequest {
  return decodeWith(wire, checkInput)
}

/** The same for `POST /responses/compact`: never a stream. */
export function decodeCompact(wire: WireRequest): GenerateRequest {
  return { ...decodeWith(wire, checkInput), stream: false }
}

/** The same for `POST /responses/input_tokens`, where everything is optional. */
export function decodeCount(wire: WireRequest): GenerateRequest {
  return { ...decodeWith(wire, () => {}), stream: false }
}

function decodeWith(
  wire: WireRequest,
  check: (body: JsonObject, request: GenerateRequest) => void,
): GenerateRequest {
  try {
    const body = wire.json()
    const request = decodeBody(body)
    check(body, request)
    return request
  } catch (error) {
    throw inOpenAiWords(error)
  }
}

function decodeBody(body: JsonObject): GenerateRequest {
  const input = decodeInput(body)
  const declared = decodeTools(body)
  const tools = allTools(declared, input.tools)
  const toolChoice = decodeToolChoice(body)
  const included = decodeInclude(body)
  const sampling = decodeSampling(body, included)
  const reasoning = decodeReasoningOptions(body, included)
  const output = decodeOutput(body)
  const cache = decodeCache(body)
  const continuation = decodeContinuation(body)
  const instructions = readString(body, 'instructions', '')
  const limit = readInteger(body, 'max_output_tokens', '')
  if (limit !== undefined && limit < 1) throw belowMinimum('max_output_tokens', limit)
  const user = readString(body, 'user', '')
  const safety = readString(body, 'safety_identifier', '')
  const endUser = user ?? safety
  const serviceTier = readString(body, 'service_tier', '')
  const metadata = readObject(body, 'metadata', '')
  checkNames(tools ?? [])
  // A stored prompt may bring tools that the body does not show.
  if (body['prompt'] === undefined || body['prompt'] === null) checkForcedTool(toolChoice, tools ?? [])
  const rest: Draft = {
    ...sampling.rest,
    ...output.rest,
    ...cache.rest,
    ...continuation.rest,
    [ownRequestNote]: true,
  }
  if (included.others.length > 0) rest['include'] = included.others
  if (included.list) rest['$include'] = included.list
  if (safety !== undefined && user !== undefined) rest['safety_identifier'] = safety
  if (safety !== undefined && user === undefined) rest['$endUser'] = 'safety_identifier'
  if (declared?.length === 0) rest['$tools'] = []
  return {
    model: readString(body, 'model', '') ?? '',
    stream: readBoolean(body, 'stream', '') ?? false,
    ...(instructions !== undefined &&
      instructions !== '' && { instructions: [{ type: 'text', text: instructions, at: '/instructions' }] }),
    turns: input.turns,
    ...(tools && { tools }),
    ...(toolChoice && { toolChoice }),
    ...(output.output && { output: output.output }),
    ...(limit !== undefined && { maxOutputTokens: limit }),
    ...(sampling.sampling && { sampling: sampling.sampling }),
    ...(reasoning && { reasoning }),
    ...(cache.cache && { cache: cache.cache }),
    ...(continuation.continuation && { continuation: continuation.continuation }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(endUser !== undefined && { endUser }),
    ...(metadata && { metadata }),
    ...restOf(body, requestKeys, rest),
  }
}

/** Declared tools and those that the conversation brought; one that is declared already is not added again. */
function allTools(
  declared: readonly Tool[] | undefined,
  added: readonly Tool[],
): readonly Tool[] | undefined {
  if (added.length === 0) return declared?.length ? declared : undefined
  const known = new Set((declared ?? []).map(identityOf))
  const fresh: Tool[] = []
  for (const tool of added) {
    const identity = identityOf(tool)
    if (known.has(identity)) continue
    known.add(identity)
    fresh.push(tool)
  }
  return [...(declared ?? []), ...fresh]
}

function identityOf(tool: Tool): string {
  return JSON.stringify(tool.type === 'server' ? [tool.type, tool.native.value] : [tool.type, tool.name])
}

/** There has to be something to answer: input, or a conversation that the server keeps. */
function checkInput(body: JsonObject, { turns, continuation }: GenerateRequest): void {
  if (turns.length > 0) return
  if (continuation?.previousResponseId !== undefined || continuation?.conversation !== undefined) return
  if (body['prompt'] !== undefined && body['prompt'] !== null) return
  throw new GatewayError({
    class: 'invalid_request',
    code: 'missing_required_parameter',
    param: '/input',
    message:
      "Missing required parameter: 'input'. One of 'input', 'previous_response_id', 'conversation' or 'prompt' has to be given, and 'input' cannot be empty without the others.",
  })
}

function belowMinimum(field: string, value: number): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    code: 'integer_below_min_value',
    param: `/${field}`,
    message: `Invalid '${field}': expected a value of at least 1, but got ${value} instead.`,
  })
}

const requestKeys: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'include',
  'text',
  'reasoning',
  'temperature',
  'top_p',
  'top_logprobs',
  'presence_penalty',
  'frequency_penalty',
  'max_output_tokens',
  'user',
  'safety_identifier',
  'service_tier',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'previous_response_id',
  'conversation',
  'store',
  'background',
])
