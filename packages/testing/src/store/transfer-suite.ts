import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import { expectBalance, fund, holdOf, type StoreSubject } from './subject.ts'

/** Accounts and transfers, in any ledger. */
export function transferSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('accounts and transfers', () => {
    const entry = {
      account: 'ann',
      asset: 'usd',
      amount: 700n,
      counterAccount: 'cash:usd',
      reference: 'invoice 7',
    }

    it('creates an account once, with a wallet in each asset', async () => {
      const { ledger } = store()
      const account = {
        id: 'ann',
        wallets: [
          { asset: 'usd', overdraft: 0n },
          { asset: 'spark', overdraft: 5n },
        ],
      }
      await ledger.createAccount(account)
      await ledger.transfer(entry)
      await ledger.createAccount(account)
      expect(await ledger.balance('ann')).toEqual([
        { wallet: 'ann:spark', asset: 'spark', posted: 0n, held: 0n },
        { wallet: 'ann:usd', asset: 'usd', posted: 700n, held: 0n },
      ])
      expect(await ledger.balance('bob')).toEqual([])
      await fund(ledger, 0n, { account: 'bob' })
      if (!ledger.accounts) return
      expect(await ledger.accounts({ limit: 1 })).toEqual({ items: ['ann'], next: 'ann' })
      expect(await ledger.accounts({ limit: 1, after: 'ann' })).toEqual({ items: ['bob'] })
    })

    it('never changes an overdraft without a word, and adds a wallet in another asset', async () => {
      const { ledger } = store()
      await fund(ledger, 10n, { overdraft: 5n })
      const create = (overdraft: bigint, asset = 'usd'): Promise<void> =>
        Promise.resolve(ledger.createAccount({ id: 'ann', wallets: [{ asset, overdraft }] }))
      for (const overdraft of [0n, 6n]) {
        await expect(create(overdraft)).rejects.toMatchObject({
          data: { class: 'conflict', code: 'wallet_exists' },
        })
      }
      await expect(create(5n)).resolves.toBeUndefined()
      await expect(create(0n, 'spark')).resolves.toBeUndefined()
      // Down to the overdraft it was created with.
      await ledger.transfer({ ...entry, amount: -15n })
      await expectBalance(ledger, { posted: -5n, held: 0n })
      await expect(
        Promise.resolve(ledger.transfer({ ...entry, amount: -1n, reference: 'b' })),
      ).rejects.toThrow()
    })

    it('moves money once for each reference', async () => {
      const { ledger } = store()
      await fund(ledger, 0n)
      await Promise.all([ledger.transfer(entry), ledger.transfer(entry), ledger.transfer(entry)])
      await expectBalance(ledger, { posted: 700n, held: 0n })
      for (const change of [{ amount: 701n }, { counterAccount: 'promo:usd' }, { account: 'bob' }]) {
        await expect(Promise.resolve(ledger.transfer({ ...entry, ...change }))).rejects.toMatchObject({
          data: { class: 'conflict', code: 'reference_reused' },
        })
      }
      await expectBalance(ledger, { posted: 700n, held: 0n })
    })

    it('debits down to the overdraft and not into what is held', async () => {
      const { ledger } = store()
      await fund(ledger, 100n, { overdraft: 20n })
      expect(await ledger.reserve(holdOf('r1', { amount: 50n }))).toMatchObject({ ok: true })
      const debit = { ...entry, amount: -71n, reference: 'debit' }
      await expect(Promise.resolve(ledger.transfer(debit))).rejects.toMatchObject({
        data: { class: 'insufficient_funds' },
      })
      await ledger.transfer({ ...debit, amount: -70n })
      await expectBalance(ledger, { posted: 30n, held: 50n })
    })

    it('keeps amounts beyond 2^53 exact and refuses those beyond 64 bits', async () => {
      const { ledger } = store()
      await fund(ledger, 0n)
      const most = 2n ** 63n - 1n
      await ledger.transfer({ ...entry, amount: most - 1n })
      await ledger.transfer({ ...entry, amount: 1n, reference: 'one more' })
      await expectBalance(ledger, { posted: most, held: 0n })
      await expect(
        Promise.resolve(ledger.transfer({ ...entry, amount: 1n, reference: 'too many' })),
      ).rejects.toMatchObject({ data: { class: 'invalid_request' } })
      await expectBalance(ledger, { posted: most, held: 0n })
    })

    for (const [what, change, errorClass] of [
      ['an account without a wallet', { account: 'bob' }, 'not_found'],
      ['an asset without a wallet', { asset: 'cny', counterAccount: 'cash:cny' }, 'not_found'],
      ['nothing', { amount: 0n }, 'invalid_request'],
      ['a counter account of another asset', { counterAccount: 'cash:cny' }, 'invalid_request'],
      ['no reference', { reference: '' }, 'invalid_request'],
    ] as const) {
      it(`refuses to move ${what}`, async () => {
        const { ledger } = store()
        await fund(ledger, 0n)
        await expect(Promise.resolve(ledger.transfer({ ...entry, ...change }))).rejects.toMatchObject({
          data: { class: errorClass },
        })
        await expectBalance(ledger, { posted: 0n, held: 0n })
      })
    }

    for (const [what, account] of [
      ['a wrong asset', { id: 'eve', wallets: [{ asset: 'US:D', overdraft: 0n }] }],
      ['no id', { id: '', wallets: [] }],
      ['a negative overdraft', { id: 'eve', wallets: [{ asset: 'usd', overdraft: -1n }] }],
    ] as const) {
      it(`refuses an account with ${what}`, async () => {
        const { ledger } = store()
        await expect(Promise.resolve(ledger.createAccount(account))).rejects.toMatchObject({
          data: { class: 'invalid_request' },
        })
        if (ledger.accounts) expect(await ledger.accounts({ limit: 10 })).toEqual({ items: [] })
      })
    }
  })
}
