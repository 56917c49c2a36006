/** A Markdown table that also reads well in a terminal. Columns from `numbers` on are numbers, and stand right. */
export function table(
  head: readonly string[],
  lines: readonly (readonly string[])[],
  numbers: number,
): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)),
  )
  const format = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? ''
      return column < numbers ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) =>
    column < numbers ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [format(head), format(rule), ...lines.map(format)].join('\n')
}
