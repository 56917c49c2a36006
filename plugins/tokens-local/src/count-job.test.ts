import { expect, it } from 'vitest'
import { bytesPerEntry } from './count-cache.ts'
import { createJobCounter } from './count-job.ts'
import type { Countable, Job } from './messages.ts'

const text = (length: number, char = 'word '): Countable => ({
  kind: 'text',
  text: char.repeat(Math.ceil(length / char.length)).slice(0, length),
})
const job = (...pieces: Countable[]): Job => ({ pieces, budgetMs: 100 })

function counter(options: { cacheBytes?: number; perPiece?: number } = {}) {
  let time = 0
  let stopped = false
  const seen: string[] = []
  const count = createJobCounter({
    cacheBytes: options.cacheBytes ?? 0,
    tokenise: (piece) => {
      time += options.perPiece ?? 0
      seen.push(piece)
      return piece.length
    },
    isStopped: () => stopped,
    now: () => time,
  })
  return { count, seen, stop: () => void (stopped = true) }
}

it('counts pieces in order', () => {
  const { count } = counter()
  expect(count(job(text(10), { kind: 'pdf', text: '' }, text(20)))).toEqual([
    { count: 10, read: 10 },
    { count: 1, read: 0 },
    { count: 20, read: 20 },
  ])
  expect(count(job())).toEqual([])
})

it('ends with its time, in the middle of a piece', () => {
  const { count } = counter({ perPiece: 40 })
  const [first, second, ...rest] = count(job(text(100), text(50_000), text(5)))
  expect(first).toEqual({ count: 100, read: 100 })
  expect(second!.read).toBeGreaterThan(4000)
  expect(second!.read).toBeLessThan(50_000)
  expect(second!.count).toBe(second!.read)
  expect(rest).toEqual([])
})

it('ends when it is stopped', () => {
  const { count, stop, seen } = counter()
  stop()
  expect(count(job(text(10)))).toEqual([])
  expect(seen).toEqual([])
})

it('counts the same text once, also for another request and without time', () => {
  const { count, seen } = counter({ cacheBytes: 100 * bytesPerEntry, perPiece: 60 })
  const long = text(3000)
  expect(count(job(long, long))).toEqual([
    { count: 3000, read: 3000 },
    { count: 3000, read: 3000 },
  ])
  expect(count({ pieces: [long], budgetMs: 0 })).toEqual([{ count: 3000, read: 3000 }])
  expect(seen).toHaveLength(1)
})

it('does not remember what it counted only in part', () => {
  const { count, seen } = counter({ cacheBytes: 100 * bytesPerEntry, perPiece: 60 })
  const long = text(30_000)
  const [cut] = count(job(long))
  expect(cut!.read).toBeLessThan(30_000)
  count(job(long))
  expect(seen.length).toBeGreaterThan(2)
})
