import type { AttemptOutcome, Target } from '@gantry/core'
import { faultOf } from './fault.ts'
import type { ResolvedOptions } from './options.ts'

/** Why a target should not be tried now. */
export interface Cooldown {
  /** On the clock of the options. */
  readonly until: number
  readonly why: string
}

/** What the instance has learnt about targets. */
export interface Health {
  /** Takes the outcome of an attempt. */
  learn(target: Target, outcome: AttemptOutcome): void
  /** The longest cooldown a target is in now. */
  cooldown(target: Target): Cooldown | undefined
  /** Things remembered, at most `mostRemembered`. */
  readonly size: number
}

/** Bound of the memory: names come from the config, so this is far more than a gateway has. */
export const mostRemembered = 10_000

interface Mark {
  readonly since: number
  readonly until: number
  readonly why: string
  readonly failures: number
  /** Cooldowns in a row, for the doubling. */
  readonly rounds: number
}

/** Makes an empty memory. Three things are remembered apart, because they end apart: a credential, its rate on a model, the model there. */
export function createHealth(options: ResolvedOptions): Health {
  const marks = new Map<string, Mark>()

  const set = (id: string, mark: Mark): void => {
    // Re-inserting keeps the map in order of use, so the first one is the one to forget.
    marks.delete(id)
    marks.set(id, mark)
    const oldest = marks.size > mostRemembered ? marks.keys().next().value : undefined
    if (oldest !== undefined) marks.delete(oldest)
  }

  const rest = (id: string, now: number, forMs: number, why: string): void => {
    const until = now + Math.min(forMs, options.maxCooldownMs)
    const known = marks.get(id)
    // Two requests in flight may fail for one reason: the longer wish counts.
    if (known && known.until > until) return
    set(id, { since: now, until, why, failures: 0, rounds: 0 })
  }

  const fail = (
    id: string,
    now: number,
    error: { readonly class: string; readonly retryAfterMs?: number },
  ): void => {
    const known = marks.get(id)
    // Attempts that were under way when the target went out are no further evidence.
    if (known && known.until > now) return
    const failures = (known?.failures ?? 0) + 1
    const rounds = known?.rounds ?? 0
    const why = `${error.class}, ${failures} in a row`
    if (error.retryAfterMs !== undefined || failures >= options.failureThreshold) {
      const wait = error.retryAfterMs ?? options.failureCooldownMs * 2 ** Math.min(rounds, 30)
      const until = now + Math.min(wait, options.maxCooldownMs)
      // After the pause one more failure is enough.
      set(id, { since: now, until, why, failures: options.failureThreshold - 1, rounds: rounds + 1 })
    } else set(id, { since: now, until: 0, why, failures, rounds })
  }

  const heal = (target: Target, startedAt: number): void => {
    for (const id of idsOf(target)) {
      const mark = marks.get(id)
      // A long answer that began before the trouble does not say that the trouble is over.
      if (mark && mark.since <= startedAt) marks.delete(id)
    }
  }

  return {
    learn: (target, outcome) => {
      const now = options.now()
      const { error } = outcome
      if (!error) {
        // A client that left before the first byte leaves no error and proves nothing.
        if (outcome.committed) heal(target, now - outcome.ms)
        return
      }
      const [credential, rate, model] = idsOf(target)
      switch (faultOf(error)) {
        case 'credential':
          // A 403 may be about one model only.
          rest(
            error.class === 'permission' ? rate : credential,
            now,
            options.credentialCooldownMs,
            `credential refused: ${error.class}`,
          )
          break
        case 'rate':
          rest(rate, now, error.retryAfterMs ?? options.rateLimitCooldownMs, 'rate limited')
          break
        case 'target':
          fail(model, now, error)
          break
        default:
      }
    },
    cooldown: (target) => {
      const now = options.now()
      let longest: Cooldown | undefined
      for (const id of idsOf(target)) {
        const mark = marks.get(id)
        if (mark && mark.until > now && mark.until > (longest?.until ?? 0)) longest = mark
      }
      return longest
    },
    get size() {
      return marks.size
    },
  }
}

// ---

/** Credential, its rate on this model, the model at this provider. */
function idsOf(target: Target): readonly [string, string, string] {
  const credential = `${target.provider}\n${target.credential ?? 0}`
  return [`c\n${credential}`, `r\n${credential}\n${target.model}`, `m\n${target.provider}\n${target.model}`]
}
