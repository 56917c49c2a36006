/** What the upstream is told to answer; it travels in the prompt, so every server passes it on unread. */
export interface Answer {
  /** Characters of text in a whole answer, or pieces of a stream. */
  readonly size: number
  /** Milliseconds between two pieces of a stream. */
  readonly paceMs: number
}

/** A process under test. Relays are the floor: they neither authenticate nor bill nor log. */
export type ServerName = 'node-http' | 'h3-undici' | 'gateway'

/** One line of the table. */
export interface Row {
  readonly name: string
  /** Model that is asked for; the gateway's config sends `bench-claude` to an upstream of another protocol. */
  readonly model: 'bench-chat' | 'bench-claude'
  readonly stream: boolean
  /** Characters of prompt beside the instruction. */
  readonly promptCharacters: number
  readonly answer: Answer
  /** Requests under way at a time; the next begins when one ends. */
  readonly concurrency: number
  readonly servers: readonly ServerName[]
  /** What the design allows, as a ratio of CPU time to the h3 + undici relay. */
  readonly budget?: number
}

const small = { stream: false, promptCharacters: 40, answer: { size: 60, paceMs: 0 }, concurrency: 32 }
const paced = { stream: true, promptCharacters: 40, answer: { size: 60, paceMs: 20 }, concurrency: 50 }

/** When the events of streams are counted, in milliseconds after their requests: after the heads, before the ends. */
export const streamWindow: { readonly from: number; readonly to: number } = { from: 400, to: 1150 }

/**
 * Every row of the bench. A row with a conversion is held against the same relay as its row without one: the relay
 * asks the same upstream process for the same text in the client's own protocol.
 */
export const rows: readonly Row[] = [
  {
    ...small,
    name: 'small request, relayed',
    model: 'bench-chat',
    servers: ['node-http', 'h3-undici', 'gateway'],
    budget: 1.5,
  },
  {
    ...small,
    name: 'small request, converted to messages',
    model: 'bench-claude',
    servers: ['h3-undici', 'gateway'],
    budget: 2,
  },
  {
    ...small,
    name: '100 kB request, relayed',
    model: 'bench-chat',
    promptCharacters: 100_000,
    servers: ['node-http', 'h3-undici', 'gateway'],
  },
  {
    ...paced,
    name: 'paced stream, per event, relayed',
    model: 'bench-chat',
    servers: ['node-http', 'h3-undici', 'gateway'],
    budget: 1.2,
  },
  {
    ...paced,
    name: 'paced stream, per event, converted from messages',
    model: 'bench-claude',
    servers: ['h3-undici', 'gateway'],
    budget: 1.6,
  },
]

/** The request of a row, as a client of the chat protocol writes it. */
export function requestBody(row: Row): string {
  const instruction = `answer ${row.answer.size} ${row.answer.paceMs}`
  return JSON.stringify({
    model: row.model,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: `${filler(row.promptCharacters)} ${instruction}` },
    ],
    temperature: 0.7,
    max_tokens: 512,
    stream: row.stream,
  })
}

function filler(characters: number): string {
  const sentence = 'The quick brown fox said "no" to the lazy dog.\n'
  return sentence.repeat(Math.ceil(characters / sentence.length)).slice(0, characters)
}
