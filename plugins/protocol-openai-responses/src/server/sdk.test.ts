import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayEvent, GenerateResponse, JsonObject } from '@gantry/core'
import { encodeFrame } from '@gantry/wire'
import { contextOf, recordedAnswers, wholeOf, type RecordedAnswer } from './answers.test-support.ts'
import { encodeError } from './encode-error.ts'
import { streamEncoder } from './stream-encoder.ts'

const answers = recordedAnswers()
let served: { readonly events: readonly GatewayEvent[]; readonly response: GenerateResponse }
let refused: ReturnType<typeof encodeError> | undefined
let server: Server
let openai: OpenAI

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    if (refused) {
      response.writeHead(refused.status, { ...refused.headers, 'content-type': 'application/json' })
      return response.end(JSON.stringify(refused.body))
    }
    const body = JSON.parse(text) as JsonObject
    const context = contextOf(body)
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
  openai = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
})

afterAll(() => void server.close())

/** One answer ends with another text than its deltas were; the helper says what the end said. */
describe('the official SDK reads', () => {
  it.each(answers.map((answer) => [answer.name, answer] as const))('%s', async (_name, answer) => {
    served = answer
    refused = undefined
    const request = { model: 'gpt-5.5', input: 'hi' }
    const whole = await openai.responses.create(request)
    expect(whole.output_text).toBe(textOf(answer))

    let last: OpenAI.Responses.Response | undefined
    for await (const event of await openai.responses.create({ ...request, stream: true })) {
      if ('response' in event) last = event.response
    }
    const helped = await openai.responses.stream(request).finalResponse()
    expect(saidBy(last)).toEqual(saidBy(whole))
    expect(saidBy(helped)).toEqual(saidBy(whole))
    expect(helped.output_text).toBe(whole.output_text)
  })
})

describe('the official SDK is told of', () => {
  it('an error before the stream, by its class, code and field', async () => {
    refused = encodeError(
      {
        class: 'context_length',
        status: 400,
        message: 'Too long.',
        param: '/input/0',
        retryable: false,
        source: 'gateway',
      },
      { requestId: 'req_1' },
    )
    const error = await openai.responses.create({ model: 'm', input: 'x' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'input[0]', status: 400 })
    expect(String(error)).toContain('Too long. (request id: req_1)')
  })

  it('an error inside the stream, after what was said', async () => {
    refused = undefined
    const events: readonly GatewayEvent[] = [
      { type: 'start', id: 'x', model: 'm' },
      { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
      { type: 'part-delta', index: 0, delta: { type: 'text', text: 'half' } },
      {
        type: 'error',
        error: {
          class: 'overloaded',
          status: 503,
          message: 'Too busy.',
          retryable: true,
          source: 'upstream',
        },
      },
    ]
    served = { events, response: { parts: [] } }
    const said: string[] = []
    const reading = async (): Promise<void> => {
      for await (const event of await openai.responses.create({ model: 'm', input: 'x', stream: true })) {
        if (event.type === 'response.output_text.delta') said.push(event.delta)
      }
    }
    await expect(reading()).rejects.toThrow('Too busy. (request id: req_000000001abcdef)')
    expect(said).toEqual(['half'])
    await expect(openai.responses.stream({ model: 'm', input: 'x' }).finalResponse()).rejects.toThrow(
      'Too busy.',
    )
  })
})

function textOf({ response }: RecordedAnswer): string {
  return response.parts
    .map((part) => (part.type === 'text' ? part.text : part.type === 'json' ? part.json : ''))
    .join('')
}

/** What an answer says; `parsed` and the joined text are the helper's own. */
function saidBy(response: OpenAI.Responses.Response | undefined): unknown {
  if (!response) return undefined
  const { completed_at: _done, created_at: _made, output_text: _text, ...rest } = response
  return JSON.parse(
    JSON.stringify(rest, (key, value: unknown) =>
      key === 'parsed' || key === 'parsed_arguments' || key === 'output_parsed' ? undefined : value,
    ),
  )
}
