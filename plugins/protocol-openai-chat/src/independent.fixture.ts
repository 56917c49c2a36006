import type { GenerateResponse, Json, JsonObject } from '@gantry/core'
import { expect } from 'vitest'

/** What an answer says, read without the codec. */
export interface Raw {
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly { readonly name: string; readonly arguments: string }[]
  readonly finish: string
  readonly usage: { readonly [bucket: string]: number } | undefined
}

/** Text, calls, reason and every bucket are the same. */
export function expectSame(answer: GenerateResponse, raw: Raw): void {
  expect({
    text: answer.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    reasoning: answer.parts
      .flatMap((part) => (part.type === 'reasoning' ? part.segments.map(({ text }) => text) : []))
      .join(''),
    calls: answer.parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ name: part.name, arguments: part.arguments }] : [],
    ),
    finish: answer.finish?.reason,
  }).toEqual({ text: raw.text, reasoning: raw.reasoning, calls: raw.calls, finish: raw.finish })
  const buckets = Object.fromEntries(
    Object.entries(answer.usage?.tokens ?? {}).filter(([, count]) => count > 0),
  )
  expect(answer.usage && buckets).toEqual(raw.usage)
  expect(answer.usage?.suspect).toBeUndefined()
}

export type Loose = { [key: string]: Json | undefined }
/** The value as an object. */
export const o: (value: unknown) => Loose = (value) =>
  typeof value === 'object' && value !== null ? (value as Loose) : {}
const n = (value: unknown): number => (typeof value === 'number' ? value : 0)
const s = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Reads a whole answer. */
export function readRaw(body: JsonObject): Raw {
  const choice = o((body['choices'] as Json[])[0])
  const message = o(choice['message'])
  const list = Array.isArray(message['content']) ? (message['content'] as Json[]).map(o) : []
  const thinking = list
    .flatMap((part) => (part['thinking'] as Json[] | undefined) ?? [])
    .map((part) => s(o(part)['text']))
  const details = ((message['reasoning_details'] as Json[] | undefined) ?? []).map(
    (detail) => s(o(detail)['text']) || s(o(detail)['summary']),
  )
  const calls = ((message['tool_calls'] as Json[] | undefined) ?? []).map((call) => {
    const made = o(o(call)['function'])
    return { name: s(made['name']), arguments: s(made['arguments']) }
  })
  const reason = s(choice['finish_reason'])
  return {
    text: list.length > 0 ? list.map((part) => s(part['text'])).join('') : s(message['content']),
    reasoning:
      s(message['reasoning_content']) || s(message['reasoning']) || thinking.join('') || details.join(''),
    calls,
    finish: calls.length > 0 && reason === 'stop' ? 'tool_calls' : reason,
    usage: body['usage'] ? rawUsage(o(body['usage'])) : undefined,
  }
}

function rawUsage(usage: Loose): { [bucket: string]: number } {
  const input = o(usage['prompt_tokens_details'])
  const output = o(usage['completion_tokens_details'])
  const cached = n(input['cached_tokens']) || n(usage['prompt_cache_hit_tokens'])
  const reasoning = n(output['reasoning_tokens'])
  const [prompt, completion] = [n(usage['prompt_tokens']), n(usage['completion_tokens'])]
  const within = n(usage['total_tokens']) === prompt + completion
  const buckets = {
    input: prompt - cached - n(input['cache_write_tokens']) - n(input['audio_tokens']),
    cache_read: cached,
    cache_write: n(input['cache_write_tokens']),
    input_audio: n(input['audio_tokens']),
    output: completion - (within ? reasoning : 0) - n(output['audio_tokens']) - n(output['image_tokens']),
    reasoning,
    output_audio: n(output['audio_tokens']),
    output_image: n(output['image_tokens']),
  }
  return Object.fromEntries(Object.entries(buckets).filter(([, count]) => count > 0))
}

/** An independent fold of chunks into one answer. */
export function foldRaw(data: readonly string[]): JsonObject {
  const message: Loose = { content: '', reasoning_content: '', reasoning: '' }
  const calls: { id: string; function: { name: string; arguments: string } }[] = []
  const details: Json[] = []
  let finish = ''
  let usage: Json | undefined
  for (const text of data) {
    if (text === '[DONE]') continue
    const chunk = o(JSON.parse(text))
    if (chunk['usage']) usage = chunk['usage']
    for (const choice of (chunk['choices'] as Json[]).map(o)) {
      const delta = o(choice['delta'])
      for (const key of ['reasoning_content', 'reasoning']) message[key] = s(message[key]) + s(delta[key])
      const content = delta['content']
      if (typeof content === 'string') message['content'] = s(message['content']) + content
      for (const part of Array.isArray(content) ? (content as Json[]).map(o) : []) {
        message['content'] = s(message['content']) + s(part['text'])
        for (const inner of (part['thinking'] as Json[] | undefined) ?? []) {
          message['reasoning_content'] = s(message['reasoning_content']) + s(o(inner)['text'])
        }
      }
      details.push(...((delta['reasoning_details'] as Json[] | undefined) ?? []))
      for (const call of ((delta['tool_calls'] as Json[] | undefined) ?? []).map(o)) {
        const made = o(call['function'])
        const slot = (calls[n(call['index'])] ??= { id: '', function: { name: '', arguments: '' } })
        slot.id ||= s(call['id'])
        slot.function.name ||= s(made['name'])
        slot.function.arguments += s(made['arguments'])
      }
      finish = s(choice['finish_reason']) || finish
    }
  }
  return {
    choices: [
      {
        message: { ...message, tool_calls: calls.filter(Boolean), reasoning_details: details },
        finish_reason: finish,
      },
    ],
    usage,
  }
}
