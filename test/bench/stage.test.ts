import { expect, it } from 'vitest'
import type { Child } from './ipc.ts'
import type { LoadResult } from './load.ts'
import { rows } from './rows.ts'
import type { ServerName } from './servers.ts'
import type { Books } from './servers/gateway.ts'
import type { Seen } from './servers/upstream.ts'
import { checkBooks, type Running, settled, type Stage } from './stage.ts'

const row = rows.find(({ name }) => name === 'small request, converted to messages')!
const none: Seen = { pieces: 0, chat: 0, messages: 0 }
const load: LoadResult = { requests: 3, failed: 0, p50: 1, p99: 1 }

it('requests of a conversion have to come out on the other wire, those of a relay on the same', async () => {
  await expect(settle('gateway', { ...none, messages: 3 })).resolves.toBe(load)
  await expect(settle('h3-undici', { ...none, chat: 3 })).resolves.toBe(load)
  await expect(settle('portkey', { ...none, chat: 3 })).rejects.toThrow('took the messages wire')
  await expect(settle('h3-undici', { ...none, messages: 3 })).rejects.toThrow('took the chat wire')
})

it('a request that was answered without the upstream, or sent there twice, is found', async () => {
  await expect(settle('gateway', { ...none, messages: 2 })).rejects.toThrow('not every one')
  await expect(settle('gateway', { ...none, messages: 4 })).rejects.toThrow('not every one')
  await expect(settle('gateway', { ...none, messages: 3, chat: 1 })).rejects.toThrow('not every one')
})

it('one failed request fails the row, with its description', async () => {
  const failed = { ...load, failed: 1, failure: '500 out of order' }
  await expect(settle('gateway', { ...none, messages: 3 }, failed)).rejects.toThrow('500 out of order')
})

const books: Books = { charged: '96000', held: '0', broken: 0, lines: 3 }

it('books that show every request at its price add up; the others keep none', async () => {
  expect(await checkBooks([server('gateway', books, 3), server('portkey', undefined, 5)])).toBe(3)
})

it.each([{ charged: '64000' }, { held: '1' }, { broken: 1 }, { lines: 2 }])(
  'books with %o do not',
  async (wrong) => {
    const checked = checkBooks([server('gateway-keys', { ...books, ...wrong }, 3)], 0)
    await expect(checked).rejects.toThrow('the books of gateway-keys do not add up after 3 requests')
  },
)

function settle(name: ServerName, after: Seen, result: LoadResult = load): Promise<LoadResult> {
  const upstream = child({ seen: after })
  const stage: Stage = { row, upstream, load: child({}), running: [], leftOut: [] }
  return settled(stage, server(name, undefined, 0), none, Promise.resolve(result))
}

function server(name: ServerName, books: Books | undefined, sent: number): Running {
  return { name, child: child({ books }), ready: { url: '' }, sent }
}

function child(answers: { readonly [question: string]: unknown }): Child {
  return {
    ready: {},
    ask: <A>(question: string) => Promise.resolve(answers[question] as A),
    stop: () => Promise.resolve(),
  }
}
