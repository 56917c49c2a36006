import { describe, it } from 'vitest'

/** One rule of a conformance suite, tried on one implementation. */
export interface Check {
  /** What it is about. */
  readonly group: string
  /** The rule, in words; the same for every implementation. */
  readonly name: string
  /** Throws, or rejects, when the rule is broken. */
  run(): void | PromiseLike<void>
}

/** What a suite is written with: `describe` and `it` of vitest, or a list that collects. */
export interface Registrar {
  describe(name: string, body: () => void): void
  it(name: string, run: () => void | PromiseLike<void>): void
}

/** Registers a vitest test for each check. A check may take `timeoutMs`, 20 s by default. */
export function registerChecks(title: string, checks: readonly Check[], timeoutMs: number = 20_000): void {
  describe(`${title}`, () => {
    for (const [group, members] of Map.groupBy(checks, (check) => check.group)) {
      describe(`${group}`, () => {
        for (const check of members) it(`${check.name}`, { timeout: timeoutMs }, () => check.run())
      })
    }
  })
}

/** The checks that a suite would register, in its order, each with the path of its groups. */
export function collectChecks(suite: (registrar: Registrar) => void): readonly Check[] {
  const checks: Check[] = []
  const path: string[] = []
  suite({
    describe(name, body) {
      path.push(name)
      body()
      path.pop()
    },
    it: (name, run) => void checks.push({ group: path.join(' › '), name, run }),
  })
  return checks
}

/** Names of the checks that fail, in their order; for trying a suite on something that is broken. */
export async function failingChecks(checks: readonly Check[]): Promise<readonly string[]> {
  const failing: string[] = []
  for (const check of checks) {
    try {
      await check.run()
    } catch {
      failing.push(check.name)
    }
  }
  return failing
}
