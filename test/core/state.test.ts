import type OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'
import { weather } from '../support/sdk.ts'

let composed: Composed
beforeEach(async () => {
  composed = await compose({
    config: {
      providers: {
        claude: simulator({ speaks: 'anthropic-messages' }),
        other: simulator({ speaks: 'anthropic-messages', seed: 'another vendor' }),
        chat: simulator(),
      },
      models: {
        claude: { to: 'claude/m', maxOutputTokens: 4096 },
        other: { to: 'other/m', maxOutputTokens: 4096 },
        chat: { to: 'chat/m' },
      },
    },
  })
})
afterEach(() => composed.close())

type Message = OpenAI.ChatCompletionMessage & { reasoning_details?: unknown[] }

const question = {
  role: 'user',
  content: 'reason the weather decides\ncall get_weather {"city":"Oslo"}',
} as const

async function firstTurn(stream: boolean): Promise<Message> {
  const response = await composed.chat({
    model: 'claude',
    stream,
    reasoning_effort: 'high',
    messages: [question],
    tools: [weather],
  })
  expect(response.status).toBe(200)
  if (!stream) return ((await response.json()) as { choices: { message: Message }[] }).choices[0]!.message
  const message = {
    role: 'assistant',
    content: null,
    reasoning_details: [] as unknown[],
    tool_calls: [] as { function: { arguments: string } }[],
  }
  for (const frame of (await response.text()).split('\n\n')) {
    if (!frame.startsWith('data: {')) continue
    const chunk = JSON.parse(frame.slice(6)) as {
      choices: {
        delta: {
          reasoning_details?: unknown[]
          tool_calls?: { index: number; function: { arguments: string } }[]
        }
      }[]
    }
    const delta = chunk.choices[0]?.delta
    message.reasoning_details.push(...(delta?.reasoning_details ?? []))
    for (const { index, ...call } of delta?.tool_calls ?? []) {
      const open = message.tool_calls[index]
      if (open) open.function.arguments += call.function.arguments
      else message.tool_calls[index] = call
    }
  }
  return message as never
}

function secondTurn(model: string, message: Message): Promise<Response> {
  return composed.chat({
    model,
    reasoning_effort: 'high',
    messages: [
      question,
      message,
      { role: 'tool', tool_call_id: message.tool_calls![0]!.id, content: 'sunny' },
    ],
    tools: [weather],
  })
}

describe.each([false, true])(
  'thinking of a messages upstream, kept by a chat client (streamed: %s)',
  (stream) => {
    it('goes back exact to who issued it', async () => {
      const message = await firstTurn(stream)
      expect(JSON.stringify(message.reasoning_details)).toContain('gantry1.')
      const response = await secondTurn('claude', message)
      expect(await response.text()).toContain('sunny')
      expect(response.status).toBe(200)
      expect(response.headers.get('x-gantry-loss') ?? '').not.toContain('custody')
    })

    it('is left out for another provider or another wire, and that is said', async () => {
      const message = await firstTurn(stream)
      for (const model of ['other', 'chat']) {
        const response = await secondTurn(model, message)
        expect(await response.text(), model).toContain('sunny')
        expect(response.status, model).toBe(200)
        expect(response.headers.get('x-gantry-loss'), model).toContain('custody')
      }
    })

    it('is dropped when somebody has changed it', async () => {
      const message = await firstTurn(stream)
      const changed = JSON.parse(
        JSON.stringify(message).replace(/gantry1\.(.{20})./, 'gantry1.$1_'),
      ) as Message
      const response = await secondTurn('claude', changed)
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('sunny')
    })
  },
)
