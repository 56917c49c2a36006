/** How long everything runs. */
export interface Plan {
  readonly name: string
  /** Rounds of every server; their order changes from one to the next. */
  readonly rounds: number
  /** Time in which the requests of one round begin. */
  readonly sliceMs: number
  /** Before the rounds every server gets so many requests, so that its code is compiled, or so much time; streams count as 20. */
  readonly warmUpMs: number
  readonly warmUpRequests: number
  /** Pieces of a paced stream, and rounds of rows that have them. */
  readonly pieces: number
  readonly streamRounds: number
  /** Length of one round of open load, and how many. */
  readonly openMs: number
  readonly openRounds: number
  /** How often idle streams are opened, each time on fresh processes. */
  readonly idleRounds: number
  /** A folder for one CPU profile of the gateway a row, taken in a slice of its own after the rounds. */
  readonly profiles?: string
}

/** What is kept: some minutes a row. */
export const fullPlan: Plan = {
  name: 'full',
  rounds: 9,
  sliceMs: 3000,
  warmUpMs: 20_000,
  warmUpRequests: 50_000,
  pieces: 60,
  streamRounds: 9,
  openMs: 10_000,
  openRounds: 5,
  idleRounds: 3,
}

/** Under two minutes for every row, which is less than it takes until all of the gateway is compiled. */
export const quickPlan: Plan = {
  name: 'quick',
  rounds: 3,
  sliceMs: 300,
  warmUpMs: 1050,
  warmUpRequests: 6000,
  pieces: 30,
  streamRounds: 2,
  openMs: 800,
  openRounds: 2,
  idleRounds: 1,
}

/** The servers of a round: each begins one, so that none always follows the same other. */
export function inTurn<T>(servers: readonly T[], round: number): readonly T[] {
  const first = round % Math.max(1, servers.length)
  return [...servers.slice(first), ...servers.slice(0, first)]
}
