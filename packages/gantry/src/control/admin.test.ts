import { authKeys } from '@gantry/auth-keys'
import { type AnyPlugin, GatewayError, type Host, type LedgerStore, type Slots } from '@gantry/core'
import memory from '@gantry/store-memory'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Admin, createAdmin } from './admin.ts'

let admin: Admin
let ledger: LedgerStore | undefined

beforeEach(async () => {
  const store = memory()
  ledger = store.provides.ledger[0]
  admin = await adminOf([authKeys({ pepper: 'a pepper for these tests' })], store)
})

describe('keys', () => {
  it('are made, listed without their secret, and revoked', async () => {
    const made = await admin.run('keys.create', {
      account: 'acme',
      group: 'vip',
      name: 'laptop',
      expiresAt: 4e12,
    })
    expect(made.secret).toMatch(/^sk-gantry_[0-9A-Za-z]{38}$/)
    expect(made.withoutWallet).toBe(true)
    const { items } = await admin.run('keys.list', {})
    expect(items).toEqual([made.record])
    expect(JSON.stringify(items)).not.toContain(made.secret.slice(10, 30))
    expect(await admin.run('keys.revoke', { id: made.record.id })).toEqual({ revoked: true })
    expect((await admin.run('keys.list', {})).items).toEqual([{ ...made.record, disabled: true }])
    expect(await admin.run('keys.revoke', { id: 'key_none' })).toEqual({ revoked: false })
  })

  it('take the default group where none is named, and refuse an unknown one', async () => {
    const made = await admin.run('keys.create', { account: 'acme' })
    expect(made.record.group).toBe('standard')
    await expect(admin.run('keys.create', { account: 'acme', group: 'vpi' })).rejects.toThrow(
      'Did you mean "vip"?',
    )
  })

  it('are listed page by page', async () => {
    for (let count = 0; count < 5; count++) await admin.run('keys.create', { account: `a${count}` })
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await admin.run('keys.list', { after, limit: 2 })
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map((key) => key.account))
      after = page.next
    } while (after !== undefined)
    expect(seen.toSorted()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
  })
})

describe('accounts', () => {
  it('hold decimal amounts, exact to the nano, and one transfer for one reference', async () => {
    expect(await admin.run('accounts.create', { account: 'acme', assets: ['usd', 'cny'] })).toEqual({
      account: 'acme',
      balances: expect.arrayContaining([
        { asset: 'usd', posted: '0', held: '0' },
        { asset: 'cny', posted: '0', held: '0' },
      ]),
    })
    const credit = { account: 'acme', asset: 'usd', amount: '12.000000001', reference: 'r1' }
    await admin.run('accounts.transfer', credit)
    await admin.run('accounts.transfer', credit)
    await admin.run('accounts.transfer', { ...credit, amount: '-2', reference: 'r2' })
    const { items } = await admin.run('accounts.list', {})
    expect(items).toHaveLength(1)
    expect(items[0]?.balances).toContainEqual({ asset: 'usd', posted: '10.000000001', held: '0' })
    expect(await ledger?.audit()).toEqual([])
  })

  it('refuse a debit they do not cover, another transfer of the same reference, and odd amounts', async () => {
    await admin.run('accounts.create', { account: 'acme', assets: ['usd'] })
    const debit = { account: 'acme', asset: 'usd', amount: '-1', reference: 'r1' }
    await expect(admin.run('accounts.transfer', debit)).rejects.toThrow('does not cover')
    await admin.run('accounts.transfer', { ...debit, amount: '5' })
    await expect(admin.run('accounts.transfer', { ...debit, amount: '6' })).rejects.toThrow(
      'already names another',
    )
    for (const amount of ['1e3', '0x1', '1.0000000001', '', 'ten', '1,5', '0']) {
      expect(
        await failure(admin.run('accounts.transfer', { ...debit, amount, reference: 'r3' })),
      ).toMatchObject({
        class: 'invalid_request',
        param: '/amount',
      })
    }
    await expect(
      admin.run('accounts.transfer', { ...debit, account: 'nobody', reference: 'r4' }),
    ).rejects.toThrow('nobody')
  })

  it('take no id that the ledger uses itself', async () => {
    for (const account of ['revenue:usd', '', '../x', 'a b', '-x', 'x'.repeat(129)]) {
      expect(await failure(admin.run('accounts.create', { account, assets: ['usd'] }))).toMatchObject({
        class: 'invalid_request',
        param: '/account',
      })
    }
  })

  it('say what is missing without a store', async () => {
    const bare = await adminOf([], undefined)
    await expect(bare.run('accounts.list', {})).rejects.toThrow('No store holds accounts.')
    await expect(bare.run('keys.create', { account: 'a' })).rejects.toThrow('No installed plugin makes keys.')
  })
})

describe('what comes over the socket', () => {
  it('is checked: unknown commands, fields and types', async () => {
    await expect(admin.handle('keys.steal', {})).rejects.toThrow('There is no command "keys.steal".')
    await expect(admin.handle('constructor', {})).rejects.toThrow('There is no command')
    for (const input of [null, [], 'x', { account: 1 }, { account: 'a', extra: true }]) {
      expect(await failure(admin.handle('keys.create', input))).toMatchObject({ class: 'invalid_request' })
    }
    expect(await admin.handle('status', {})).toMatchObject({ pid: process.pid })
  })
})

async function adminOf(
  plugins: readonly AnyPlugin[],
  store: ReturnType<typeof memory> | undefined,
): Promise<Admin> {
  const host = hostOf(plugins, store)
  for (const plugin of plugins) await plugin.setup?.(host)
  return createAdmin({ host })
}

function hostOf(plugins: readonly AnyPlugin[], store: ReturnType<typeof memory> | undefined): Host {
  const slots: { readonly [S in keyof Slots]?: readonly Slots[S][] } = store?.provides ?? {}
  const all = <S extends keyof Slots>(slot: S): readonly Slots[S][] => slots[slot] ?? []
  return {
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    config: {
      plugins,
      providers: {},
      models: {},
      groups: { standard: { models: ['*'] }, vip: { models: ['*'] } },
      defaultGroup: 'standard',
    },
    all,
    use(slot) {
      const [first] = all(slot)
      if (!first) throw new Error(`nothing provides ${slot}`)
      return first
    },
    price: () => [],
    task() {},
  }
}

async function failure(attempt: Promise<unknown>): Promise<unknown> {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return GatewayError.is(error) ? error.data : error
}
