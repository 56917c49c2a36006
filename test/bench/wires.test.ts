import { expect, it } from 'vitest'
import { answerProblem, type Ask, requestBody, type Wire } from './wires.ts'

const wires: readonly Wire[] = ['chat', 'messages']
const key = { chat: 'content', messages: 'text' }
const end = { chat: 'data: [DONE]\n\n', messages: 'event: message_stop\ndata: {}\n\n' }
const piece = (wire: Wire): string => `data: {"delta":{"${key[wire]}":" token"}}\n\n`
const ask: Omit<Ask, 'wire'> = {
  model: 'bench',
  stream: true,
  promptCharacters: 100_000,
  answer: { kind: 'answer', size: 60, paceMs: 20 },
}

it.each(wires)('a request of the %s wire ends its prompt with the instruction', (wire) => {
  const body = JSON.parse(requestBody({ ...ask, wire })) as Record<string, unknown>
  const messages = body['messages'] as { content: string }[]
  expect(messages.at(-1)?.content.length).toBe(100_000 + ' answer 60 20'.length)
  expect(messages.at(-1)?.content).toMatch(/ answer 60 20$/)
  expect(body).toMatchObject({ model: 'bench', stream: true })
  expect('system' in body).toBe(wire === 'messages')
})

it.each(wires)('a whole answer of the %s wire needs a 200 and all of its text', (wire) => {
  const expected = { wire, stream: false, size: 3 }
  const problem = (status: number, text: string): string | undefined =>
    answerProblem(expected, status, Buffer.from(text))
  expect(problem(200, `{"${key[wire]}":"xxx"}`)).toBeUndefined()
  expect(problem(502, `{"${key[wire]}":"xxx"}`)).toContain('502')
  for (const text of ['{"error":{}}', `{"${key[wire]}":"xx"}`, `{"${key[wire]}":"xxxx"}`, '']) {
    expect(problem(200, text), text).toContain('without its text')
  }
})

it.each(wires)('a stream of the %s wire needs every piece once, and its end', (wire) => {
  const expected = { wire, stream: true, size: 3 }
  const problem = (text: string): string | undefined => answerProblem(expected, 200, Buffer.from(text))
  expect(problem(piece(wire).repeat(3) + end[wire])).toBeUndefined()
  expect(problem(piece(wire).repeat(2) + end[wire])).toContain('2 pieces instead of 3')
  expect(problem(piece(wire).repeat(4) + end[wire])).toContain('4 pieces instead of 3')
  expect(problem(piece(wire).repeat(3))).toContain('without its end')
  // The other wire's stream is no answer on this one.
  const other = wire === 'chat' ? 'messages' : 'chat'
  expect(problem(piece(other).repeat(3) + end[other])).toContain('0 pieces')
})
