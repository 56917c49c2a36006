/** Writes a line to standard output. */
export function print(line: string = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Writes a value as JSON to standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2))
}

/** Lines of columns, each as wide as its widest cell; plain text, so that it can be piped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const shown = rows.map((row) => row.map(plain))
  const widths = head.map((title, column) =>
    Math.max(title.length, ...shown.map((row) => (row[column] ?? '').length)),
  )
  return [head, ...shown].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Text from outside, without the control characters that could drive a terminal, and not endless. */
export function plain(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 199)}…` : text
  return shown.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')
}
