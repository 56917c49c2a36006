import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, type HookMap, type LedgerStore } from '@gantry/core'
import billLedger from '@gantry/bill-ledger'
import { formatAmount, parseAmount } from '@gantry/ledger'
import pricingRatio from '@gantry/pricing-ratio'
import pricingTokens from '@gantry/pricing-tokens'
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import sqlite from '@gantry/store-sqlite'
import { account, group } from '@gantry/core'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
let directory: string | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
  if (directory) await rm(directory, { recursive: true, force: true })
  directory = undefined
})

/** Who asks, by header: enough of auth for a test of money. */
const identity: HookMap = {
  auth: (context) => {
    context.set(account, context.wire.headers.get('x-account') ?? 'customer')
    context.set(group, context.wire.headers.get('x-group') ?? 'standard')
  },
}

async function gateway(
  kind: 'memory' | 'sqlite',
  balance: string,
  options: { pace?: number; firstTokenMs?: number; hooks?: HookMap; cancelStopsBilling?: boolean } = {},
): Promise<LedgerStore> {
  directory = await mkdtemp(join(tmpdir(), 'gantry-money-'))
  composed = await compose({
    plugins: [pricingTokens(), pricingRatio(), billLedger()],
    hooks: { ...identity, ...options.hooks },
    config: {
      store: kind === 'memory' ? memory() : sqlite(join(directory, 'money.db')),
      providers: {
        chat: simulator({
          pace: options.pace ?? 0,
          firstTokenMs: options.firstTokenMs ?? 0,
          cancelStopsBilling: options.cancelStopsBilling ?? true,
        }),
        claude: simulator({ speaks: 'anthropic-messages', pace: options.pace ?? 0 }),
        broken: simulator({ apiKey: 'dead', deadKeys: ['dead'] }),
      },
      models: {
        chat: {
          to: 'chat/sim',
          price: { input: '1.25', cacheRead: '0.125', output: '10' },
          maxOutputTokens: 500,
        },
        claude: { to: 'claude/sim', price: { input: '3', output: '15' }, maxOutputTokens: 500 },
        falls: {
          to: ['broken/sim', 'chat/sim'],
          price: { input: '1.25', output: '10' },
          maxOutputTokens: 500,
        },
        dead: { to: 'broken/sim', price: { input: '1.25', output: '10' }, maxOutputTokens: 500 },
        costly: { to: 'chat/sim', price: { input: '1', output: '10000' }, maxOutputTokens: 500 },
        free: { to: 'chat/sim', price: 'free' },
        unpriced: { to: 'chat/sim' },
      },
      groups: { standard: { models: ['*'], ratio: 1 }, vip: { models: ['*'], ratio: '0.8' } },
    },
  })
  const ledger = composed.gateway.host.use('ledger')
  await ledger.createAccount({ id: 'customer', wallets: [{ asset: 'usd', overdraft: 0n }] })
  await ledger.transfer({
    account: 'customer',
    asset: 'usd',
    amount: parseAmount(balance),
    counterAccount: 'clearing:usd',
    reference: 'first',
  })
  return ledger
}

async function balance(ledger: LedgerStore): Promise<{ posted: string; held: bigint }> {
  const [wallet] = await ledger.balance('customer')
  return { posted: formatAmount(wallet!.posted), held: wallet!.held }
}

async function settledAll(count: number): Promise<void> {
  await expect.poll(() => composed?.settled.length).toBe(count)
}

/** The money page's first section, by hand. */
function costByHand(
  tokens: { readonly [bucket: string]: number | undefined },
  price: { readonly [bucket: string]: bigint },
  ratio: bigint,
): bigint {
  let pico = 0n
  for (const [bucket, count] of Object.entries(tokens)) pico += BigInt(count ?? 0) * (price[bucket] ?? 0n)
  const scale = 1_000_000n * 1000n
  return (pico * ratio + scale - 1n) / scale
}

const prices = {
  chat: { input: 1_250_000n, cache_read: 125_000n, output: 10_000_000n, reasoning: 10_000_000n },
  claude: {
    input: 3_000_000n,
    cache_read: 3_000_000n,
    cache_write: 3_000_000n,
    output: 15_000_000n,
    reasoning: 15_000_000n,
  },
}

