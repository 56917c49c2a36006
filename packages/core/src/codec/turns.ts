import type { Part, Turn } from '../model/index.ts'
import { mergeExtra } from './extra.ts'

/**
 * Joins neighbouring turns whose key is equal into one, for protocols that need alternating roles.
 * The joined turn has the first one's fields and everybody's parts; `extra` merges, the later one wins.
 * Turns that have no neighbour of their key are returned as they are.
 */
export function joinRuns(turns: readonly Turn[], key: (turn: Turn) => string): readonly Turn[] {
  const joined: Turn[] = []
  let run: Turn[] = []
  let runKey: string | undefined
  for (const turn of turns) {
    const turnKey = key(turn)
    if (turnKey !== runKey && run.length > 0) {
      joined.push(joinRun(run))
      run = []
    }
    runKey = turnKey
    run.push(turn)
  }
  if (run.length > 0) joined.push(joinRun(run))
  return joined
}

function joinRun(run: readonly Turn[]): Turn {
  const [first, ...others] = run as readonly [Turn, ...Turn[]]
  if (others.length === 0) return first
  const parts: Part[] = []
  let extra = first.extra
  for (const turn of run) for (const part of turn.parts) parts.push(part)
  for (const turn of others) extra = mergeExtra(extra, turn.extra)
  return extra ? { ...first, parts, extra } : { ...first, parts }
}
