import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { available, type HoldEvent, type HoldView, transition } from './hold.ts'
import { inFlightRetryMs, reserveFrom } from './reserve.ts'

const open: HoldView = {
  state: 'open',
  amount: 40n,
  sent: false,
  observed: 0n,
  charged: false,
  wallet: { posted: 100n, held: 50n, overdraft: 0n },
  budgets: [{ cap: 60n, spent: 5n, held: 40n }],
}

describe('transition', () => {
  it('settles below the hold and gives the rest back', () => {
    const { view, posting } = transition(open, { type: 'settle', amount: 30n })
    expect(view).toMatchObject({ state: 'posted', wallet: { posted: 70n, held: 10n } })
    expect(view.budgets).toEqual([{ cap: 60n, spent: 35n, held: 0n }])
    expect(posting).toEqual({ kind: 'charge', charged: 30n, writtenOff: 0n })
  })

  it('writes off what hold and wallet together cannot cover', () => {
    const { view, posting } = transition(open, { type: 'settle', amount: 200n })
    expect(posting).toEqual({ kind: 'charge', charged: 90n, writtenOff: 110n })
    expect(available(view.wallet)).toBe(0n)
  })

  it('extends within wallet and budgets, and remembers what was observed', () => {
    const extended = transition(open, { type: 'extend', by: 15n, observed: 33n })
    expect(extended.view).toMatchObject({ amount: 55n, observed: 33n, wallet: { held: 65n } })
    expect(transition(open, { type: 'extend', by: 16n }).changed).toBe(false)
    expect(transition({ ...open, budgets: [] }, { type: 'extend', by: 51n }).changed).toBe(false)
  })

  it('charges an expired hold late, once, from what is there', () => {
    const expired = transition(open, { type: 'expire' }).view
    expect(expired).toMatchObject({ state: 'expired', wallet: { posted: 100n, held: 10n } })
    const late = transition(expired, { type: 'settle', amount: 95n })
    expect(late.posting).toEqual({ kind: 'late', charged: 90n, writtenOff: 5n })
    expect(late.view.state).toBe('expired')
    expect(transition(late.view, { type: 'settle', amount: 1n }).changed).toBe(false)
  })

  it('refuses negative amounts', () => {
    expect(() => transition(open, { type: 'settle', amount: -1n })).toThrow(RangeError)
    expect(() => transition(open, { type: 'extend', by: -1n })).toThrow(RangeError)
  })

  it('laws: the floor holds, at most one posting, ended holds hold nothing', () => {
    const event: fc.Arbitrary<HoldEvent> = fc.oneof(
      fc.record({ type: fc.constant('sent' as const) }),
      fc.record({ type: fc.constant('extend' as const), by: fc.bigInt(0n, 80n) }),
      fc.record({ type: fc.constant('settle' as const), amount: fc.bigInt(0n, 300n) }),
      fc.record({ type: fc.constant('void' as const) }),
      fc.record({ type: fc.constant('expire' as const) }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        let view = open
        let postings = 0n
        let paid = 0n
        for (const next of events) {
          const step = transition(view, next)
          expect(step.changed || step.view === view).toBe(true)
          if (step.posting) {
            postings++
            paid += step.posting.charged
          }
          const asked = step.posting && next.type === 'settle' ? next.amount : 0n
          expect((step.posting?.charged ?? 0n) + (step.posting?.writtenOff ?? 0n)).toBe(asked)
          view = step.view
          expect(available(view.wallet) >= 0n).toBe(true)
          // 10 nano are held by others all the time.
          expect(view.wallet.held).toBe(10n + (view.state === 'open' ? view.amount : 0n))
          expect(view.wallet.posted).toBe(100n - paid)
        }
        expect(postings <= 1n).toBe(true)
      }),
    )
  })
})

describe('reserveFrom', () => {
  const wallet = { id: 'a:usd', posted: 100n, held: 0n, overdraft: 0n }
  const budget = { kind: 'key', cap: 50n, spent: 0n, held: 0n }

  it('pins the first wallet that covers the whole amount', () => {
    const wallets = [{ ...wallet, id: 'promo', posted: 5n }, wallet]
    expect(reserveFrom(wallets, [], 5n)).toEqual({ ok: true, wallet: 'promo' })
    expect(reserveFrom(wallets, [], 6n)).toEqual({ ok: true, wallet: 'a:usd' })
    expect(reserveFrom([{ ...wallet, overdraft: 20n }], [], 120n)).toMatchObject({ ok: true })
  })

  it('names what is short, lasting shortages first', () => {
    const inFlight = { ok: false, limit: 'in_flight', retryAfterMs: inFlightRetryMs }
    expect(reserveFrom([], [], 0n)).toEqual({ ok: false, limit: 'wallet' })
    expect(reserveFrom([wallet], [], 101n)).toEqual({ ok: false, limit: 'wallet' })
    expect(reserveFrom([{ ...wallet, held: 1n }], [], 100n)).toEqual(inFlight)
    expect(reserveFrom([wallet], [budget], 51n)).toEqual({ ok: false, limit: 'key' })
    expect(reserveFrom([wallet], [{ ...budget, held: 10n }], 41n)).toEqual(inFlight)
    expect(reserveFrom([{ ...wallet, posted: 1n }], [{ ...budget, held: 10n }], 41n)).toEqual({
      ok: false,
      limit: 'wallet',
    })
    expect(reserveFrom([wallet], [{ ...budget, kind: 'month', cap: 1n }], 2n)).toEqual({
      ok: false,
      limit: 'plan',
    })
  })
})
