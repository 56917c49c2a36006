import {
  type AnyPlugin,
  bootNotes,
  GatewayError,
  type LedgerStore,
  type ResolvedConfig,
  type Usage,
} from '@gantry/core'
import { formatAmount, parseAmount } from '@gantry/ledger'
import { memory } from '@gantry/store-memory'
import { sqlite } from '@gantry/store-sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { billLedger, type BillLedgerOptions, charge } from './index.ts'
import { createRig, requestOf, type Rig } from './test-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-bill-'))
let files = 0
let rigs: Rig[] = []

afterEach(async () => {
  for (const rig of rigs) await rig.close()
  rigs = []
})
afterAll(() => rmSync(folder, { recursive: true }))

const config: Partial<ResolvedConfig> = {
  models: {
    m: { to: 'p/m', price: { input: '1', output: '10', cacheWrite: '1.25', cacheRead: '0.1' } },
    capped: { to: 'p/m', price: { input: '1', output: '10' }, maxOutputTokens: 100 },
    gratis: { to: 'p/m', price: 'free' },
    listed: { to: 'p/m', price: 'list' },
    half: { to: 'p/m', price: { input: '1' } },
  },
  groups: { standard: { models: ['*'] }, vip: { models: ['*'], ratio: '0.8' } },
}

const used: Usage = { tokens: { input: 900, cache_read: 100, output: 50 }, source: 'upstream', final: true }
const empty: Usage = { tokens: {}, source: 'none', final: true }

