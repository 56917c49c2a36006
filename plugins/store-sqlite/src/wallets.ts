import type { WalletCandidate, WalletState } from '@gantry/ledger'
import type { Sql } from './database.ts'
import { integer, type Row, text } from './row.ts'

/** A wallet as stored. */
export interface StoredWallet extends WalletCandidate {
  readonly account: string
  readonly asset: string
}

/**
 * The wallets of one transaction: each is read once and written once, however many holds of a group commit move it.
 * Nothing is kept beyond the transaction: what was rolled back, or is written by others, is read again.
 */
export interface Wallets {
  find(id: string): StoredWallet | undefined
  change(id: string, state: WalletState): void
  /** Writes what has changed. Before a commit, and before anything else reads or writes wallets. */
  save(): void
  /** Forgets everything, saved or not. */
  forget(): void
}

/** Makes an empty memory over a connection. */
export function createWallets(sql: Sql): Wallets {
  const known = new Map<string, StoredWallet | undefined>()
  const changed = new Set<string>()
  const find = (id: string): StoredWallet | undefined => {
    if (!known.has(id)) known.set(id, read(sql, id))
    return known.get(id)
  }
  return {
    find,
    change(id, { posted, held }) {
      const wallet = find(id)
      if (!wallet) throw new Error(`there is no wallet ${id}`)
      known.set(id, { ...wallet, posted, held })
      changed.add(id)
    },
    save() {
      for (const id of changed) {
        const wallet = known.get(id)
        if (!wallet) continue
        const { posted, held } = wallet
        sql('update wallet set posted = ?, held = ?, version = version + 1 where id = ?').run(
          posted,
          held,
          id,
        )
      }
      changed.clear()
    },
    forget() {
      known.clear()
      changed.clear()
    },
  }
}

function read(sql: Sql, id: string): StoredWallet | undefined {
  const row: Row | undefined = sql(
    'select account, asset, posted, held, overdraft from wallet where id = ?',
  ).get(id)
  return (
    row && {
      id,
      account: text(row, 'account'),
      asset: text(row, 'asset'),
      posted: integer(row, 'posted'),
      held: integer(row, 'held'),
      overdraft: integer(row, 'overdraft'),
    }
  )
}
