/** A row as SQLite gives it: integers are bigint. */
export type Row = { readonly [column: string]: unknown }

/** Reads a text column. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not text`)
  return value
}

/** Reads an integer column that may exceed 2^53: amounts. */
export function integer(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value !== 'bigint') throw new TypeError(`column ${column} is not an integer`)
  return value
}

/** Reads an integer column that never exceeds 2^53: times, counts, flags. */
export function count(row: Row, column: string): number {
  return Number(integer(row, column))
}
