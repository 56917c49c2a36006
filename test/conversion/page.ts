import { type Fate, fatesOf } from './losses.ts'
import { type Wire, wires } from './reading.ts'

const titles: { readonly [wire in Wire]: string } = {
  'openai-chat': 'OpenAI Chat',
  'openai-responses': 'OpenAI Responses',
  'anthropic-messages': 'Anthropic Messages',
}

/** The page of conversions, made from the codecs. */
export function conversionsPage(): string {
  const pairs = wires.flatMap((from) => wires.map((to) => ({ from, to })))
  return [
    '# Conversions',
    '',
    '<!-- Written by `pnpm docs:conversions` from the codecs; do not edit. A test compares it with them. -->',
    '',
    'A request whose target speaks the client’s own wire is relayed: its bytes pass, fields nobody here has heard of included.',
    'Every other request is decoded and encoded anew, and what the target’s wire cannot carry is **said**: in the log, in the',
    '`x-gantry-loss` header, and, on a route with `loss: strict`, in an error before anything is sent.',
    '',
    '- **dropped**: the target never sees it.',
    '- **approximated**: the target sees the nearest thing it has.',
    '- **lowered**: carried in full by other means, which the gateway undoes on the way back.',
    '',
    'The tables say what becomes of each feature for a plain host of the wire (for Messages: a model with manual thinking).',
    'What a host or a model takes beyond that, or does not take, is in its provider’s `quirks`. A feature that is not in a',
    'table is carried as it is.',
    '',
    '| From \\ to | ' + wires.map((wire) => titles[wire]).join(' | ') + ' |',
    '|---|' + wires.map(() => '---|').join(''),
    ...wires.map((from) => `| ${titles[from]} | ${wires.map((to) => summary(from, to)).join(' | ')} |`),
    '',
    ...pairs.filter(({ from, to }) => from !== to).flatMap(({ from, to }) => section(from, to)),
  ].join('\n')
}

/** The numbers behind a pair's grade. */
export function gradeOf(fates: readonly Fate[]): {
  readonly carried: number
  readonly lowered: number
  readonly approximated: number
  readonly dropped: number
  readonly refused: number
} {
  const count = (worst: string): number => fates.filter((fate) => worstOf(fate) === worst).length
  return {
    carried: count('carried'),
    lowered: count('lowered'),
    approximated: count('approximated'),
    dropped: count('dropped'),
    refused: count('refused'),
  }
}

function worstOf({ refused, losses }: Fate): string {
  if (refused !== undefined) return 'refused'
  for (const how of ['dropped', 'approximated', 'lowered']) {
    if (losses.some((loss) => loss.how === how)) return how
  }
  return 'carried'
}

function summary(from: Wire, to: Wire): string {
  if (from === to) return 'relayed'
  const { carried, lowered, approximated, dropped, refused } = gradeOf(fatesOf(from, to))
  const parts = [
    `${carried} carried`,
    `${lowered} lowered`,
    `${approximated} approximated`,
    `${dropped} dropped`,
  ]
  return [...parts, ...(refused ? [`${refused} refused`] : [])].join(', ')
}

function section(from: Wire, to: Wire): readonly string[] {
  const rows = fatesOf(from, to).flatMap(({ feature, refused, losses }): readonly string[] => {
    if (refused !== undefined) return [`| ${feature} | | refused | ${cell(refused)} |`]
    const seen = new Set<string>()
    return losses.flatMap(({ what, how, note }) => {
      const row = `| ${feature} | \`${what}\` | ${how} | ${cell(note ?? '')} |`
      if (seen.has(row)) return []
      seen.add(row)
      return [row]
    })
  })
  return [
    `## ${titles[from]} → ${titles[to]}`,
    '',
    '| Feature | What | How | Note |',
    '|---|---|---|---|',
    ...rows,
    '',
  ]
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
