import { ConfigError, GatewayError } from '@gantry/core'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectBalance, fund, holdOf, openStore, settlementOf, type StoreSubject } from '@gantry/testing'
import { sqlite, storeFileOf } from './index.ts'
import { checkSqliteVersion } from './open.ts'

let folder = ''
let path = ''
let open: StoreSubject[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-sqlite-'))
  path = join(folder, 'data', 'gateway.db')
})

afterEach(async () => {
  for (const store of open) await store.close()
  open = []
  rmSync(folder, { recursive: true })
})

describe('the file', () => {
  it('is private, with a private folder, and survives a restart', async () => {
    const first = await store()
    await fund(first.ledger, 500n)
    await first.ledger.reserve(holdOf('r1'))
    expect(mode(join(folder, 'data'))).toBe(0o700)
    for (const suffix of ['', '-wal', '-shm', '-lock']) expect(mode(`${path}${suffix}`)).toBe(0o600)
    await first.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
    const second = await store()
    await second.ledger.settle(settlementOf('r1', 70n))
    await expectBalance(second.ledger, { posted: 430n, held: 0n })
  })

  it('has one writer; the second is told so, and may follow when the first is gone', async () => {
    const first = await store()
    await expect(openStore(sqlite(path))).rejects.toSatisfy(ConfigError.is)
    await expect(openStore(sqlite(path))).rejects.toThrow(/in use by another gateway.*\[STORE_LOCKED\]/)
    await first.close()
    await expect(store()).resolves.toBeDefined()
  })

  it(
    'has one writer across processes, and a killed one leaves no lock behind',
    { timeout: 60_000 },
    async () => {
      const first = await store()
      const script = `import { sqlite } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
      const plugin = sqlite(${JSON.stringify(path)})
      try { plugin.setup({}) } catch (error) { console.log(error.problems[0].code); process.exit(0) }
      console.log('open'); process.kill(process.pid, 'SIGKILL')`
      const run = (): string =>
        spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim()
      expect(run()).toBe('STORE_LOCKED')
      await first.close()
      expect(run()).toBe('open')
      await expect(store()).resolves.toBeDefined()
    },
  )

  it('has one writer also where one of two names is a symbolic link', async () => {
    const first = await store()
    const link = join(folder, 'link.db')
    symlinkSync(path, link)
    await expect(openStore(sqlite(link))).rejects.toThrow(/\[STORE_LOCKED\]/)
    await first.close()
    const second = await openStore(sqlite(link))
    await expect(store()).rejects.toThrow(/\[STORE_LOCKED\]/)
    await second.close()
  })

  it('has one writer where a link is older than the file it names', async () => {
    mkdirSync(join(folder, 'data'))
    const link = join(folder, 'link.db')
    symlinkSync(path, link)
    const first = await openStore(sqlite(link))
    await expect(store()).rejects.toThrow(/\[STORE_LOCKED\]/)
    await first.close()
  })

  it('is read without the lock beside a gateway, and what is written shows at once', async () => {
    const writer = await store()
    await fund(writer.ledger, 500n)
    // Without `setup`, as a reading command of the CLI uses it.
    const plugin = sqlite(path)
    expect(await plugin.provides.ledger[0]?.balance('ann')).toMatchObject([{ posted: 500n }])
    await fund(writer.ledger, 7n, { account: 'bob' })
    expect(await plugin.provides.ledger[0]?.accounts?.({ limit: 9 })).toEqual({ items: ['ann', 'bob'] })
    // Its first write wants the lock.
    await expect(Promise.resolve(plugin.provides.keys[0]?.revoke('k'))).rejects.toThrow('STORE_LOCKED')
    await plugin.close?.()
  })

  it('is made by the first read of whoever may write', async () => {
    // Plugins that use a store may be set up before it is.
    const plugin = sqlite(path)
    expect(await plugin.provides.ledger[0]?.open('local')).toEqual([])
    await openStore(plugin)
    expect(await plugin.provides.ledger[0]?.accounts?.({ limit: 1 })).toEqual({ items: [] })
    await plugin.close?.()
  })

  it('is never written when it is opened for reading', async () => {
    const writer = await store()
    await writer.close()
    const reader = await openStore(sqlite(path, { readonly: true }))
    open.push(reader)
    expect(await reader.keys.list({ limit: 1 })).toEqual({ items: [] })
    await expect(Promise.resolve(reader.keys.revoke('k'))).rejects.toThrow('for reading only')
    await expect(store()).resolves.toBeDefined()
  })

  it('says what is wrong with a file that is missing, is none of ours, or is too new', async () => {
    const reader = sqlite(path, { readonly: true })
    expect(() => reader.provides.ledger[0]?.balance('ann')).toThrow(/is missing.*\[STORE_NOT_READY\]/)
    expect(existsSync(path)).toBe(false)
    const junk = join(folder, 'junk.db')
    writeFileSync(junk, 'this is not a database'.repeat(400))
    await expect(openStore(sqlite(junk))).rejects.toThrow(/junk\.db cannot be opened: .*not a database/)
    const writer = await store()
    await writer.close()
    const db = new DatabaseSync(path)
    db.exec("insert into migration values (999, 'from the future', 0)")
    db.close()
    await expect(openStore(sqlite(path))).rejects.toThrow('STORE_TOO_NEW')
    expect(() => sqlite(path).provides.ledger[0]?.balance('ann')).toThrow('STORE_TOO_NEW')
  })

  it('refuses an SQLite that corrupts its file', () => {
    for (const bad of ['3.51.2', '3.50.9', '2.99.99', undefined]) {
      expect(() => checkSqliteVersion(bad)).toThrow('SQLITE_TOO_OLD')
    }
    for (const good of ['3.51.3', '3.52.0', '4.0.0']) expect(checkSqliteVersion(good)).toBeUndefined()
  })

  it('knows where it is, for those who want to be beside it', () => {
    expect(storeFileOf(sqlite(path))).toBe(path)
    expect(storeFileOf({ name: 'other' })).toBeUndefined()
  })
})

