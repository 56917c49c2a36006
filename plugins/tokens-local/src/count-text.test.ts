import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base'
import { expect, it } from 'vitest'
import { countText } from './count-text.ts'

const tokenise = (text: string): number => countTokens(text, { disallowedSpecial: new Set() })
const always = (): boolean => true

function piecesOf(text: string): readonly string[] {
  const pieces: string[] = []
  countText(text, (piece) => pieces.push(piece), always)
  return pieces
}

/** Texts of few kinds of characters, so that runs get long. */
const runs = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'Z', '7', ' ', '\n', '!', '中', '😀', 'é', '\u0301', '\ud800'),
      fc.nat(300),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.map(([char, times]) => char.repeat(times)).join(''))

it('cuts without losing a character, and never inside one', () => {
  fc.assert(
    fc.property(fc.oneof(runs, fc.string({ unit: 'binary', maxLength: 12_000 })), (text) => {
      const pieces = piecesOf(text)
      expect(pieces.join('')).toBe(text)
      expect(pieces).not.toContain('')
      if (text.isWellFormed()) expect(pieces.every((piece) => piece.isWellFormed())).toBe(true)
    }),
  )
})

it('gives a tokeniser no long run of one kind', () => {
  const tooLong = /[\p{L}\p{M}]{65,}|!{65,}|\s{65,}/u
  fc.assert(
    fc.property(runs, (text) => {
      for (const piece of piecesOf(text)) {
        expect(piece).not.toMatch(tooLong)
        expect(piece.length).toBeLessThan(8192 + 128)
      }
    }),
  )
})

it('counts ordinary text as the tokeniser itself does', () => {
  for (const file of ['./count-text.ts', '../README.md', './desk.ts', './image.test.ts']) {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8').repeat(5)
    expect(piecesOf(text).length).toBeGreaterThan(1)
    const whole = tokenise(text)
    expect(Math.abs(countText(text, tokenise, always).count - whole) / whole).toBeLessThan(0.005)
  }
})

it('counts anything to its end', () => {
  fc.assert(
    fc.property(fc.oneof(runs, fc.string({ unit: 'binary', maxLength: 500 })), (text) => {
      const { count, read } = countText(text, tokenise, always)
      expect(read).toBe(text.length)
      expect(count).toBeGreaterThanOrEqual(text === '' ? 0 : 1)
    }),
  )
})

it('counts text that spells special tokens as text', () => {
  expect(countText('a <|endoftext|> b <|im_start|>', tokenise, always).count).toBeGreaterThan(8)
})

it('stops between two pieces when it is told to, and says how far it came', () => {
  const text = 'word '.repeat(10_000)
  let asked = 0
  const { count, read } = countText(
    text,
    () => 10,
    () => ++asked <= 3,
  )
  expect(count).toBe(30)
  expect(read).toBeGreaterThan(3 * 4000)
  expect(read).toBeLessThan(text.length)
  expect(
    countText(
      text,
      () => 10,
      () => false,
    ),
  ).toEqual({ count: 0, read: 0 })
})

it('takes ten times as long for ten times of the worst text', () => {
  const worst: readonly ((length: number) => string)[] = [
    (length) =>
      Array.from({ length }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919) % 20_000))).join(''),
    (length) => '中'.repeat(length),
    (length) => 'a'.repeat(length),
    (length) => ' '.repeat(length),
    (length) => '\n'.repeat(length),
    (length) => '😀'.repeat(length / 2),
    (length) => '!@#$%^&*()'.repeat(length / 10),
    (length) =>
      Array.from({ length }, (_, at) => 'abcdefghijklmnopqrstuvwxyz'[(at * at * 31 + at * 17) % 26]).join(''),
  ]
  // Without memory of words, so that the second time is as hard as the first.
  setMergeCacheSize(0)
  try {
    // Of this thread alone: the machine may be busy with others.
    const time = (text: string): number => {
      const before = process.threadCpuUsage()
      countText(text, tokenise, always)
      const { user, system } = process.threadCpuUsage(before)
      return (user + system) / 1000
    }
    for (const make of worst) {
      const [small, large] = [make(10_000), make(100_000)]
      time(small)
      const ten = Math.min(time(small), time(small), time(small))
      const hundred = time(large)
      // Uncut it is 100 times and more. The fixed part covers a machine that is busy with other things.
      expect(hundred).toBeLessThan(30 * ten + 100)
    }
  } finally {
    setMergeCacheSize(8192)
  }
})
