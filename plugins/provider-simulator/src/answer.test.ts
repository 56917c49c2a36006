import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answer } from './answer.ts'
import type { Answer } from './answer.ts'
import type { Prompt } from './prompt.ts'

const weather = {
  name: 'weather',
  kind: 'function',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
} as const

function prompt(text: string, more: Partial<Prompt> = {}): Prompt {
  return {
    model: 'm',
    stream: false,
    text,
    round: 0,
    results: [],
    media: [],
    tools: [],
    choice: 'auto',
    parallel: true,
    stop: [],
    choices: 1,
    reasoning: 'shown',
    units: [],
    ...more,
  }
}

function said(made: Answer, type = 'text'): string {
  return made.parts.flatMap((part) => (part.type === type ? part.pieces : [])).join('')
}

describe('answer', () => {
  it('quotes the prompt when it asks for nothing', () => {
    expect(said(answer(prompt('How are you?'), ''))).toContain('You wrote: “How are you?”')
  })

  it('tells of pictures, their type and their size', () => {
    const media = [{ kind: 'image', mediaType: 'image/png', bytes: 68 } as const]
    expect(said(answer(prompt('look', { media }), ''))).toContain('I saw 1 image (image/png, 68 bytes).')
  })

  it('answers with the results of tools, and does not call again', () => {
    const results = [
      { name: 'weather', text: '{"temp":3}', isError: false },
      { name: 'weather', text: 'boom', isError: true },
    ]
    const made = answer(
      prompt('call weather {}', { round: 1, results, tools: [weather], choice: 'required' }),
      '',
    )
    expect(said(made)).toContain('The tool weather answered: {"temp":3}')
    expect(said(made)).toContain('The tool weather failed: boom')
    expect(made.finish).toBe('stop')
  })

  it('calls tools in parallel with exactly the arguments written, or with made ones', () => {
    const made = answer(
      prompt('Oslo\ncall weather {"city":  "Rome"}\ncall weather', { tools: [weather] }),
      '',
    )
    expect(made.finish).toBe('tool_calls')
    expect(made.parts.map((part) => part.pieces.join(''))).toEqual(['{"city":  "Rome"}', '{"city":"Oslo"}'])
  })

  it('makes one call where more are not allowed', () => {
    const made = answer(prompt('call weather\ncall weather', { tools: [weather], parallel: false }), '')
    expect(made.parts).toHaveLength(1)
  })

  it('calls nothing that was not given, and nothing when told so', () => {
    expect(said(answer(prompt('call wether {}', { tools: [weather] }), ''))).toBe(
      'I have no tool called wether. I was given: weather.',
    )
    const none = answer(prompt('call weather {}', { tools: [weather], choice: 'none' }), '')
    expect([none.finish, said(none)]).toEqual([
      'stop',
      'I was told not to call tools, so I did not call weather.',
    ])
  })

  it.each([['required' as const], [{ name: 'weather' }]])('calls when it has to: %j', (choice) => {
    const made = answer(prompt('Oslo', { tools: [weather], choice }), '')
    expect(made.finish).toBe('tool_calls')
    expect(said(made, 'call')).toBe('{"city":"Oslo"}')
  })

  it('follows steps round by round', () => {
    const text = 'call weather {"city":"a"}\nthen\ncall weather {"city":"b"}\nthen\nsay done'
    const at = (round: number): string[] =>
      answer(prompt(text, { tools: [weather], round }), '').parts.map((part) => part.pieces.join(''))
    expect([at(0), at(1), at(2)]).toEqual([['{"city":"a"}'], ['{"city":"b"}'], ['done']])
    expect(at(3)[0]).toContain('You wrote')
  })

  it('reasons first and counts it, unless reasoning is off', () => {
    const made = answer(prompt('reason one two three\nsay hi'), '')
    expect([said(made, 'reasoning'), said(made)]).toEqual(['one two three', 'hi'])
    expect([made.reasoningTokens, made.outputTokens]).toEqual([3, 4])
    expect(said(answer(prompt('reason x\nsay hi', { reasoning: 'off' }), ''), 'reasoning')).toBe('')
  })

  it('answers nothing, or no', () => {
    expect(answer(prompt('empty'), '')).toMatchObject({ parts: [], finish: 'stop', outputTokens: 0 })
    expect(answer(prompt('refuse'), '')).toMatchObject({ finish: 'refusal', parts: [{ type: 'refusal' }] })
  })

  it('stops at a stop sequence, also across tokens', () => {
    const made = answer(prompt('say one two three', { stop: ['x', 'o th'] }), '')
    expect([said(made), made.finish, made.stopSequence]).toEqual(['one tw', 'stop_sequence', 'o th'])
  })

  it('gives JSON where JSON is asked for', () => {
    const json = answer(prompt('Oslo', { json: { schema: weather.schema } }), '')
    expect(JSON.parse(said(json))).toEqual({ city: 'Oslo' })
    expect(JSON.parse(said(answer(prompt('Oslo', { json: {} }), '')))).toHaveProperty('answer')
  })

  it('keeps to its limit, and the pieces it gives are the beginning of all of them', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.nat(40), fc.boolean(), (words, limit, own, cut) => {
        const text = `reason ${'x '.repeat(5)}\ncount ${words}${cut ? `\nlength ${own}` : ''}`
        const all = answer(prompt(`reason ${'x '.repeat(5)}\ncount ${words}`), '')
        const made = answer(prompt(text, { maxTokens: limit }), '')
        const tokens = 5 + words
        const bound = Math.min(limit, cut ? own : limit)
        expect(made.outputTokens).toBe(Math.min(tokens, bound))
        expect(made.finish).toBe(cut || tokens > bound ? 'length' : 'stop')
        const flat = (one: Answer): string[] => one.parts.flatMap((part) => part.pieces)
        expect(flat(made)).toEqual(flat(all).slice(0, made.outputTokens))
      }),
    )
  })

  it('cuts half of what it would have said', () => {
    expect(answer(prompt('count 20\nlength'), '')).toMatchObject({ outputTokens: 10, finish: 'length' })
  })

  it('says the same to the same prompt, and other words with another seed', () => {
    const seeds = ['a', 'b', 'c', 'd', 'e', 'f'].map((seed) => said(answer(prompt('hi'), seed)))
    expect(new Set(seeds).size).toBeGreaterThan(1)
    expect(answer(prompt('hi'), 'a')).toEqual(answer(prompt('hi'), 'a'))
  })
})
