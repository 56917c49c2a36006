import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { GenerateRequest } from '@gantry/core'
import { bootNotes } from '@gantry/core'
import { createFakeHost } from '@gantry/testing'
import { afterEach, expect, it } from 'vitest'
import { tokensLocal, type TokensLocalOptions } from './index.ts'

type Made = ReturnType<typeof tokensLocal>

const made: Made[] = []
afterEach(async () => {
  for (const plugin of made.splice(0)) await plugin.close?.()
})

async function open(options?: TokensLocalOptions): Promise<Made['provides']['tokens'][number]> {
  const plugin = tokensLocal(options)
  made.push(plugin)
  await plugin.setup?.(createFakeHost())
  return plugin.provides.tokens[0]!
}

const never = new AbortController().signal
const saying = (text: string): GenerateRequest => ({
  model: 'gpt-5.5',
  stream: false,
  turns: [{ role: 'user', parts: [{ type: 'text', text }] }],
})
const cjk = (length: number): string =>
  Array.from({ length }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919) % 20_000))).join('')

it('counts in a worker, by the rules of the model', async () => {
  const counter = await open()
  const request = saying('The quick brown fox jumps over the lazy dog.')
  expect(await counter.count(request, 'gpt-5.5', never)).toBe(17)
  expect(await counter.count(request, 'claude-sonnet-4-5', never)).toBe(18)
})

it('takes rules from its options', async () => {
  const counter = await open({ families: { 'my-model': { factor: 3, base: 1, message: 0 } } })
  expect(await counter.count(saying('one two three'), 'my-model-7b', never)).toBe(10)
})

it('does not hold up the event loop, also with the worst text', async () => {
  const counter = await open({ timeoutMs: 9000 })
  const text = cjk(300_000)
  await counter.count(saying('warm'), 'gpt-5.5', never)
  const before = process.threadCpuUsage()
  const tokens = await counter.count(saying(text), 'gpt-5.5', never)
  const { user, system } = process.threadCpuUsage(before)
  // The worker takes some tenths of a second; in one piece it would take hours.
  expect((user + system) / 1000).toBeLessThan(150)
  expect(tokens).toBeGreaterThan(text.length)
  expect(tokens).toBeLessThan(3 * text.length)
})

it('extrapolates what is beyond its bytes and its time', async () => {
  const text = 'All of this text is counted at the same rate, wherever it is cut. '.repeat(3000)
  const whole = await (await open()).count(saying(text), 'gpt-5.5', never)
  const cut = await (await open({ maxBytes: 20_000 })).count(saying(text), 'gpt-5.5', never)
  expect(Math.abs(cut - whole) / whole).toBeLessThan(0.01)
  const unread = await (await open({ queue: 0 })).count(saying(text), 'gpt-5.5', never)
  expect(unread).toBe(Math.round(text.length / 4) + 7)
})

it('answers 26 requests at once, and reads what they share only once', async () => {
  const counter = await open({ timeoutMs: 9000 })
  await counter.count(saying('warm'), 'claude-opus-4-8', never)
  // More words than the tokeniser itself remembers.
  const shared = cjk(300_000)
  const asking = (at: number): GenerateRequest => ({
    ...saying(`question ${at}`),
    instructions: [{ type: 'text', text: shared }],
  })
  const before = performance.now()
  await counter.count(asking(0), 'claude-opus-4-8', never)
  const one = performance.now() - before
  const start = performance.now()
  const counts = await Promise.all(
    Array.from({ length: 26 }, (_, at) => counter.count(asking(at), 'claude-opus-4-8', never)),
  )
  expect(new Set(counts).size).toBe(1)
  expect(performance.now() - start).toBeLessThan(5 * one + 100)
})

it('leaves when the client does', async () => {
  const counter = await open()
  const leaving = new AbortController()
  const counting = counter.count(saying(cjk(500_000)), 'gpt-5.5', leaving.signal)
  leaving.abort(new Error('left'))
  await expect(counting).rejects.toThrow('left')
  expect(await counter.count(saying('hello'), 'gpt-5.5', never)).toBe(8)
})

it('needs no worker for a request without text', async () => {
  expect(await (await open()).count({ model: 'm', stream: false, turns: [] }, 'gpt-5.5', never)).toBe(3)
})

it('does not keep the process alive, before or after its work', async () => {
  const script = `
    import { tokensLocal } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
    const { count } = tokensLocal().provides.tokens[0]
    const waiting = setTimeout(() => {}, 60_000)
    const request = { model: 'm', stream: false, turns: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }] }
    console.log(await count(request, 'gpt-5.5', new AbortController().signal))
    clearTimeout(waiting)
  `
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 15_000,
  })
  expect(stdout.trim()).toBe('8')
})

it('reports options that cannot be', () => {
  const problems = (options: object): readonly string[] =>
    bootNotes(tokensLocal(options)).problems.map(({ path }) => path ?? '')
  expect(problems({ maxBytes: -1, timeoutMs: 0.5, quue: 1 })).toEqual([
    'tokens-local.maxBytes',
    'tokens-local.timeoutMs',
    'tokens-local',
  ])
  expect(problems({ families: { claude: { factor: 0 }, gpt: { fast: true } } })).toEqual([
    'tokens-local.families.claude.factor',
    'tokens-local.families.gpt',
  ])
  expect(problems({ families: { claude: { factor: 1.2 } } })).toEqual([])
})
