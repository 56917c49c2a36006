import type { Choice, ClientContext, GenerateResponse, JsonObject, Json, Part } from '@gantry/core'
import { GatewayError } from '@gantry/core'
import { collectExtra, isObject } from '@gantry/core/codec'
import { decodeFinish, hasOpenCalls } from '../finish.ts'
import { decodeAssistant } from '../message.ts'
import { objectsOf, ownExtra, stringOf, type Draft } from '../own.ts'
import { decodeUsage } from '../usage.ts'
import { errorInside } from './decode-error.ts'
import { mintCallId } from './mint.ts'

/** Reads a whole answer of any host. An error inside a 200, and an answer without a choice, come as `error`. */
export function decodeResponse(body: JsonObject, _context?: ClientContext): GenerateResponse {
  const { id, createdAt, model } = headOf(body)
  const head = {
    ...(id !== undefined && { id }),
    ...(model !== undefined && { model }),
    ...(createdAt !== undefined && { createdAt }),
  }
  const usage = usageOf(body, true)
  const choices = objectsOf(body['choices']).map((choice, index) =>
    decodeChoice(choice, index, id, createdAt),
  )
  const [first, ...alternatives] = choices
  const error = errorInside(body) ?? choiceError(body) ?? (first ? undefined : emptyAnswer())
  return {
    ...head,
    parts: first?.parts ?? [],
    ...(first?.finish && { finish: first.finish }),
    ...(first?.extra && { choiceExtra: first.extra }),
    ...(alternatives.length > 0 && { alternatives }),
    ...(usage && { usage }),
    ...(error && { error }),
    ...ownExtra(restOfBody(body)),
  }
}

/** Id, time and model, which hosts send as other types or empty. */
export function headOf(body: JsonObject): { id?: string; model?: string; createdAt?: number } {
  const { id, created, model } = body
  const text = typeof id === 'number' ? String(id) : stringOf(id)
  return {
    ...(text && { id: text }),
    ...(typeof model === 'string' && model !== '' && { model }),
    ...(typeof created === 'number' &&
      Number.isFinite(created) &&
      created >= 0 && { createdAt: Math.floor(created) }),
  }
}

/** Usage of an answer or a chunk; one host (Groq) puts it one level deeper in its streams. */
export function usageOf(body: JsonObject, final: boolean): GenerateResponse['usage'] {
  const usage = body['usage']
  if (isObject(usage)) return decodeUsage(usage, final)
  const groq = body['x_groq']
  return isObject(groq) && isObject(groq['usage']) ? decodeUsage(groq['usage'], final) : undefined
}

/** OpenRouter puts an upstream's failure into the choice. */
export function choiceError(body: JsonObject): ReturnType<typeof errorInside> {
  for (const choice of objectsOf(body['choices'])) {
    if (isObject(choice['error'])) return errorInside({ error: choice['error'] })
  }
  return undefined
}

/** Unmodelled fields of an answer or a chunk. */
export function restOfBody(body: JsonObject): Draft {
  const rest: Draft = { ...collectExtra(body, bodyKeys) }
  if (body['object'] !== undefined && !standardObjects.has(body['object'])) rest['object'] = body['object']
  return rest
}

function decodeChoice(
  choice: JsonObject,
  index: number,
  id: string | undefined,
  createdAt: number | undefined,
): Choice {
  const message = isObject(choice['message']) ? choice['message'] : {}
  const decoded = decodeAssistant(message, (position) => mintCallId(id, createdAt, index, position))
  const logprobs = logprobsOf(choice['logprobs'])
  const parts = withLogprobs(decoded.parts, logprobs.content)
  const raw = stringOf(choice['finish_reason'])
  const rest: Draft = { ...collectExtra(choice, choiceKeys) }
  if (choice['logprobs'] === null) rest['logprobs'] = null
  if (logprobs.rest) rest['$logprobs'] = logprobs.rest
  if (Object.keys(decoded.rest).length > 0) rest['$message'] = decoded.rest
  return {
    parts,
    finish: decodeFinish(raw, hasOpenCalls(parts)),
    ...ownExtra(rest),
  }
}

/** Log probabilities of the text, and what else stood beside them. */
export function logprobsOf(value: Json | undefined): { content?: readonly Json[]; rest?: JsonObject } {
  if (!isObject(value)) return {}
  const { content, refusal, ...others } = value
  const rest: Draft = { ...others }
  if (refusal !== undefined && refusal !== null) rest['refusal'] = refusal
  return {
    ...(Array.isArray(content) && { content: content as readonly Json[] }),
    rest,
  }
}

function withLogprobs(parts: readonly Part[], logprobs: readonly Json[] | undefined): readonly Part[] {
  if (!logprobs || logprobs.length === 0) return parts
  const index = parts.findIndex((part) => part.type === 'text')
  const part = parts[index]
  return part?.type === 'text' ? parts.with(index, { ...part, logprobs }) : parts
}

function emptyAnswer(): NonNullable<GenerateResponse['error']> {
  return new GatewayError({
    class: 'upstream_failed',
    source: 'upstream',
    message: 'The upstream answered without a choice.',
  }).data
}

const standardObjects: ReadonlySet<Json | undefined> = new Set(['chat.completion', 'chat.completion.chunk'])
const bodyKeys: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
  'obfuscation',
])
const choiceKeys: ReadonlySet<string> = new Set([
  'index',
  'message',
  'delta',
  'finish_reason',
  'logprobs',
  'error',
])
