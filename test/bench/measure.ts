import { type ClosedResult, measureClosed } from './measure-closed.ts'
import { type IdleResult, measureIdle } from './measure-idle.ts'
import { measureOpen, type OpenResult } from './measure-open.ts'
import type { Others } from './others.ts'
import type { Plan } from './plan.ts'
import type { Row } from './rows.ts'

/** A row, measured. */
export type RowResult = ClosedResult | OpenResult | IdleResult

/** Measures one row with processes of its own. Throws where a server answered wrongly or the books do not add up. */
export function measureRow(row: Row, plan: Plan, others: Others): Promise<RowResult> {
  if (row.kind === 'closed') return measureClosed(row, plan, others)
  if (row.kind === 'open') return measureOpen(row, plan, others)
  return measureIdle(row, plan, others)
}