describe.each<[string, () => AnyPlugin]>([
  ['memory', () => memory()],
  ['sqlite', () => sqlite(join(folder, `${++files}.db`))],
])('bill-ledger over %s', (_, store) => {
  const rigOf = async (
    dollars: string,
    options?: BillLedgerOptions,
    wrap?: (ledger: LedgerStore) => LedgerStore,
    overrides: Partial<ResolvedConfig> = {},
  ): Promise<Rig> => {
    const rig = await createRig(store(), { ...config, ...overrides }, options, wrap)
    rigs.push(rig)
    await rig.ledger.createAccount({ id: 'ann', wallets: [{ asset: 'usd', overdraft: 0n }] })
    if (dollars !== '0') await credit(rig, dollars, 'start')
    return rig
  }

  describe('reserve', () => {
    it('holds the dearest interpretation of the bound, to the nano', async () => {
      const rig = await rigOf('1')
      await rig.reserve({ id: 'r1' })
      // 1 000 input tokens written to a cache, 4 096 output tokens: 0.00125 + 0.04096
      expect(await balance(rig)).toEqual({ posted: '1', held: '0.04221' })
    })

    it.each([
      ['a stream with a small limit', { maxOutputTokens: 10 }, 'm', '0.00135'],
      ['a stream with a large limit', { maxOutputTokens: 1_000_000 }, 'm', '0.04221'],
      ['a whole reply with a limit', { maxOutputTokens: 10_000, stream: false }, 'm', '0.10125'],
      ["a whole reply, by the model's cap", { stream: false }, 'capped', '0.002'],
      ['a whole reply without any', { stream: false }, 'm', '0.04221'],
      ['several whole replies, each by the cap', { stream: false, choices: 8 }, 'capped', '0.009'],
      ['several whole replies without a cap', { stream: false, choices: 3 }, 'm', '0.12413'],
      // The limit has been multiplied already.
      [
        'several whole replies with a limit',
        { maxOutputTokens: 200, stream: false, choices: 2 },
        'm',
        '0.00325',
      ],
      ['several streams', { choices: 128 }, 'm', '0.04221'],
    ])('holds for %s', async (_, bound, model, held) => {
      const rig = await rigOf('1')
      await rig.reserve({ id: 'r1', bound, model })
      expect(await balance(rig)).toEqual({ posted: '1', held })
    })

    it("multiplies by the group's ratio", async () => {
      const rig = await rigOf('1')
      await rig.reserve({ id: 'r1', group: 'vip' })
      expect(await balance(rig)).toEqual({ posted: '1', held: '0.033768' })
      expect(await rig.ledger.open('local')).toMatchObject([{ ratioPpm: 800_000n, sent: true }])
    })

    it('refuses what the balance does not cover, and names what it may cost', async () => {
      const rig = await rigOf('0.01')
      const error = await refused(rig.reserve({ id: 'r1' }))
      expect(error).toMatchObject({
        class: 'insufficient_funds',
        status: 429,
        code: 'insufficient_quota',
        retryable: false,
        message: 'The balance does not cover this request, which may cost up to 0.04221 usd.',
      })
      expect(error).not.toHaveProperty('retryAfterMs')
      expect(await balance(rig)).toEqual({ posted: '0.01', held: '0' })
    })

    it.each([2e12, Number.MAX_SAFE_INTEGER, 2 ** 53 * 128, Infinity])(
      'refuses a limit of %d tokens, which no balance covers',
      async (maxOutputTokens) => {
        const rig = await rigOf('9000000000')
        const bound = { maxOutputTokens: maxOutputTokens * 1000, stream: false }
        expect(await refused(rig.reserve({ id: 'r1', bound }))).toMatchObject({
          class: 'insufficient_funds',
          status: 429,
          code: 'insufficient_quota',
          retryable: false,
        })
        expect(await balance(rig)).toEqual({ posted: '9000000000', held: '0' })
      },
    )

    it('admits one of two at once, and tells the other to try again', async () => {
      const rig = await rigOf('0.05')
      const results = await Promise.allSettled([rig.reserve({ id: 'r1' }), rig.reserve({ id: 'r2' })])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      const error = await refused(rig.reserve({ id: 'r2' }))
      expect(error).toMatchObject({
        status: 429,
        code: 'insufficient_quota',
        retryAfterMs: expect.any(Number),
      })
    })

    it('answers with the configured status', async () => {
      const rig = await rigOf('0', {}, undefined, { server: { insufficientFunds: 402 } })
      expect(await refused(rig.reserve({ id: 'r1' }))).toMatchObject({
        status: 402,
        code: 'insufficient_quota',
      })
    })

    it('refuses an account nobody created', async () => {
      const rig = await rigOf('1')
      expect(await refused(rig.reserve({ id: 'r1', account: 'bob' }))).toMatchObject({
        class: 'insufficient_funds',
      })
    })

    it.each(['listed', 'half', 'unknown'])('refuses the model %s, which has no full price', async (model) => {
      const rig = await rigOf('1')
      expect(await refused(rig.reserve({ id: 'r1', model }))).toMatchObject({
        status: 503,
        code: 'model_price_missing',
        retryable: false,
      })
      expect(await balance(rig)).toEqual({ posted: '1', held: '0' })
    })

    it('serves a free model with an empty wallet and without one, and lists it', async () => {
      const rig = await rigOf('0')
      for (const account of ['ann', 'bob']) {
        const request = await rig.reserve({ id: `r ${account}`, account, model: 'gratis' })
        const ended = await rig.settle(request, { outcome: 'completed', usage: used })
        expect(ended.peek(charge)).toBe(0n)
      }
      const { items } = await rig.usage.query({}, { limit: 5 })
      expect(items.map((row) => [row['account'], row['cost'], row['outcome']])).toEqual([
        ['bob', '0', 'completed'],
        ['ann', '0', 'completed'],
      ])
      expect(await rig.ledger.audit()).toEqual([])
    })

    it('serves an unpriced model only if told to', async () => {
      const rig = await rigOf('0', { unpriced: 'free' })
      const request = await rig.reserve({ id: 'r1', model: 'listed' })
      await rig.settle(request, { outcome: 'completed', usage: used })
      expect(await balance(rig)).toEqual({ posted: '0', held: '0' })
    })
  })

  describe('settle', () => {
    it('charges what was used, to the nano, once, with its usage row', async () => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1' })
      // 900 × 1 + 100 × 0.1 + 50 × 10 per million
      const end = { outcome: 'completed', usage: used, firstOutputMs: 3 } as const
      const ended = await rig.settle(request, end)
      await rig.settle(request, end)
      expect(formatAmount(ended.peek(charge) ?? -1n)).toBe('0.00141')
      expect(await balance(rig)).toEqual({ posted: '0.99859', held: '0' })
      const { items } = await rig.usage.query({ account: 'ann' }, { limit: 5 })
      expect(items).toHaveLength(1)
      expect(items[0]).toMatchObject({
        requestId: 'r1',
        account: 'ann',
        group: 'standard',
        model: 'm',
        target: 'p/m',
        cost: '0.00141',
        outcome: 'completed',
        usageSource: 'upstream',
        tokens: used.tokens,
        attempts: 1,
        ms: 12,
        firstOutputMs: 3,
      })
    })

    it('charges two groups by their ratios', async () => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1', group: 'vip' })
      await rig.settle(request, { outcome: 'completed', usage: used })
      expect(await balance(rig)).toEqual({ posted: '0.998872', held: '0' })
    })

    it.each<[string, Parameters<Rig['settle']>[1], string, string]>([
      [
        'explicit zeros',
        { outcome: 'completed', usage: { ...used, tokens: { input: 0, output: 0 } } },
        '0',
        'upstream',
      ],
      ['an error before any output', { outcome: 'failed', usage: used }, '0', 'none'],
      [
        'an upstream that died mid-stream',
        { outcome: 'failed', usage: used, firstOutputMs: 9 },
        '0.00141',
        'upstream',
      ],
      [
        'a client that left',
        { outcome: 'aborted', usage: { ...used, source: 'observed' }, firstOutputMs: 9 },
        '0.00141',
        'observed',
      ],
      ['a client that left before anything', { outcome: 'aborted', usage: empty }, '0', 'none'],
      [
        'a stream that was cut',
        { outcome: 'cut', usage: { ...used, source: 'observed' }, firstOutputMs: 9 },
        '0.00141',
        'observed',
      ],
      [
        'numbers of our own',
        { outcome: 'completed', usage: { ...used, source: 'estimated' } },
        '0.00141',
        'estimated',
      ],
    ])('charges %s by the table', async (_, end, cost, source) => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1' })
      const ended = await rig.settle(request, end)
      expect(formatAmount(ended.peek(charge) ?? -1n)).toBe(cost)
      const { items } = await rig.usage.query({}, { limit: 5 })
      expect(items).toMatchObject([{ requestId: 'r1', cost, usageSource: source, outcome: end.outcome }])
      expect((await balance(rig)).held).toBe('0')
      expect(await rig.ledger.audit()).toEqual([])
    })

    it('never charges an estimate beyond its hold, but a report of the upstream', async () => {
      const rig = await rigOf('1')
      const many = { tokens: { output: 50_000 }, final: true } as const
      const first = await rig.reserve({ id: 'r1' })
      await rig.settle(first, { outcome: 'completed', usage: { ...many, source: 'estimated' } })
      expect(await balance(rig)).toEqual({ posted: '0.95779', held: '0' })
      const second = await rig.reserve({ id: 'r2' })
      await rig.settle(second, { outcome: 'completed', usage: { ...many, source: 'upstream' } })
      expect(await balance(rig)).toEqual({ posted: '0.45779', held: '0' })
    })

    it('charges the hold where a report costs more than the ledger can count', async () => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1' })
      const absurd: Usage = { tokens: { output: 2 ** 52 }, source: 'upstream', final: true }
      expect(rig.observe(request, absurd)).toBe('stop')
      await rig.settle(request, { outcome: 'completed', usage: absurd, firstOutputMs: 1 })
      expect(await balance(rig)).toEqual({ posted: '0.95779', held: '0' })
      expect(rig.logs().join()).toContain('more than the ledger can count')
    })

    it('charges nothing for what was refused here, and keeps no row of it', async () => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1' })
      const ended = await rig.settle(request, { outcome: 'refused', attempts: 0 })
      expect(ended.peek(charge)).toBe(0n)
      expect(await balance(rig)).toEqual({ posted: '1', held: '0' })
      expect((await rig.usage.query({}, { limit: 5 })).items).toEqual([])
    })

    it('leaves alone what never got to a hold', async () => {
      const rig = await rigOf('1')
      const ended = await rig.settle(requestOf({ id: 'r1' }), { outcome: 'refused', attempts: 0 })
      expect(ended.peek(charge)).toBeUndefined()
      expect(await balance(rig)).toEqual({ posted: '1', held: '0' })
    })

    it('gives back a hold that was granted after its deadline', async () => {
      let release = (): void => {}
      const gate = new Promise<void>((resolve) => (release = resolve))
      const rig = await rigOf('1', {}, (ledger) => ({
        ...ledger,
        async reserve(hold) {
          await gate
          return ledger.reserve(hold)
        },
      }))
      const { request, done } = rig.start({ id: 'r1' })
      // Core has given the hook up and settles while the store still thinks.
      const settled = rig.settle(request, { outcome: 'refused', attempts: 0 })
      release()
      await Promise.all([done, settled])
      expect(await balance(rig)).toEqual({ posted: '1', held: '0' })
    })

    it('gives back a hold that was made although the store failed to say so', async () => {
      let down = false
      const voided: string[] = []
      const rig = await rigOf('1', {}, (ledger) => ({
        ...ledger,
        async reserve(hold) {
          await ledger.reserve(hold)
          throw new Error('the connection was lost after the commit')
        },
        async void(id, reason) {
          voided.push(id)
          if (down) throw new Error('still lost')
          await ledger.void(id, reason)
        },
      }))
      const first = rig.start({ id: 'r1' })
      await expect(first.done).rejects.toThrow('the connection was lost')
      expect(await balance(rig)).toEqual({ posted: '1', held: '0.04221' })
      await rig.settle(first.request, { outcome: 'refused', attempts: 0 })
      expect(await balance(rig)).toEqual({ posted: '1', held: '0' })
      // Where that fails too, the sweep gives it back in its time: a store that is away is not asked again and again.
      down = true
      const second = rig.start({ id: 'r2' })
      await expect(second.done).rejects.toThrow('the connection was lost')
      await rig.settle(second.request, { outcome: 'refused', attempts: 0 })
      expect(voided).toEqual(['r1', 'r2'])
    })
  })

  describe('observe', () => {
    const running = (output: number): Usage => ({
      tokens: { input: 1000, output },
      source: 'observed',
      final: false,
    })

    it('extends at 80 % of the hold, once at a time', async () => {
      const rig = await rigOf('1')
      const request = await rig.reserve({ id: 'r1' })
      expect(rig.observe(request, running(3200))).toBeUndefined()
      await rig.idle()
      expect((await balance(rig)).held).toBe('0.04221')
      // 0.001 + 0.033 is above 80 % of 0.04221.
      expect(rig.observe(request, running(3300))).toBeUndefined()
      expect(rig.observe(request, running(3400))).toBeUndefined()
      await rig.idle()
      expect((await balance(rig)).held).toBe('0.08442')
      expect(await rig.ledger.open('local')).toMatchObject([{ observed: parseAmount('0.034') }])
    })

    it('ends the stream when there is no more money, and charges what ran', async () => {
      const rig = await rigOf('0.05')
      const request = await rig.reserve({ id: 'r1' })
      expect(rig.observe(request, running(3500))).toBeUndefined()
      await rig.idle()
      expect(rig.observe(request, running(3510))).toBe('stop')
      await rig.settle(request, {
        outcome: 'cut',
        usage: { ...running(3520), final: true },
        firstOutputMs: 1,
      })
      expect(await balance(rig)).toEqual({ posted: '0.0138', held: '0' })
    })

    it('goes on while the store is away, but not beyond the hold', async () => {
      const rig = await rigOf('1', {}, (ledger) => ({
        ...ledger,
        extend: async () => Promise.reject(new Error('the store is away')),
      }))
      const request = await rig.reserve({ id: 'r1' })
      rig.observe(request, running(3500))
      await rig.idle()
      expect(rig.logs()).toContain('a hold could not be extended')
      expect(rig.observe(request, running(3600))).toBeUndefined()
      await rig.idle()
      expect(rig.observe(request, running(4300))).toBe('stop')
    })

    it('never stops what is free', async () => {
      const rig = await rigOf('0')
      const request = await rig.reserve({ id: 'r1', model: 'gratis' })
      expect(rig.observe(request, running(1_000_000))).toBeUndefined()
    })
  })

  describe('after a crash', () => {
    it.each<[BillLedgerOptions['onCrash'], string, readonly unknown[]]>([
      ['charge-observed', '0.97', ['0.03', '0']],
      ['charge-hold', '0.75', ['0.15', '0.1']],
      ['void', '1', []],
    ])('resolves open holds by %s', async (onCrash, posted, costs) => {
      const plugin = store()
      const before = await createRig(plugin, config)
      await before.ledger.createAccount({ id: 'ann', wallets: [{ asset: 'usd', overdraft: 0n }] })
      await credit(before, '1', 'start')
      const hold = (id: string, sent: boolean): Parameters<LedgerStore['reserve']>[0] => ({
        id,
        account: 'ann',
        wallets: [],
        asset: 'usd',
        amount: parseAmount('0.1'),
        budgets: [],
        priceVersion: 'v',
        ratioPpm: 1_000_000n,
        instance: 'local',
        epoch: 1,
        sent,
        expiresAt: Date.now() + 60_000,
      })
      await before.ledger.reserve(hold('unsent', false))
      await before.ledger.reserve(hold('sent', true))
      await before.ledger.reserve(hold('streaming', true))
      await before.ledger.extend('streaming', parseAmount('0.05'), parseAmount('0.03'))
      await before.ledger.reserve({ ...hold('elsewhere', true), instance: 'other' })
      const mine = await before.reserve({ id: 'running' })

      const after = await createRig(plugin, config, { ...(onCrash && { onCrash }) })
      rigs.push(after)
      expect((await after.ledger.open('local')).map(({ id }) => id)).toEqual(['running'])
      expect(await after.ledger.open('other')).toHaveLength(1)
      await before.settle(mine, { outcome: 'failed' })
      await after.ledger.void('elsewhere', 'test')
      expect(await balance(after)).toEqual({ posted, held: '0' })
      const { items } = await after.usage.query({ outcome: 'recovered' }, { limit: 9 })
      expect(items.map((row) => row['cost'])).toEqual(costs)
      expect(items.every((row) => row['usageSource'] === 'recovered')).toBe(true)
      expect(await after.ledger.audit()).toEqual([])
    })

    it('sweeps holds whose time is over', async () => {
      const rig = await rigOf('1', { holdTtlMs: 1000, sweepMs: 100 })
      await rig.reserve({ id: 'r1' })
      await expect.poll(async () => (await balance(rig)).held, { timeout: 4000 }).toBe('0')
      expect(rig.logs()).toContain('holds expired without a settlement')
    })
  })
})

it('reports wrong options with their path', () => {
  const wrong: object = { unpriced: 'maybe', streamOutputTokens: 0, price: 1 }
  const paths = bootNotes(billLedger(wrong)).problems.map(({ path }) => path)
  expect(paths).toEqual(['bill-ledger.unpriced', 'bill-ledger.streamOutputTokens', 'bill-ledger'])
})

async function credit(rig: Rig, dollars: string, reference: string): Promise<void> {
  const amount = parseAmount(dollars)
  await rig.ledger.transfer({ account: 'ann', asset: 'usd', amount, counterAccount: 'cash:usd', reference })
}

async function balance(rig: Rig): Promise<{ posted: string; held: string }> {
  const [wallet] = await rig.ledger.balance('ann')
  return { posted: formatAmount(wallet?.posted ?? -1n), held: formatAmount(wallet?.held ?? -1n) }
}

async function refused(work: Promise<unknown>): Promise<GatewayError['data'] | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (GatewayError.is(error)) return error.data
    throw error
  }
}
