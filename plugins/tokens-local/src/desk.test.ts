import { Worker } from 'node:worker_threads'
import { createCaptureLogger, type CaptureLogger } from '@gantry/testing'
import { afterEach, expect, it } from 'vitest'
import { createDesk, type Desk, type DeskOptions } from './desk.ts'
import type { Countable, WorkerStart } from './messages.ts'

/** Real workers of a few lines: `text` says what each does with a piece. */
const script = `
const { parentPort, workerData } = require('node:worker_threads')
const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
parentPort.on('message', ({ pieces, budgetMs }) => {
  const counts = []
  for (const { text } of pieces) {
    if (text === 'throw') throw new Error('broken')
    if (text === 'exit') process.exit(3)
    if (text === 'memory') { const all = []; for (;;) all.push(new Array(100000).fill(1.5)) }
    if (text === 'hang') wait(1e6)
    if (text === 'untilStopped') while (Atomics.load(workerData.stop, 0) === 0) wait(1)
    if (text === 'budget') { counts.push({ count: budgetMs, read: 1 }); continue }
    if (text.startsWith('slow')) wait(150)
    counts.push({ count: text.length, read: text.length })
  }
  parentPort.postMessage(counts)
})
`

const desks: Desk[] = []
afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close()
})

interface Set {
  readonly desk: Desk
  readonly logger: CaptureLogger
  readonly started: () => number
  readonly ended: () => number
}

function open(options: Partial<DeskOptions> & { readonly before?: string } = {}): Set {
  const { before = "parentPort.postMessage('ready')", ...bounds } = options
  let started = 0
  let ended = 0
  const desk = createDesk({
    timeoutMs: 5000,
    queue: 10,
    cacheBytes: 0,
    idleMs: 60_000,
    start: (start: WorkerStart) => {
      started++
      const worker = new Worker(`${script}\n${before}`, {
        eval: true,
        workerData: start,
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: 32 },
      })
      worker.once('exit', () => void ended++)
      return worker
    },
    ...bounds,
  })
  desks.push(desk)
  const logger = createCaptureLogger()
  desk.open(logger)
  return { desk, logger, started: () => started, ended: () => ended }
}

const never = new AbortController().signal
const patiently = { timeout: 10_000 }
const pieces = (...texts: readonly string[]): readonly Countable[] =>
  texts.map((text) => ({ kind: 'text', text }))
const counted = (...texts: readonly string[]): object[] =>
  texts.map((text) => ({ count: text.length, read: text.length }))

it('starts one worker with the first request, and gives each its own answer', async () => {
  const { desk, started } = open()
  expect(started()).toBe(0)
  const asked = ['a', 'bb', 'ccc', 'dddd']
  const answers = await Promise.all(asked.map((text) => desk.count(pieces(text, 'x'), never)))
  expect(answers).toEqual(asked.map((text) => counted(text, 'x')))
  expect(started()).toBe(1)
})

it('gives what time is left, waiting included', async () => {
  const { desk } = open({ timeoutMs: 2000 })
  await desk.count(pieces('warm'), never)
  const slow = desk.count(pieces('slow'), never)
  const [{ count: left } = { count: 0 }] = await desk.count(pieces('budget'), never)
  await slow
  expect(left).toBeGreaterThan(500)
  expect(left).toBeLessThan(1900)
})

it('counts nothing for those who waited too long, or in too long a queue', async () => {
  const { desk } = open({ timeoutMs: 300, queue: 2 })
  await desk.count(pieces('warm'), never)
  const leaving = new AbortController()
  const first = desk.count(pieces('untilStopped'), leaving.signal)
  const others = ['second', 'third', 'fourth'].map((text) => desk.count(pieces(text), never))
  expect(await Promise.race(others.map((one, at) => one.then(() => at)))).toBe(2)
  expect(await Promise.all(others)).toEqual([[], [], []])
  leaving.abort(new Error('left'))
  await expect(first).rejects.toThrow('left')
  await expect.poll(() => desk.count(pieces('again'), never), patiently).toEqual(counted('again'))
})

