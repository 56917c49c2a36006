/** Something a prompt may ask of the simulator. Each stands on a line of its own; case does not matter. */
export type Instruction =
  | { readonly do: 'say'; readonly text: string }
  | { readonly do: 'count'; readonly to: number }
  | { readonly do: 'reason'; readonly text: string }
  | { readonly do: 'call'; readonly tool: string; readonly input: string }
  | { readonly do: 'length'; readonly tokens?: number }
  | { readonly do: 'refuse' }
  | { readonly do: 'empty' }
  | { readonly do: 'fault'; readonly fault: Fault }

/** How an answer goes wrong. `after` counts tokens of a streamed answer; none: before the head is sent. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly code?: string; readonly retryAfter?: string }
  | { readonly kind: 'error'; readonly after: number; readonly code?: string }
  | { readonly kind: 'stall' | 'cut' | 'end'; readonly after?: number }
  | { readonly kind: 'html'; readonly status: number }
  | { readonly kind: 'blank' }

/** Words of a `count` and tokens of an `after` go no further than this. */
export const countLimit = 100_000

/**
 * Reads the instructions of one prompt, in order. Lines that are none are ordinary text and are skipped.
 * A line `then` divides the prompt into steps: the first answers the prompt, the next the tool results that follow.
 */
export function readScript(prompt: string, step: number): readonly Instruction[] {
  const found: Instruction[] = []
  let at = 0
  for (const raw of prompt.split('\n')) {
    const line = raw.trim()
    if (/^then$/i.test(line)) at++
    if (at > step) break
    const instruction = at === step && line.length > 0 ? readLine(line) : undefined
    if (instruction) found.push(instruction)
  }
  return found
}

/** Whether a prompt has any instruction. */
export function hasInstructions(prompt: string): boolean {
  return prompt.split('\n').some((line) => readLine(line.trim()) !== undefined)
}

/** How many steps a prompt has. */
export function stepsOf(prompt: string): number {
  return prompt.split('\n').filter((line) => /^\s*then\s*$/i.test(line)).length + 1
}

/** What a prompt says besides its instructions. */
export function plainWords(prompt: string): string {
  const lines = prompt.split('\n').map((line) => line.trim())
  return lines.filter((line) => !/^then$/i.test(line) && !readLine(line)).join(' ')
}

function readLine(line: string): Instruction | undefined {
  const space = line.search(/\s/)
  const word = (space < 0 ? line : line.slice(0, space)).toLowerCase()
  const rest = space < 0 ? '' : line.slice(space).trim()
  return Object.hasOwn(readers, word) ? readers[word]?.(rest) : undefined
}

const readers: { readonly [word: string]: (rest: string) => Instruction | undefined } = {
  say: (rest) => (rest ? { do: 'say', text: rest } : undefined),
  reason: (rest) => (rest ? { do: 'reason', text: rest } : undefined),
  count(rest) {
    const to = amount(rest)
    return to === undefined ? undefined : { do: 'count', to }
  },
  call(rest) {
    const [, tool, input] = /^([\w.:-]{1,256})\s*(.*)$/s.exec(rest) ?? []
    return tool ? { do: 'call', tool, input: input ?? '' } : undefined
  },
  length(rest) {
    if (!rest) return { do: 'length' }
    const tokens = amount(rest)
    return tokens === undefined ? undefined : { do: 'length', tokens }
  },
  refuse: (rest) => (rest ? undefined : { do: 'refuse' }),
  empty: (rest) => (rest ? undefined : { do: 'empty' }),
  blank: (rest) => (rest ? undefined : { do: 'fault', fault: { kind: 'blank' } }),
  html(rest) {
    const status = rest ? statusOf(rest, 200) : 200
    return status === undefined ? undefined : { do: 'fault', fault: { kind: 'html', status } }
  },
  fail(rest) {
    const [, tokens, named] = /^after\s+(\d+)(?:\s+([a-z_]{1,64}))?$/i.exec(rest) ?? []
    if (tokens !== undefined) {
      const after = Math.min(Number(tokens), countLimit)
      return { do: 'fault', fault: { kind: 'error', after, ...(named && { code: named }) } }
    }
    const [, digits, code, retryAfter] =
      /^(\d{3})(?:\s+(?!retry-after)([a-z_]{1,64}))?(?:\s+retry-after\s+(\d{1,6}(?:\.\d{1,3})?))?$/i.exec(
        rest,
      ) ?? []
    const status = statusOf(digits ?? '', 400)
    if (status === undefined) return undefined
    return {
      do: 'fault',
      fault: { kind: 'status', status, ...(code && { code }), ...(retryAfter && { retryAfter }) },
    }
  },
  stall: (rest) => interrupted('stall', rest),
  cut: (rest) => interrupted('cut', rest),
  end: (rest) => interrupted('end', rest),
}

function interrupted(kind: 'stall' | 'cut' | 'end', rest: string): Instruction | undefined {
  const after = afterOf(rest)
  if (after !== undefined) return { do: 'fault', fault: { kind, after } }
  // A clean end without any answer is `blank`.
  return rest || kind === 'end' ? undefined : { do: 'fault', fault: { kind } }
}

function afterOf(rest: string): number | undefined {
  const found = /^after\s+(\d+)$/i.exec(rest)?.[1]
  return found === undefined ? undefined : Math.min(Number(found), countLimit)
}

function amount(rest: string): number | undefined {
  return /^\d+$/.test(rest) ? Math.min(Number(rest), countLimit) : undefined
}

function statusOf(digits: string, from: number): number | undefined {
  const status = /^\d{3}$/.test(digits) ? Number(digits) : 0
  return status >= from && status < 600 ? status : undefined
}
