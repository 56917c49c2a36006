import type { Frame, GatewayEvent, Json, JsonObject, Loss, OutputFrame, ServerContext } from '@gantry/core'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { describe, expect, it } from 'vitest'
import { attempt, captures, framesOf } from '../captures.test-support.ts'
import { foldStream, parsed, readMessage, type Reading } from '../raw-reading.test-support.ts'
import { decodeResponse } from './decode-response.ts'
import { streamDecoder } from './stream-decoder.ts'

const server = chat.server?.codecs.generate
const responses = captures().filter(({ kind }) => kind === 'response')
/** It begins a second time after its first parts went out; core ends such a stream with an error. */
const restarted = 'vercel-spliced-message-start.stream.json'
const streams = captures().filter(({ kind, file }) => kind === 'stream' && file !== restarted)

/** What a chat client reads. */
interface Answer {
  readonly text: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly finish: string
  readonly usage: JsonObject
}

const finishes: { readonly [reason: string]: string } = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'content_filter',
}

describe('a chat client', () => {
  it.each(responses.map(({ file, json }) => [file, json ?? {}] as const))('reads %s', (_file, json) => {
    const { context, losses } = forChat()
    const encoded = server?.encodeResponse(decodeResponse(json, attempt()), context)
    const body = JSON.parse(JSON.stringify(encoded)) as ChatBody
    const [choice] = body.choices
    expectSame(
      {
        text: choice?.message.content ?? '',
        calls: (choice?.message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
        finish: choice?.finish_reason ?? '',
        usage: body.usage,
      },
      readMessage(json),
      losses,
    )
  })

  it.each(streams.map(({ file, sse }) => [file, sse ?? ''] as const))('reads the stream %s', (_file, sse) => {
    const { context, losses } = forChat()
    const frames = framesOf(sse)
    const written = convert(frames, context)
    expect(written.at(-1)).toEqual({ data: '[DONE]' })
    const message = foldStream(frames)
    expectSame(foldChat(written), readMessage(message), losses)
  })

  it('sees an error and no end when the upstream is cut', () => {
    const { context } = forChat()
    const frames = framesOf(streams[0]?.sse ?? '').slice(0, -1)
    const last = convert(frames, context).at(-1)
    expect(last && 'data' in last ? JSON.parse(last.data) : undefined).toMatchObject({
      error: { type: 'server_error' },
    })
  })
})

interface ChatBody {
  readonly usage: JsonObject
  readonly choices: readonly { readonly message: ChatMessage; readonly finish_reason: string }[]
}

interface ChatMessage {
  readonly content: string | null
  readonly tool_calls?: readonly {
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }[]
}

function expectSame(answer: Answer, reading: Reading, losses: readonly Loss[]): void {
  expect(answer.text).toBe(reading.text)
  const answered = losses.filter(({ what }) => what === 'tool_call.answered').length
  const calls = answer.calls.map((call) => ({ id: call.id, name: call.name, input: parsed(call.arguments) }))
  expect(calls).toEqual(answered > 0 ? [] : reading.calls)
  expect(calls.length + answered).toBe(reading.calls.length)
  expect(answer.finish).toBe(finishes[String(reading.stopReason)])
  const of = (bucket: string): number => reading.buckets[bucket] ?? 0
  expect(answer.usage).toMatchObject({
    prompt_tokens: of('input') + of('cache_read') + of('cache_write') + of('cache_write_1h'),
    completion_tokens: of('output') + of('reasoning'),
    prompt_tokens_details: { cached_tokens: of('cache_read') },
    completion_tokens_details: { reasoning_tokens: of('reasoning') },
  })
  const hosted = losses.filter(({ what }) => what.startsWith('part.server_tool_'))
  expect(hosted).toHaveLength(reading.hosted.length)
}

function forChat(): { readonly context: ServerContext<'generate'>; readonly losses: readonly Loss[] } {
  const losses: Loss[] = []
  const request = { model: 'alias', stream: true, turns: [], includeUsage: true }
  const wire = {
    method: 'POST',
    path: '/chat/completions',
    params: {},
    headers: new Headers(),
    body: new Uint8Array(),
    json: () => ({}),
  }
  return { context: { wire, request, requestId: 'r', report: (loss) => losses.push(loss) }, losses }
}

function convert(frames: readonly Frame[], context: ServerContext<'generate'>): readonly OutputFrame[] {
  const written: OutputFrame[] = []
  const encoder = server?.streamEncoder?.(context)
  const decoder = streamDecoder(attempt())
  const emit = (event: GatewayEvent): void => encoder?.push(event, (frame) => written.push(frame))
  for (const frame of frames) decoder.push(frame, emit)
  decoder.end(emit)
  return written
}

interface Chunk {
  readonly usage?: JsonObject
  readonly choices: readonly {
    readonly finish_reason: string | null
    readonly delta: {
      readonly content?: string | null
      readonly tool_calls?: readonly {
        readonly index: number
        readonly id?: string
        readonly function?: { readonly name?: string; readonly arguments?: string }
      }[]
    }
  }[]
}

function foldChat(written: readonly OutputFrame[]): Answer {
  let text = ''
  let finish = ''
  let usage: JsonObject = {}
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const frame of written) {
    if (!('data' in frame) || frame.data === '[DONE]') continue
    const chunk = JSON.parse(frame.data) as Json & Chunk
    usage = chunk.usage ?? usage
    for (const { delta, finish_reason } of chunk.choices) {
      text += delta.content ?? ''
      finish = finish_reason ?? finish
      for (const { index, id, function: called } of delta.tool_calls ?? []) {
        const call = (calls[index] ??= { id: '', name: '', arguments: '' })
        call.id += id ?? ''
        call.name += called?.name ?? ''
        call.arguments += called?.arguments ?? ''
      }
    }
  }
  return { text, calls, finish, usage }
}