it.each(['throw', 'exit', 'memory'])('survives a worker that dies of a job: %s', async (text) => {
  const { desk, logger, started } = open()
  const dying = desk.count(pieces(text), never)
  const waiting = desk.count(pieces('next'), never)
  expect(await dying).toEqual([])
  expect(await waiting).toEqual(counted('next'))
  expect(started()).toBe(2)
  expect(logger.lines).toMatchObject([{ level: 'warn', message: 'the worker that counts tokens was lost' }])
})

it('gives up a worker that does not come back, and serves the next by another', async () => {
  const { desk, started, ended } = open({ timeoutMs: 100 })
  await desk.count(pieces('warm'), never)
  expect(await desk.count(pieces('hang'), never)).toEqual([])
  await expect.poll(ended, patiently).toBe(1)
  // The new one takes its time to come up.
  await expect.poll(() => desk.count(pieces('next'), never), patiently).toEqual(counted('next'))
  expect(started()).toBe(2)
})

it('stops the job of a client that leaves, and takes its place out of the queue', async () => {
  const { desk, started } = open()
  await desk.count(pieces('warm'), never)
  const leaving = new AbortController()
  const running = desk.count(pieces('untilStopped'), leaving.signal)
  const waiting = desk.count(pieces('throw'), leaving.signal)
  const staying = desk.count(pieces('stays'), never)
  leaving.abort(new Error('left'))
  await expect(running).rejects.toThrow('left')
  await expect(waiting).rejects.toThrow('left')
  expect(await staying).toEqual(counted('stays'))
  await expect(desk.count(pieces('x'), leaving.signal)).rejects.toThrow('left')
  expect(started()).toBe(1)
})

it('a job that was stopped does not stop the next', async () => {
  const { desk } = open({ timeoutMs: 400 })
  await desk.count(pieces('warm'), never)
  const leaving = new AbortController()
  const first = desk.count(pieces('untilStopped'), leaving.signal)
  leaving.abort(new Error('left'))
  await expect(first).rejects.toThrow('left')
  // It would end at once if it saw the old flag.
  expect(await desk.count(pieces('untilStopped'), never)).toEqual([])
})

it('ends an idle worker, and starts another when there is work again', async () => {
  const { desk, started, ended, logger } = open({ idleMs: 50 })
  await desk.count(pieces('a'), never)
  await expect.poll(ended, patiently).toBe(1)
  expect(await desk.count(pieces('b'), never)).toEqual(counted('b'))
  expect(started()).toBe(2)
  expect(logger.lines).toEqual([])
})

it('rests after a worker that never came up', async () => {
  const { desk, started, logger } = open({ before: "throw new Error('no such module')" })
  expect(await Promise.all([desk.count(pieces('a'), never), desk.count(pieces('b'), never)])).toEqual([
    [],
    [],
  ])
  expect(await desk.count(pieces('c'), never)).toEqual([])
  expect(started()).toBe(1)
  expect(logger.lines).toHaveLength(1)
})

it('does not wait for a worker that takes long to come up, and does not give it up either', async () => {
  const slow = "setTimeout(() => parentPort.postMessage('ready'), 400)"
  const { desk, started } = open({ before: slow, timeoutMs: 100 })
  expect(await desk.count(pieces('a'), never)).toEqual([])
  await expect.poll(() => desk.count(pieces('b'), never), patiently).toEqual(counted('b'))
  expect(started()).toBe(1)
})

it('ends with the gateway, lets nobody wait, and can be opened again', async () => {
  const { desk, ended, started } = open()
  const running = desk.count(pieces('hang'), never)
  const waiting = desk.count(pieces('a'), never)
  await expect.poll(started, patiently).toBe(1)
  await desk.close()
  expect(await Promise.all([running, waiting])).toEqual([[], []])
  expect(ended()).toBe(1)
  expect(await desk.count(pieces('a'), never)).toEqual([])
  await desk.close()
  desk.open(createCaptureLogger())
  expect(await desk.count(pieces('a'), never)).toEqual(counted('a'))
})
