import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import {
  generateObject,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  type LanguageModelUsage,
  Output,
  streamText,
  tool,
} from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let key: string

// Its advice on models that it does not know is no concern of these tests.
globalThis.AI_SDK_LOG_WARNINGS = false

beforeAll(async () => {
  gateway = await startGateway(config)
  key = await gateway.key('standard')
})
afterAll(() => gateway?.stop())

/** The SDK's three wires, each with only base URL and key changed. */
const clients: readonly (readonly [name: string, model: (id: string) => LanguageModel])[] = [
  ['openai.chat', (id) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key }).chat(id)],
  ['openai.responses', (id) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key }).responses(id)],
  ['anthropic', (id) => createAnthropic({ baseURL: `${gateway.url}/v1`, apiKey: key })(id)],
]

const upstreams = [
  ['a chat upstream', 'sim-chat'],
  ['a responses upstream', 'sim-responses'],
  ['a messages upstream', 'claude-sonnet-4-5'],
] as const

const pairs = clients.flatMap(([client, model]) =>
  upstreams.map(([upstream, id]) => ({ client, upstream, open: () => model(id) })),
)

interface City {
  readonly city: string
}

const schema = jsonSchema<City>({
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
})

/** A tool that writes down what it was called with. */
const weather = (asked: string[]) =>
  tool({
    description: 'Weather of a city',
    inputSchema: schema,
    execute: ({ city }) => {
      asked.push(city)
      return { degrees: city.length }
    },
  })

/** A loop of three requests: two calls at once, one call, an answer. */
const loop = [
  'call get_weather {"city":"Oslo"}',
  'call get_weather {"city":"Rome ‘ü’"}',
  'then',
  'call get_weather {"city":"Lima"}',
  'then',
  'say all three known',
].join('\n')

const summed = ({ inputTokens, outputTokens, totalTokens }: LanguageModelUsage): void => {
  expect(inputTokens).toBeGreaterThan(0)
  expect(outputTokens).toBeGreaterThan(0)
  expect(totalTokens).toBe(inputTokens! + outputTokens!)
}

