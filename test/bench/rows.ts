import type { ServerName } from './servers.ts'
import type { Answer, Wire } from './wires.ts'

/** Common to all rows. */
interface RowBase {
  readonly name: string
  /** What the client speaks. */
  readonly client: Wire
  /** What the upstream behind a gateway speaks; a relay asks it in the client's own. */
  readonly upstream: Wire
  /** Servers that take turns. One that is not installed is left out, and the results say so. */
  readonly servers: readonly ServerName[]
}

/** Requests of which the next begins when one ends: CPU time and memory. */
export interface ClosedRow extends RowBase {
  readonly kind: 'closed'
  readonly stream: boolean
  /** Characters of prompt beside the instruction. */
  readonly promptCharacters: number
  readonly answer: Answer
  /** Requests under way at a time. */
  readonly concurrency: number
  /** What CPU time is compared with. */
  readonly beside: 'h3-undici' | 'gateway'
  /** What the design allows the gateway, as a ratio of CPU time to the h3 + undici relay. */
  readonly budget?: number
  /** How many times the CPU time of the gateway another one has to need at least. */
  readonly lead?: { readonly server: ServerName; readonly times: number }
}

/** Requests that begin on a schedule: latency beside the bare relay's. */
export interface OpenRow extends RowBase {
  readonly kind: 'open'
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds that the gateway may add to the relay's. */
  readonly budget: { readonly p50: number; readonly p99: number }
}

/** Streams that are open and silent: memory of each. */
export interface IdleRow extends RowBase {
  readonly kind: 'idle'
  readonly streams: number
  /** What the design allows, as a ratio of memory to the h3 + undici relay. */
  readonly budget: number
}

/** One row of a table. */
export type Row = ClosedRow | OpenRow | IdleRow

/** A small prompt and a small answer; what the rows without streams ask for, and those of open load. */
export const smallAnswer: Answer = { kind: 'answer', size: 60, paceMs: 0 }

const small = {
  kind: 'closed',
  stream: false,
  promptCharacters: 40,
  answer: smallAnswer,
  concurrency: 32,
  beside: 'h3-undici',
} as const
const paced = {
  ...small,
  stream: true,
  answer: { kind: 'answer', size: 60, paceMs: 20 },
  concurrency: 50,
} as const
const relayed = { client: 'chat', upstream: 'chat' } as const
const toMessages = { client: 'chat', upstream: 'messages' } as const
const fromMessages = { client: 'messages', upstream: 'chat' } as const
const open = { kind: 'open', ...relayed, budget: { p50: 1, p99: 10 } } as const

/**
 * Every row of the bench. A row with a conversion is held against the relay of the same text in the client's own
 * protocol, asked of the same upstream process.
 */
export const rows: readonly Row[] = [
  {
    ...small,
    ...relayed,
    name: 'small request, relayed',
    servers: ['node-http', 'h3-undici', 'gateway', 'portkey', 'llms'],
    budget: 1.5,
    lead: { server: 'portkey', times: 7 },
  },
  {
    ...small,
    ...toMessages,
    name: 'small request, converted to messages',
    servers: ['h3-undici', 'gateway', 'portkey'],
    budget: 2,
  },
  {
    ...small,
    ...fromMessages,
    name: 'small request of a messages client, converted to chat',
    servers: ['h3-undici', 'gateway', 'llms'],
    budget: 2,
  },
  {
    ...small,
    ...relayed,
    name: '100 kB request, relayed',
    promptCharacters: 100_000,
    servers: ['node-http', 'h3-undici', 'gateway'],
  },
  {
    ...paced,
    ...relayed,
    name: 'paced stream, per event, relayed',
    servers: ['node-http', 'h3-undici', 'gateway', 'portkey', 'llms'],
    budget: 1.2,
  },
  {
    ...paced,
    ...toMessages,
    name: 'paced stream, per event, converted from messages',
    servers: ['h3-undici', 'gateway', 'portkey'],
    budget: 1.6,
  },
  {
    ...paced,
    ...fromMessages,
    name: 'paced stream of a messages client, per event, converted from chat',
    servers: ['h3-undici', 'gateway', 'llms'],
    budget: 1.6,
  },
  {
    ...small,
    ...relayed,
    name: 'small request, relayed, in a large configuration',
    servers: ['gateway', 'gateway-plugins', 'gateway-models', 'gateway-keys'],
    beside: 'gateway',
  },
  {
    ...open,
    name: 'open load, 1,000 requests/s',
    rate: 1000,
    servers: ['h3-undici', 'gateway', 'portkey', 'llms'],
  },
  { ...open, name: 'open load, 250 requests/s', rate: 250, servers: ['h3-undici', 'gateway'] },
  {
    kind: 'idle',
    ...relayed,
    name: '2,000 idle streams',
    streams: 2000,
    servers: ['node-http', 'h3-undici', 'gateway', 'portkey', 'llms'],
    budget: 1.3,
  },
]

/**
 * When the events of streams are counted, in milliseconds after their requests: after the heads and before the ends,
 * so that what a request costs is not in them.
 */
export function streamWindow({ answer }: ClosedRow): { readonly from: number; readonly to: number } {
  const whole = answer.size * answer.paceMs
  return { from: whole / 3, to: whole * 0.95 }
}