describe.each(['memory', 'sqlite'] as const)('on %s', (kind) => {
  it.each(
    (['chat', 'claude'] as const).flatMap((model) =>
      [false, true].flatMap((stream) =>
        (
          [
            ['standard', 1_000_000n],
            ['vip', 800_000n],
          ] as const
        ).map(([name, ratio]) => ({ model, stream, name, ratio })),
      ),
    ),
  )('charges $model (streamed: $stream) for $name to the nano', async ({ model, stream, name, ratio }) => {
    const ledger = await gateway(kind, '1')
    const response = await composed!.chat(
      {
        model,
        stream,
        messages: [{ role: 'user', content: 'reason about it\nsay one two three four five' }],
      },
      { headers: { 'x-group': name } },
    )
    expect(response.status).toBe(200)
    await response.text()
    await settledAll(1)
    const { usage } = composed!.settled[0]!
    expect(usage.source).toBe('upstream')
    const cost = costByHand(usage.tokens, prices[model], ratio)
    expect(cost).toBeGreaterThan(0n)
    expect(await balance(ledger)).toEqual({ posted: formatAmount(1_000_000_000n - cost), held: 0n })
    expect(await ledger.audit()).toEqual([])
  })

  it('lets the second of two concurrent requests wait for money that one of them holds', async () => {
    const ledger = await gateway(kind, '0.01', { pace: 20 })
    const ask = (): Promise<Response> =>
      composed!.chat({
        model: 'chat',
        stream: true,
        max_tokens: 600,
        messages: [{ role: 'user', content: 'count 15' }],
      })
    const answers = await Promise.all([ask(), ask()])
    expect(answers.map((one) => one.status).toSorted()).toEqual([200, 429])
    const refused = answers.find((one) => one.status === 429)!
    expect(await refused.json()).toMatchObject({ error: { code: 'insufficient_quota' } })
    expect(refused.headers.get('retry-after')).not.toBeNull()
    await answers.find((one) => one.status === 200)!.text()
    await settledAll(2)
    const after = await balance(ledger)
    expect(after.held).toBe(0n)
    expect(parseAmount(after.posted)).toBeGreaterThanOrEqual(0n)
    expect(parseAmount(after.posted)).toBeLessThan(parseAmount('0.01'))
    expect(await ledger.audit()).toEqual([])
  })

  it('200 concurrent requests against a balance for ten never overspend', async () => {
    const ledger = await gateway(kind, '0.0625', { firstTokenMs: 1500 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        composed!.chat({
          model: 'chat',
          max_tokens: 500,
          messages: [{ role: 'user', content: 'length 500' }],
        }),
      ),
    )
    const statuses = answers.map((one) => one.status)
    await Promise.all(answers.map((one) => one.text()))
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
    // Each holds 500 tokens of output at 10 per million, and its input: twelve fit.
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(12)
    await settledAll(200)
    const after = await balance(ledger)
    expect(after.held).toBe(0n)
    expect(parseAmount(after.posted)).toBeGreaterThanOrEqual(0n)
    expect(await ledger.audit()).toEqual([])
  })

  it('a refusal of the upstream costs nothing and leaves no hold', async () => {
    const ledger = await gateway(kind, '1')
    for (const content of ['fail 500', 'fail 429', 'html', 'blank']) {
      const response = await composed!.chat({ model: 'chat', messages: [{ role: 'user', content }] })
      expect(response.ok).toBe(false)
      await response.text()
    }
    await (await composed!.chat({ model: 'dead', messages: [{ role: 'user', content: 'hi' }] })).text()
    await settledAll(5)
    expect(await balance(ledger)).toEqual({ posted: formatAmount(parseAmount('1')), held: 0n })
    expect(await ledger.audit()).toEqual([])
  })

  it('a fallback is one charge under one request id', async () => {
    const ledger = await gateway(kind, '1')
    const response = await composed!.chat({
      model: 'falls',
      messages: [{ role: 'user', content: 'say once' }],
    })
    expect(response.status).toBe(200)
    await response.text()
    await settledAll(1)
    const [row] = composed!.settled
    expect(row?.attempts.map((attempt) => attempt.target.provider)).toEqual(['broken', 'chat'])
    const cost = costByHand(
      row!.usage.tokens,
      { input: 1_250_000n, cache_read: 1_250_000n, output: 10_000_000n },
      1_000_000n,
    )
    expect((await balance(ledger)).posted).toBe(formatAmount(1_000_000_000n - cost))
    expect(await ledger.audit()).toEqual([])
  })

  it('a client that leaves pays for what it was sent, and holds nothing', async () => {
    const ledger = await gateway(kind, '1', { pace: 15 })
    const left = new AbortController()
    const response = await composed!.chat(
      { model: 'chat', stream: true, messages: [{ role: 'user', content: 'count 100' }] },
      { signal: left.signal },
    )
    const reader = response.body!.getReader()
    for (let read = 0; read < 4; read++) await reader.read()
    left.abort()
    await settledAll(1)
    expect(composed!.settled[0]).toMatchObject({ outcome: 'aborted', usage: { source: 'observed' } })
    const after = await balance(ledger)
    expect(after.held).toBe(0n)
    expect(parseAmount(after.posted)).toBeLessThan(parseAmount('1'))
    expect(await ledger.audit()).toEqual([])
  })

  it('a client that leaves while the meter runs on pays what the upstream reports', async () => {
    const ledger = await gateway(kind, '1', { pace: 5, cancelStopsBilling: false })
    const left = new AbortController()
    const response = await composed!.chat(
      { model: 'chat', stream: true, messages: [{ role: 'user', content: 'count 40' }] },
      { signal: left.signal },
    )
    const reader = response.body!.getReader()
    await reader.read()
    left.abort()
    await settledAll(1)
    const [row] = composed!.settled
    expect(row).toMatchObject({ outcome: 'aborted', usage: { source: 'upstream' } })
    const cost = costByHand(row!.usage.tokens, prices.chat, 1_000_000n)
    expect((await balance(ledger)).posted).toBe(formatAmount(1_000_000_000n - cost))
    expect(await ledger.audit()).toEqual([])
  })

  it('a stream that outgrows its money ends with length, and the wallet never goes below zero', async () => {
    const ledger = await gateway(kind, '45', { pace: 2 })
    const response = await composed!.chat({
      model: 'costly',
      stream: true,
      messages: [{ role: 'user', content: 'count 6000' }],
    })
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain('"finish_reason":"length"')
    expect(text).toContain('[DONE]')
    await settledAll(1)
    expect(composed!.settled[0]?.outcome).toBe('cut')
    const after = await balance(ledger)
    expect(after.held).toBe(0n)
    expect(parseAmount(after.posted)).toBeGreaterThanOrEqual(0n)
    expect(await ledger.audit()).toEqual([])
  })

  it('free is free without a wallet; unpriced is refused, never free by accident', async () => {
    await gateway(kind, '1')
    const ask = (model: string): Promise<Response> =>
      composed!.chat(
        { model, messages: [{ role: 'user', content: 'hi' }] },
        { headers: { 'x-account': 'nobody' } },
      )
    expect((await ask('free')).status).toBe(200)
    expect((await ask('unpriced')).status).toBe(503)
    expect((await ask('chat')).status).toBe(429)
  })
})

describe('a price that cannot be exact is a config error', () => {
  it.each([
    ['0.1234567', 'models.m.price.input'],
    ['-1', 'models.m.price.input'],
    ['1e3', 'models.m.price.input'],
    ['free', 'models.m.price.input'],
  ])('%s', async (input, path) => {
    const failure = await compose({
      plugins: [pricingTokens()],
      config: { models: { m: { to: 'chat/sim', price: { input, output: '1' } } } },
    }).catch((error: unknown) => error)
    expect(ConfigError.is(failure)).toBe(true)
    expect((failure as ConfigError).problems.map((problem) => problem.path)).toContain(path)
  })
})
