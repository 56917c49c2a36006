import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainWords, readScript, stepsOf } from './script.ts'
import type { Instruction } from './script.ts'

describe('readScript', () => {
  it.each<[string, Instruction]>([
    ['say hello there', { do: 'say', text: 'hello there' }],
    ['  SAY  hi ', { do: 'say', text: 'hi' }],
    ['count 20', { do: 'count', to: 20 }],
    ['count 999999999999', { do: 'count', to: 100_000 }],
    ['reason step by step', { do: 'reason', text: 'step by step' }],
    ['call get_weather {"city": "Oslo"}', { do: 'call', tool: 'get_weather', input: '{"city": "Oslo"}' }],
    ['call get_weather', { do: 'call', tool: 'get_weather', input: '' }],
    ['length', { do: 'length' }],
    ['length 7', { do: 'length', tokens: 7 }],
    ['refuse', { do: 'refuse' }],
    ['empty', { do: 'empty' }],
    ['fail 503', { do: 'fault', fault: { kind: 'status', status: 503 } }],
    ['fail 429 retry-after 2', { do: 'fault', fault: { kind: 'status', status: 429, retryAfter: '2' } }],
    [
      'fail 429 insufficient_quota',
      { do: 'fault', fault: { kind: 'status', status: 429, code: 'insufficient_quota' } },
    ],
    [
      'fail 429 slow_down retry-after 0.5',
      { do: 'fault', fault: { kind: 'status', status: 429, code: 'slow_down', retryAfter: '0.5' } },
    ],
    ['fail after 3', { do: 'fault', fault: { kind: 'error', after: 3 } }],
    [
      'fail after 3 rate_limit_exceeded',
      { do: 'fault', fault: { kind: 'error', after: 3, code: 'rate_limit_exceeded' } },
    ],
    ['stall', { do: 'fault', fault: { kind: 'stall' } }],
    ['stall after 3', { do: 'fault', fault: { kind: 'stall', after: 3 } }],
    ['cut', { do: 'fault', fault: { kind: 'cut' } }],
    ['cut after 0', { do: 'fault', fault: { kind: 'cut', after: 0 } }],
    ['end after 3', { do: 'fault', fault: { kind: 'end', after: 3 } }],
    ['html', { do: 'fault', fault: { kind: 'html', status: 200 } }],
    ['html 502', { do: 'fault', fault: { kind: 'html', status: 502 } }],
    ['blank', { do: 'fault', fault: { kind: 'blank' } }],
  ])('%s', (line, expected) => {
    expect(readScript(line, 0)).toEqual([expected])
  })

  it.each([
    'fail',
    'fail 200',
    'fail 99',
    'fail me',
    'fail after 3 or more',
    'count me in',
    'count -1',
    'length of a string',
    'refuse that',
    'empty bottles',
    'stall for time',
    'cut it out',
    'end',
    'html please',
    'html 100',
    'say',
    'constructor x',
    '__proto__ x',
    'please say hello',
    '',
  ])('takes %j for ordinary text', (line) => {
    expect(readScript(line, 0)).toEqual([])
  })

  it('reads instructions between other lines, in order', () => {
    const prompt = 'Hello!\r\nreason a\nwhat now?\ncall t {}\ncall u {}'
    expect(readScript(prompt, 0).map((one) => one.do)).toEqual(['reason', 'call', 'call'])
    expect(plainWords(prompt)).toBe('Hello! what now?')
  })

  it('divides a prompt into steps', () => {
    const prompt = 'call a\nThen\ncall b\nthen\nsay done'
    expect(stepsOf(prompt)).toBe(3)
    expect([0, 1, 2, 3].map((step) => readScript(prompt, step).length)).toEqual([1, 1, 1, 0])
    expect(readScript(prompt, 2)).toEqual([{ do: 'say', text: 'done' }])
  })

  it('never throws, and says back exactly the text of a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        readScript(text, 0)
        const line = text.replace(/[\r\n]/g, ' ').trim()
        fc.pre(line !== '')
        expect(readScript(`say ${line}`, 0)).toEqual([{ do: 'say', text: line }])
      }),
    )
  })

  it('takes time in proportion to the prompt', () => {
    const line = `call tool ${'{"a":1}'.repeat(20)}\nfail 429 ${' '.repeat(50)}x\n`
    const time = (count: number): number => {
      const prompt = line.repeat(count)
      const started = performance.now()
      readScript(prompt, 0)
      return performance.now() - started
    }
    time(2000)
    expect(time(20_000)).toBeLessThan(Math.max(time(2000), 5) * 40)
  })
})
