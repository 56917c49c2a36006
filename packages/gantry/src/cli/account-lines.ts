import type { AccountRow } from '../control/commands.ts'
import { table } from './print.ts'

/** One line for each asset of each account. */
export function accountLines(rows: readonly AccountRow[]): readonly string[] {
  return table(
    ['ACCOUNT', 'ASSET', 'POSTED', 'HELD'],
    rows.flatMap(({ account, balances }) =>
      balances.length === 0
        ? [[account, '-', '-', '-']]
        : balances.map(({ asset, posted, held }) => [account, asset, posted, held]),
    ),
  )
}
