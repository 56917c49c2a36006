import type { JsonObject, UsageStore } from '@gantry/core'
import {
  formatAmount,
  pageLimit,
  tokenBuckets,
  type UsageFilter,
  usageColumns,
  usageFields,
  usageFilter,
  usageGroups,
} from '@gantry/ledger'
import type { State, UsageRow } from './state.ts'

/** Usage rows that are remembered. */
const rowsKept = 50_000

/** Usage in memory, newest first. */
export function createUsage<N extends string>(name: N, state: State): UsageStore<N> {
  return {
    name,
    async write(row) {
      const { requestId } = usageColumns(row, 0)
      if (!state.usage.has(requestId)) putUsage(state, row, 0n)
    },
    query(filter, page) {
      const wanted = usageFilter(filter)
      const before = page.after === undefined ? Infinity : Number(page.after)
      const limit = pageLimit(page.limit)
      const rows: UsageRow[] = []
      for (const row of [...state.usage.values()].toReversed()) {
        if (row.seq < before && matches(row, wanted)) rows.push(row)
        if (rows.length > limit) break
      }
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(({ row }) => row),
        ...(rows.length > limit && last && { next: String(last.seq) }),
      }
    },
    sum(filter, by) {
      const wanted = usageFilter(filter)
      const groups = usageGroups(by)
      const sums = new Map<string, { key: JsonObject; requests: number; tokens: number[]; cost: bigint }>()
      for (const row of state.usage.values()) {
        if (!matches(row, wanted)) continue
        const values = groups.map((group) => (group === 'day' ? dayOf(row.at) : (row.fields[group] ?? null)))
        const id = JSON.stringify(values)
        let sum = sums.get(id)
        if (!sum) {
          const key = Object.fromEntries(groups.map((group, index) => [group, values[index] ?? null]))
          sum = { key, requests: 0, tokens: tokenBuckets.map(() => 0), cost: 0n }
          sums.set(id, sum)
        }
        sum.requests++
        sum.cost += row.cost
        for (const [index, count] of row.tokens.entries())
          sum.tokens[index] = (sum.tokens[index] ?? 0) + count
      }
      return [...sums.entries()]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { key, requests, tokens, cost }]) => ({
          ...key,
          requests,
          tokens: Object.fromEntries(
            tokenBuckets
              .map((bucket, index) => [bucket, tokens[index] ?? 0])
              .filter(([, count]) => count !== 0),
          ),
          cost: formatAmount(cost),
        }))
    },
  }
}

/** Adds a usage row; the oldest goes when there are too many. */
export function putUsage(state: State, row: JsonObject, cost: bigint): void {
  const { requestId, at, fields, tokens } = usageColumns(row, Date.now())
  state.usage.delete(requestId)
  state.usage.set(requestId, { seq: ++state.usageSeq, at, fields, tokens, cost, row })
  if (state.usage.size <= rowsKept) return
  const [oldest] = state.usage.keys()
  if (oldest !== undefined) state.usage.delete(oldest)
}

function matches(row: UsageRow, filter: UsageFilter): boolean {
  if (row.at < filter.from || row.at >= filter.to) return false
  return usageFields.every(
    (field) => filter.equal[field] === undefined || filter.equal[field] === row.fields[field],
  )
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
