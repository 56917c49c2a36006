import { fatesOf } from './losses.ts'
import { gradeOf } from './page.ts'
import { wires } from './reading.ts'

/** The source of the grades that `gantry check` prints, made from the codecs. */
export function gradesSource(): string {
  const lines = wires.flatMap((from) =>
    wires
      .filter((to) => to !== from)
      .map((to) => {
        const { carried, lowered, approximated, dropped, refused } = gradeOf(fatesOf(from, to))
        const counts = { carried, lowered, approximated, dropped: dropped + refused }
        const fields = Object.entries(counts).map(([name, count]) => `${name}: ${count}`)
        return `  '${from} ${to}': { ${fields.join(', ')} },`
      }),
  )
  return `// Written by \`pnpm docs:conversions\` from the codecs; do not edit. A test compares it with them.

/** How many of the features of one wire another carries. */
export interface Grade {
  readonly carried: number
  readonly lowered: number
  readonly approximated: number
  readonly dropped: number
}

/** Grades by \`client upstream\`; wires of other packages have none. */
export const grades: { readonly [pair: string]: Grade | undefined } = {
${lines.join('\n')}
}
`
}
