import type { Json, JsonObject, Operation, ServerContext } from '@gantry/core'
import { isObject, wireId } from '@gantry/core/codec'
import { defined, objectOf, objectsOf, stringOf, type Draft } from '../own.ts'

/** What is known of an answer beside its output. */
export interface ResponseHead {
  readonly id: string
  readonly model: string
  /** Unix seconds. */
  readonly createdAt: number
  /** Fields of the upstream's own response object, where it speaks this wire. */
  readonly fields: JsonObject
}

/** What changes while an answer comes. */
export interface ResponseState {
  readonly status: string
  readonly output: readonly JsonObject[]
  readonly usage: JsonObject | null
  readonly error: JsonObject | null
  readonly incompleteDetails: JsonObject | null
}

/**
 * A response object with every key that readers insist on. What the upstream said about itself counts; the rest echoes
 * the request, and says of storage, background and tier what this gateway does.
 */
export function responseObject(echo: JsonObject, head: ResponseHead, state: ResponseState): JsonObject {
  const { status } = state
  const fields = head.fields
  return defined({
    ...echo,
    ...fields,
    // Kept here or nowhere: the upstream is asked to store nothing.
    store: echo['store'],
    previous_response_id: echo['previous_response_id'],
    id: head.id,
    object: 'response',
    created_at: head.createdAt,
    status,
    completed_at: status === 'completed' ? (fields['completed_at'] ?? now()) : null,
    error: state.error,
    incomplete_details: state.incompleteDetails,
    model: head.model,
    output: state.output,
    usage: state.usage,
  })
}

/** The part of a response object that repeats the request; computed once for an answer. */
export function echoOf(context: ServerContext<Operation>): JsonObject {
  const body = context.wire.json()
  const text = objectOf(body['text'])
  const reasoning = objectOf(body['reasoning'])
  const { conversation } = body
  return defined({
    background: false,
    instructions: given(body, 'instructions', null),
    max_output_tokens: given(body, 'max_output_tokens', null),
    max_tool_calls: given(body, 'max_tool_calls', null),
    parallel_tool_calls: given(body, 'parallel_tool_calls', true),
    previous_response_id: given(body, 'previous_response_id', null),
    conversation: typeof conversation === 'string' ? { id: conversation } : conversation,
    presence_penalty: given(body, 'presence_penalty', 0),
    frequency_penalty: given(body, 'frequency_penalty', 0),
    prompt: body['prompt'],
    prompt_cache_key: given(body, 'prompt_cache_key', null),
    prompt_cache_retention: given(body, 'prompt_cache_retention', null),
    reasoning: {
      ...reasoning,
      effort: reasoning?.['effort'] ?? null,
      summary: reasoning?.['summary'] ?? null,
    },
    safety_identifier: given(body, 'safety_identifier', null),
    service_tier: 'default',
    store: context.kept === true,
    temperature: given(body, 'temperature', 1),
    text: { ...text, format: formatOf(text?.['format']), verbosity: text?.['verbosity'] ?? 'medium' },
    tool_choice: given(body, 'tool_choice', 'auto'),
    tools: objectsOf(body['tools']).map(echoTool),
    top_logprobs: given(body, 'top_logprobs', 0),
    top_p: given(body, 'top_p', 1),
    truncation: given(body, 'truncation', 'disabled'),
    user: stringOf(body['user']),
    metadata: given(body, 'metadata', {}),
  })
}

/**
 * The id of an answer. An upstream of this wire has given it one that its own storage knows; ids of others may repeat,
 * so those answers get one made of the request's.
 */
export function responseId(id: string | undefined, requestId: string, own: boolean): string {
  if (id !== undefined && id !== '' && (own || id.startsWith('resp_'))) return id
  return `resp_${baseOf(requestId)}`
}

/** What ids of one answer have in common: the request's id without its prefix, in characters that this wire takes. */
export function baseOf(requestId: string): string {
  return wireId(requestId.replace(/^req_/, ''), /^[a-zA-Z0-9_-]+$/, 48)
}

/** Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000)
}

function given(body: JsonObject, key: string, otherwise: Json): Json {
  return body[key] ?? otherwise
}

/** Readers want all fields of a schema, also those that a client left to their default. */
function formatOf(format: Json | undefined): Json {
  if (!isObject(format)) return { type: 'text' }
  if (format['type'] !== 'json_schema') return format
  return { ...format, description: format['description'] ?? null, strict: format['strict'] ?? false }
}

function echoTool(tool: JsonObject): JsonObject {
  const nullable: Draft = {}
  if (tool['type'] === 'function') {
    for (const key of ['description', 'parameters', 'strict']) nullable[key] = tool[key] ?? null
  } else if (tool['type'] === 'namespace') nullable['description'] = tool['description'] ?? ''
  return { ...tool, ...nullable }
}
