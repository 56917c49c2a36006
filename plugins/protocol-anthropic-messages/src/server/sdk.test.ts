import Anthropic from '@anthropic-ai/sdk'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayErrorData, GatewayEvent, GenerateResponse, JsonObject } from '@gantry/core'
import { GatewayError } from '@gantry/core'
import { encodeFrame } from '@gantry/wire'
import { contextOf, recordedAnswers, wholeOf } from './answers.test-support.ts'
import { encodeError } from './encode-error.ts'
import { streamEncoder } from './stream-encoder.ts'

const answers = recordedAnswers()
let served: { readonly events: readonly GatewayEvent[]; readonly response: GenerateResponse }
let refused: GatewayErrorData | undefined
let asked = 0
let server: Server
let anthropic: Anthropic

beforeAll(async () => {
  server = createServer(async (request, response) => {
    asked++
    let text = ''
    for await (const chunk of request) text += String(chunk)
    if (refused) {
      const { status, headers, body } = encodeError(refused, { requestId: 'req_1' })
      response.writeHead(status, { ...headers, 'content-type': 'application/json' })
      return response.end(JSON.stringify(body))
    }
    const body = JSON.parse(text) as JsonObject
    const context = contextOf()
    if (body['stream'] !== true) {
      response.writeHead(200, { 'content-type': 'application/json' })
      return response.end(JSON.stringify(wholeOf(served.response, context)))
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const encoder = streamEncoder(context)
    for (const event of served.events) {
      encoder.push({ type: 'keep-alive' }, (frame) => response.write(encodeFrame(frame)))
      encoder.push(event, (frame) => response.write(encodeFrame(frame)))
    }
    return response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  anthropic = new Anthropic({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}`, maxRetries: 1 })
})

afterAll(() => void server.close())

const request = {
  model: 'claude-sonnet-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'hi' }],
}

describe('the official SDK reads', () => {
  it.each(answers.map((answer) => [answer.name, answer] as const))('%s', async (name, answer) => {
    served = answer
    refused = undefined
    const whole = await anthropic.messages.create(request)
    expect(whole.content.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(
      answer.response.parts
        .map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''))
        .join('') || jsonIn(answer.response),
    )
    // Blocks of betas are folded by the helper of the betas only.
    const helping =
      answer.wire === 'anthropic'
        ? anthropic.beta.messages.stream(request)
        : anthropic.messages.stream(request)
    const helped = (await helping.finalMessage()) as Anthropic.Message
    expect(helped.stop_reason).toBe(whole.stop_reason)
    // One recorded answer ends with another text than its deltas were; one call was cut in the middle.
    if (name.includes('shell-container.1.stream') || name.includes('incomplete_partial_json')) return
    expect(saidBy(helped)).toEqual(saidBy(whole))
  })
})

describe('the official SDK is told of', () => {
  it.each([
    ['context_length', 'Too long.', Anthropic.BadRequestError, 1],
    ['authentication', 'No such key.', Anthropic.AuthenticationError, 1],
    ['insufficient_funds', 'The wallet is empty.', Anthropic.RateLimitError, 1],
    ['rate_limited', 'Slow down.', Anthropic.RateLimitError, 2],
    ['overloaded', 'Too busy.', Anthropic.InternalServerError, 2],
    ['too_large', 'Too large.', Anthropic.APIError, 1],
  ] as const)('%s, and asks again only where that helps', async (kind, message, type, times) => {
    refused = new GatewayError({
      class: kind,
      message,
      retryAfterMs: kind === 'rate_limited' ? 1 : undefined,
    }).data
    asked = 0
    const error: unknown = await anthropic.messages.create(request).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(type)
    expect(String(error)).toContain(message)
    expect(error).toMatchObject({ requestID: 'req_1' })
    expect(asked).toBe(times)
  })

  it('an error inside the stream, after what was said', async () => {
    refused = undefined
    served = {
      response: { parts: [] },
      events: [
        { type: 'start', id: 'x', model: 'm' },
        { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
        { type: 'part-delta', index: 0, delta: { type: 'text', text: 'half' } },
        { type: 'error', error: new GatewayError({ class: 'overloaded', message: 'Too busy.' }).data },
      ],
    }
    const said: string[] = []
    const reading = async (): Promise<void> => {
      for await (const event of await anthropic.messages.create({ ...request, stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
          said.push(event.delta.text)
      }
    }
    await expect(reading()).rejects.toThrow('Too busy.')
    expect(said).toEqual(['half'])
    await expect(anthropic.messages.stream(request).finalMessage()).rejects.toThrow('Too busy.')
  })
})

function jsonIn({ parts }: GenerateResponse): string {
  return parts.map((part) => (part.type === 'json' ? part.json : '')).join('')
}

/** What a message says, without what only a stream has or only the helper adds. */
function saidBy({ id, content, stop_reason: reason, usage }: Anthropic.Message): unknown {
  const { input_tokens: input, output_tokens: output, cache_read_input_tokens: read } = usage
  const blocks = content.map((block) => ({
    ...block,
    ...(block.type === 'text' && { citations: block.citations ?? null }),
  }))
  return JSON.parse(JSON.stringify({ id, reason, input, output, read: read ?? 0, blocks })) as unknown
}
