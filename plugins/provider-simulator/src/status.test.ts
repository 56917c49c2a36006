import { expect, it } from 'vitest'
import { chat, frames, messages, object, responses, withSimulator } from './testing.ts'

it.each([
  [
    'context_length_exceeded',
    400,
    /maximum context length/,
    'prompt is too long: 208310 tokens > 200000 maximum',
  ],
  ['insufficient_quota', 429, /exceeded your current quota/, /^Your credit balance is too low/],
] as const)('says %s as each vendor says it', async (code, status, openai, anthropic) => {
  await withSimulator({}, async (simulator) => {
    const prompt = `fail ${status} ${code}`
    for (const answer of [await chat(simulator, prompt), await responses(simulator, prompt)]) {
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      expect([answer.status, error.code]).toEqual([status, code])
      expect(error.message).toMatch(openai)
    }
    const answer = await messages(simulator, prompt)
    const { error } = (await answer.json()) as { error: { type: string; message: string } }
    expect([answer.status, error.type]).toEqual([
      status,
      status === 400 ? 'invalid_request_error' : 'rate_limit_error',
    ])
    expect(error.message).toMatch(anthropic)
  })
})

it.each([
  ['fail after 1', 'overloaded_error', 'Overloaded'],
  ['fail after 1 server_error', 'api_error', 'Internal server error'],
  ['fail after 1 rate_limit_exceeded', 'rate_limit_error', 'rate_limit_error'],
  ['fail after 1 timeout_error', 'timeout_error', 'timeout_error'],
])('says “%s” inside a messages stream in its own words', async (instruction, type, message) => {
  await withSimulator({}, async (simulator) => {
    const answer = await messages(simulator, `count 3\n${instruction}`, { stream: true })
    const last = frames(await answer.text()).at(-1)
    expect(last?.event).toBe('error')
    expect(object(last?.data ?? '')).toEqual({ type: 'error', error: { type, message } })
  })
})
