import { type ConfigProblem, didYouMean, type ResolvedConfig } from '@gantry/core'

import type { ResolvedOptions } from './options.ts'

/** What is wrong between the configured keys and the rest of the config. */
export function checkKeys(options: ResolvedOptions, config: ResolvedConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const groups = Object.keys(config.groups)
  const seen = new Set<string>()
  for (const [index, one] of options.keys.entries()) {
    const path = `auth-keys.keys[${index}]`
    if (!Object.hasOwn(config.groups, one.group)) {
      problems.push({
        code: 'UNKNOWN_GROUP',
        severity: 'error',
        path: `${path}.group`,
        message: `there is no group "${one.group}".`,
        fix: didYouMean(one.group, groups),
      })
    }
    if (seen.has(one.hash)) {
      problems.push({
        code: 'DUPLICATE_KEY',
        severity: 'error',
        path: `${path}.hash`,
        message: 'the same key is configured twice.',
        fix: 'Remove one of them.',
      })
    }
    seen.add(one.hash)
  }
  if (options.keys.length === 0 && config.store === undefined) {
    problems.push({
      code: 'NO_KEYS',
      severity: 'warning',
      path: 'auth-keys.keys',
      message: 'there is neither a store nor a configured key, so no request can be let in.',
      fix: 'Add `store` to the config, or `keys` to authKeys().',
    })
  }
  return problems
}