describe('group commit', () => {
  it('commits what one turn brings together, each result its own', async () => {
    const { ledger } = await store()
    await fund(ledger, 100_000n)
    const before = commits()
    const results = await Promise.all(
      Array.from({ length: 400 }, (_, index) => ledger.reserve(holdOf(`r${index}`, { amount: 300n }))),
    )
    expect(results.filter(({ ok }) => ok)).toHaveLength(333)
    expect(commits() - before).toBe(1)
    await expectBalance(ledger, { posted: 100_000n, held: 99_900n })
  })

  it('takes 500 a commit, and the rest in the next turn', async () => {
    const { ledger } = await store()
    await fund(ledger, 100_000n)
    const before = commits()
    await Promise.all(
      Array.from({ length: 1200 }, (_, index) => ledger.reserve(holdOf(`r${index}`, { amount: 1n }))),
    )
    expect(commits() - before).toBe(3)
    await expectBalance(ledger, { posted: 100_000n, held: 1200n })
  })

  it('rests after a commit, so that what comes one by one right after it shares the next', async () => {
    const { ledger } = await store()
    await fund(ledger, 100_000n)
    const before = commits()
    const reserved: unknown[] = []
    for (let index = 0; index < 40; index++) {
      reserved.push(ledger.reserve(holdOf(`r${index}`, { amount: 1n })))
      // Each in a turn of the event loop of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(reserved)
    expect(commits() - before).toBeLessThan(20)
    await expectBalance(ledger, { posted: 100_000n, held: 40n })
  })

  it('saves the others when one operation of a batch fails', async () => {
    const { ledger, keys } = await store()
    await fund(ledger, 1000n)
    const results = await Promise.allSettled([
      ledger.reserve(holdOf('r1')),
      ledger.settle(settlementOf('ghost', 1n)),
      ledger.reserve(holdOf('r2')),
      keys.create({ id: 'k1', account: 'ann', group: 'g', disabled: false }, 'h'),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    await expectBalance(ledger, { posted: 1000n, held: 200n })
    expect(await keys.find('h')).toMatchObject({ id: 'k1' })
  })

  it('costs the others no commit of their own when some operations fail', async () => {
    const { ledger } = await store()
    await fund(ledger, 100_000n)
    const before = commits()
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) =>
        index % 30 === 7
          ? ledger.settle(settlementOf(`ghost${index}`, 1n))
          : ledger.reserve(holdOf(`r${index}`, { amount: 1n })),
      ),
    )
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(10)
    expect(commits() - before).toBeLessThanOrEqual(2)
    await expectBalance(ledger, { posted: 100_000n, held: 290n })
  })

  it('judges an operation that failed beside others by what was really kept', async () => {
    const { keys } = await store()
    const record = { id: 'k1', account: 'ann', group: 'g', disabled: false }
    const results = await Promise.allSettled([keys.create(record, 'h1'), keys.create(record, 'h2')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await keys.find('h1')).toMatchObject({ id: 'k1' })
    expect(await keys.find('h2')).toBeUndefined()
  })

  it('shows this process its own writes before they are committed', async () => {
    const { ledger } = await store()
    await fund(ledger, 1000n)
    const reserved = ledger.reserve(holdOf('r1'))
    expect(await ledger.balance('ann')).toMatchObject([{ held: 100n }])
    await reserved
  })

  it('commits what is pending when it closes', async () => {
    const first = await store()
    await fund(first.ledger, 1000n)
    const pending = first.ledger.reserve(holdOf('r1'))
    await first.close()
    expect(await pending).toMatchObject({ ok: true })
    const second = await store()
    await expectBalance(second.ledger, { posted: 1000n, held: 100n })
  })

  it('answers 503 while the file is busy, and works again after', async () => {
    const { ledger } = await store({ timeoutMs: 10 })
    await fund(ledger, 1000n)
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    const refused = await Promise.resolve(ledger.reserve(holdOf('r1'))).catch((error: unknown) => error)
    expect(GatewayError.is(refused) && refused.data).toMatchObject({ status: 503, code: 'store_unavailable' })
    other.exec('rollback')
    other.close()
    expect(await ledger.reserve(holdOf('r1'))).toMatchObject({ ok: true })
  })
})

describe('audit', () => {
  it.each([
    ['I1', 'update wallet set posted = posted + 1'],
    ['I2', 'update wallet set held = held + 1'],
    ['I4', "update hold set state = 1 where id = 'open'"],
    ['I5', 'update usage set cost = cost + 1'],
    ['I6', 'update budget set held = held + 1'],
    ['I7', "update hold set expires_at = 1 where id = 'open'"],
    ['I8', "update entry set counter_account = 'cash:cny' where kind = 'transfer'"],
  ])('finds a broken %s', async (invariant, damage) => {
    const { ledger } = await store()
    await fund(ledger, 1000n)
    const budgets = [{ kind: 'key', id: 'k1', periodStart: 0, cap: 900n }]
    await ledger.reserve(holdOf('open', { budgets }))
    await ledger.reserve(holdOf('done'))
    await ledger.settle(settlementOf('done', 40n))
    expect(await ledger.audit()).toEqual([])
    const db = new DatabaseSync(path)
    db.exec(damage)
    db.close()
    expect((await ledger.audit()).map((row) => row.invariant)).toContain(invariant)
  })

  it('cannot be made to find I3: the table itself refuses', async () => {
    const { ledger } = await store()
    await fund(ledger, 1000n)
    const db = new DatabaseSync(path)
    expect(() => db.exec('update wallet set posted = -1')).toThrow('CHECK constraint failed')
    db.close()
  })
})

async function store(options?: Parameters<typeof sqlite>[1]): Promise<StoreSubject> {
  const opened = await openStore(sqlite(path, options))
  open.push(opened)
  return opened
}

/** Commits in the write-ahead log so far. */
function commits(): number {
  const bytes = readFileSync(`${path}-wal`)
  const pageSize = bytes.readUInt32BE(8)
  const salt = bytes.readUInt32BE(16)
  let found = 0
  for (let at = 32; at + 24 + pageSize <= bytes.byteLength; at += 24 + pageSize) {
    // Second word of a frame's header: the size of the database after a commit, 0 in any other frame.
    if (bytes.readUInt32BE(at + 8) === salt && bytes.readUInt32BE(at + 4) > 0) found++
  }
  return found
}

function mode(file: string): number {
  return statSync(file).mode & 0o777
}
