import type { Frame, Json, JsonObject } from '@gantry/core'
import {
  collapse,
  frameJson,
  isObject,
  listOf,
  nonZero,
  numberOf,
  objectOf,
  plainContent,
  textOf,
  upTo,
  withoutEmpty,
  type WireRules,
} from './rules.ts'

/** Fields of a message where null, absent and empty are one thing. */
const emptyFields = ['content', 'refusal', 'annotations', 'tool_calls']

/** OpenAI Chat Completions. */
export const chatRules: WireRules = {
  captures: 'chat',
  operation({ provider, request }) {
    // Cohere's own wire was recorded among the chat captures; it is another protocol.
    if (provider === 'cohere') return undefined
    return request === null || request.path.split('?')[0]?.endsWith('/chat/completions')
      ? 'generate'
      : undefined
  },
  request(body) {
    const { messages, stream_options: _ours, ...rest } = objectOf(body)
    return {
      ...withoutEmpty(rest, ['tools', 'stream']),
      ...(rest['stream'] === true && { stream: true }),
      messages: listOf(messages).map(message),
    }
  },
  response(body) {
    const { choices, ...rest } = objectOf(body)
    return {
      ...rest,
      choices: listOf(choices).map((choice) => ({
        ...withoutEmpty(choice, ['logprobs']),
        message: message(objectOf(choice['message'])),
      })),
    }
  },
  first: (frames) => upTo(frames, isDone),
  fold,
  kinds: (frames) =>
    collapse(
      frames.flatMap((frame) => {
        if (isDone(frame)) return ['done']
        const chunk = frameJson(frame)
        if (!chunk) return ['unreadable']
        const kinds = listOf(chunk['choices']).flatMap((choice) => {
          const delta = objectOf(choice['delta'])
          const said = Object.keys(withoutEmpty(delta, Object.keys(delta))).filter(
            (key) => key !== 'role' && key !== 'index',
          )
          return choice['finish_reason'] ? [...said.toSorted(), 'finish'] : said.toSorted()
        })
        return isObject(chunk['usage']) ? [...kinds, 'usage'] : kinds
      }),
    ),
  usage(body) {
    const usage = objectOf(body)['usage']
    if (!isObject(usage)) return undefined
    const into = objectOf(usage['prompt_tokens_details'])
    const out = objectOf(usage['completion_tokens_details'])
    const prompt = numberOf(usage['prompt_tokens'])
    const completion = numberOf(usage['completion_tokens'])
    const reasoning = numberOf(out['reasoning_tokens'])
    const cached = numberOf(into['cached_tokens'] ?? usage['prompt_cache_hit_tokens'])
    const written = numberOf(into['cache_write_tokens'])
    const audioIn = numberOf(into['audio_tokens'])
    const audioOut = numberOf(out['audio_tokens'])
    const imageOut = numberOf(out['image_tokens'])
    // One recorded host counts reasoning on top of completion; its total tells.
    const onTop = reasoning > 0 && usage['total_tokens'] === prompt + completion + reasoning
    return nonZero({
      input: Math.max(0, prompt - cached - written - audioIn),
      input_audio: audioIn,
      cache_read: cached,
      cache_write: written,
      output: Math.max(0, completion - (onTop ? 0 : reasoning) - audioOut - imageOut),
      output_audio: audioOut,
      output_image: imageOut,
      reasoning,
    })
  },
}

function message(value: JsonObject): JsonObject {
  const content = plainContent(value['content'])
  // Some hosts leave out the type of a call: there was only one when they were made.
  const calls = listOf(value['tool_calls']).map((call) => ({ type: 'function', ...call }))
  return withoutEmpty({ ...value, ...(content !== undefined && { content }), tool_calls: calls }, emptyFields)
}

interface OpenChoice {
  readonly index: number
  rest: JsonObject
  message: { [key: string]: Json | undefined }
  readonly calls: Map<number, { [key: string]: Json | undefined }>
  finish: Json
  logprobs: Json[]
}

/**
 * Texts append, calls append by index, everything else is replaced by what came later unless that is null.
 * Hosts give each chunk a time of its own; the first counts. `obfuscation` is padding.
 */
function fold(frames: readonly Frame[]): Json {
  let head: JsonObject = {}
  const choices = new Map<number, OpenChoice>()
  for (const frame of frames) {
    if (isDone(frame)) break
    const { choices: given, obfuscation: _padding, ...rest } = frameJson(frame) ?? {}
    head = {
      ...head,
      ...withoutNull(rest),
      ...(head['created'] !== undefined && { created: head['created'] }),
    }
    for (const choice of listOf(given)) addChoice(choices, choice)
  }
  const { object: _chunk, ...kept } = head
  return {
    ...kept,
    object: 'chat.completion',
    choices: [...choices.values()]
      .toSorted((left, right) => left.index - right.index)
      .map(({ index, rest, message: said, calls, finish, logprobs }) => ({
        ...rest,
        index,
        message: { ...said, ...(calls.size > 0 && { tool_calls: [...calls.values()] }) },
        finish_reason: finish,
        ...(logprobs.length > 0 && { logprobs: { content: logprobs } }),
      })),
  }
}

function addChoice(choices: Map<number, OpenChoice>, given: JsonObject): void {
  const { index: position, delta, finish_reason: finish, logprobs, ...rest } = given
  const index = numberOf(position)
  let choice = choices.get(index)
  if (!choice) {
    choice = { index, rest: {}, message: { role: 'assistant' }, calls: new Map(), finish: null, logprobs: [] }
    choices.set(index, choice)
  }
  choice.rest = { ...choice.rest, ...withoutNull(rest) }
  if (typeof finish === 'string') choice.finish = finish
  for (const item of listOf(objectOf(logprobs)['content'])) choice.logprobs.push(item)
  const { tool_calls: calls, index: _again, ...said } = objectOf(delta)
  for (const [key, value] of Object.entries(said))
    choice.message[key] = joined(key, choice.message[key], value)
  for (const call of listOf(calls)) addCall(choice.calls, call)
}

function addCall(calls: Map<number, { [key: string]: Json | undefined }>, given: JsonObject): void {
  const { index: position, function: described, ...rest } = given
  const index = position === undefined ? calls.size : numberOf(position)
  const known = calls.get(index) ?? {}
  const before = objectOf(known['function'])
  const piece = objectOf(described)
  calls.set(index, {
    ...known,
    ...withoutEmpty(rest, ['id', 'type']),
    function: {
      ...before,
      ...withoutEmpty(piece, ['name']),
      arguments: textOf(before['arguments']) + textOf(piece['arguments']),
    },
  })
}

function joined(key: string, before: Json | undefined, value: Json | undefined): Json | undefined {
  if (value === null || value === undefined) return before
  if (key === 'role' || typeof before !== 'string' || typeof value !== 'string') {
    return Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
  }
  return before + value
}

function isDone({ data }: Frame): boolean {
  return data === '[DONE]'
}

function withoutNull(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}