describe.each(pairs)('$client over $upstream', ({ open }) => {
  it('generates text', async () => {
    const answer = await generateText({ model: open(), prompt: 'say hello there', maxRetries: 0 })
    expect(answer.text).toBe('hello there')
    expect(answer.finishReason).toBe('stop')
    // The simulator counts words, and the prompt has three.
    expect(answer.usage.outputTokens).toBe(2)
    summed(answer.usage)
    expect(answer.response.id).toBeTruthy()
  })

  it('says when an answer was cut', async () => {
    const answer = await generateText({
      model: open(),
      prompt: 'count 50',
      maxOutputTokens: 20,
      maxRetries: 0,
    })
    expect(answer.finishReason).toBe('length')
    expect(answer.text).toMatch(/^1 2 3 4 5/)
    expect(answer.usage.outputTokens).toBe(20)
  })

  it('runs a tool loop', async () => {
    const asked: string[] = []
    const answer = await generateText({
      model: open(),
      system: 'Use the tool.',
      prompt: loop,
      tools: { get_weather: weather(asked) },
      stopWhen: isStepCount(5),
      maxRetries: 0,
    })
    expect(asked).toEqual(['Oslo', 'Rome ‘ü’', 'Lima'])
    expect(answer.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'tool-calls', 'stop'])
    expect(
      answer.steps.map(({ toolResults }) =>
        toolResults.map(({ toolName, input, output }) => [toolName, input, output]),
      ),
    ).toEqual([
      [
        ['get_weather', { city: 'Oslo' }, { degrees: 4 }],
        ['get_weather', { city: 'Rome ‘ü’' }, { degrees: 8 }],
      ],
      [['get_weather', { city: 'Lima' }, { degrees: 4 }]],
      [],
    ])
    expect(answer.text).toBe('all three known')
    for (const { usage } of answer.steps) summed(usage)
  })

  it('tells the model what a tool said, and that it failed', async () => {
    const answer = await generateText({
      model: open(),
      prompt: 'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}',
      tools: {
        get_weather: tool({
          description: 'Weather of a city',
          inputSchema: schema,
          execute: ({ city }) => {
            if (city === 'Rome') throw new Error('no such station')
            return 'sunny'
          },
        }),
      },
      stopWhen: isStepCount(3),
      maxRetries: 0,
    })
    expect(answer.steps).toHaveLength(2)
    expect(answer.text).toMatch(/get_weather (answered|failed): .*sunny/)
    expect(answer.text).toMatch(/get_weather (answered|failed): .*no such station/)
  })

  it('streams text', async () => {
    const failures: unknown[] = []
    const result = streamText({
      model: open(),
      prompt: 'say one two three four',
      maxRetries: 0,
      onError: ({ error }) => void failures.push(error),
    })
    const pieces: string[] = []
    for await (const piece of result.textStream) pieces.push(piece)
    expect(failures).toEqual([])
    expect(pieces.join('')).toBe('one two three four')
    expect(pieces.length).toBeGreaterThan(1)
    expect(await result.finishReason).toBe('stop')
    const usage = await result.usage
    expect(usage.outputTokens).toBe(4)
    summed(usage)
  })

  it('streams a tool loop', async () => {
    const asked: string[] = []
    const failures: unknown[] = []
    const result = streamText({
      model: open(),
      prompt: loop,
      tools: { get_weather: weather(asked) },
      stopWhen: isStepCount(5),
      maxRetries: 0,
      onError: ({ error }) => void failures.push(error),
    })
    const seen: string[] = []
    for await (const part of result.fullStream) {
      if (part.type === 'tool-call') seen.push(`call ${part.toolName} ${JSON.stringify(part.input)}`)
      if (part.type === 'tool-result') seen.push(`result ${JSON.stringify(part.output)}`)
      if (part.type === 'finish-step') seen.push(part.finishReason)
    }
    expect(failures).toEqual([])
    expect(asked).toEqual(['Oslo', 'Rome ‘ü’', 'Lima'])
    // Tools of one step run side by side: their results come when they come.
    expect(seen.filter((one) => !one.startsWith('result'))).toEqual([
      'call get_weather {"city":"Oslo"}',
      'call get_weather {"city":"Rome ‘ü’"}',
      'tool-calls',
      'call get_weather {"city":"Lima"}',
      'tool-calls',
      'stop',
    ])
    expect(seen.filter((one) => one.startsWith('result')).toSorted()).toEqual([
      'result {"degrees":4}',
      'result {"degrees":4}',
      'result {"degrees":8}',
    ])
    expect(await result.text).toBe('all three known')
    for (const { usage } of await result.steps) summed(usage)
  })

  it('generates objects, whole and streamed', async () => {
    const { object, finishReason, usage } = await generateObject({
      model: open(),
      schema,
      prompt: 'Where?',
      maxRetries: 0,
    })
    expect(object).toEqual({ city: expect.stringMatching(/./) as string })
    expect(finishReason).toBe('stop')
    summed(usage)

    const whole = await generateText({
      model: open(),
      output: Output.object({ schema }),
      prompt: 'Where?',
      maxRetries: 0,
    })
    expect(whole.output).toEqual(object)

    const streamed = streamText({
      model: open(),
      output: Output.object({ schema }),
      prompt: 'Where?',
      maxRetries: 0,
    })
    let last: unknown
    for await (const partial of streamed.partialOutputStream) last = partial
    expect(last).toEqual(object)
    expect(await streamed.output).toEqual(object)
  })

  it('raises the upstream’s trouble as its own error', async () => {
    const failing = generateText({ model: open(), prompt: 'fail 503', maxRetries: 0 })
    await expect(failing).rejects.toMatchObject({
      name: 'AI_APICallError',
      isRetryable: true,
      // A foreign envelope would leave only the status text.
      message: expect.stringMatching(/.{20}/) as string,
    })
    const unknown = generateText({ model: open(), prompt: 'fail 400', maxRetries: 0 })
    await expect(unknown).rejects.toMatchObject({ statusCode: 400, isRetryable: false })
  })
})
