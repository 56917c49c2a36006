import type { ResolvedConfig } from '../contract/index.ts'
import type { Blueprint } from './blueprint.ts'
import { compileGlob } from './glob.ts'
import { didYouMean } from './nearest.ts'
import type { Reporter } from './shape.ts'

/** Names that have to exist: providers in targets and groups, the defaults. */
export function checkNames(blueprint: Blueprint, providers: readonly string[], report: Reporter): void {
  const { config, models, groups } = blueprint
  const known = new Set(providers)
  for (const [name, { entry, targets }] of models) {
    const several = Array.isArray(entry.to) && entry.to.length > 1
    const seen = new Set<string>()
    for (const [index, target] of targets.entries()) {
      const path = several ? `models.${name}.to[${index}]` : `models.${name}.to`
      if (!known.has(target.provider)) report(unknownProvider(target.provider, path, providers))
      const id = `${target.provider}/${target.model}`
      if (seen.has(id)) {
        report({
          code: 'DUPLICATE_TARGET',
          severity: 'warning',
          path,
          message: `"${id}" is in this list already; a target is tried once.`,
          fix: 'Remove one of them, or give it a weight.',
        })
      }
      seen.add(id)
    }
  }
  for (const [name, { entry }] of groups) {
    for (const [index, provider] of (entry.to ?? []).entries()) {
      if (!known.has(provider)) report(unknownProvider(provider, `groups.${name}.to[${index}]`, providers))
    }
    for (const [index, pattern] of entry.models.entries())
      checkPattern(blueprint, name, index, pattern, report)
  }
  checkDefault(config, 'defaultModel', 'model', models, report)
  checkDefault(config, 'defaultGroup', 'group', groups, report)
}

/** Models that no key can use, and models without a price where requests are billed. */
export function checkReach(blueprint: Blueprint, billed: boolean, report: Reporter): void {
  for (const [name, { entry, targets }] of blueprint.models) {
    const allowing = [...blueprint.groups.values()].filter((group) => group.allows(name))
    const reachable = allowing.some(
      ({ providers }) => !providers || targets.some((target) => providers.has(target.provider)),
    )
    if (!reachable) {
      report({
        code: 'UNREACHABLE_MODEL',
        severity: 'warning',
        path: `models.${name}`,
        message:
          allowing.length === 0
            ? 'is in no group, so no key can use it.'
            : `is allowed in ${allowing.map((group) => `"${group.name}"`).join(', ')}, but \`to\` there excludes its providers.`,
        fix: 'Name it in the `models` of a group whose `to` reaches it.',
      })
    }
    if (billed && entry.price === undefined) {
      report({
        code: 'UNPRICED_MODEL',
        severity: 'warning',
        path: `models.${name}.price`,
        message: 'is missing; its requests will be refused, because a bill plugin is installed.',
        fix: 'Set prices per million tokens, "list" or "free".',
      })
    }
  }
}

// ---

function unknownProvider(
  name: string,
  path: string,
  known: readonly string[],
): { code: string; severity: 'error'; path: string; message: string; fix: string } {
  return {
    code: 'UNKNOWN_PROVIDER',
    severity: 'error',
    path,
    message: `there is no provider "${name}".`,
    fix: didYouMean(name, known),
  }
}

function checkPattern(
  { models }: Blueprint,
  group: string,
  index: number,
  pattern: string,
  report: Reporter,
): void {
  if (models.has(pattern)) return
  const matches = compileGlob(pattern)
  for (const name of models.keys()) if (matches(name)) return
  const glob = pattern.includes('*')
  report({
    code: glob ? 'PATTERN_MATCHES_NOTHING' : 'UNKNOWN_MODEL',
    // A pattern may be written for models that come later; a plain name is a slip.
    severity: glob ? 'warning' : 'error',
    path: `groups.${group}.models[${index}]`,
    message: glob ? `"${pattern}" matches no model.` : `there is no model "${pattern}".`,
    fix: didYouMean(pattern.replaceAll('*', ''), models.keys()),
  })
}

function checkDefault(
  config: ResolvedConfig,
  option: 'defaultModel' | 'defaultGroup',
  kind: string,
  known: ReadonlyMap<string, unknown>,
  report: Reporter,
): void {
  const name = config[option]
  if (name === undefined || known.has(name)) return
  report({
    code: kind === 'model' ? 'UNKNOWN_MODEL' : 'UNKNOWN_GROUP',
    severity: 'error',
    path: option,
    message: `there is no ${kind} "${name}".`,
    fix: didYouMean(name, known.keys()),
  })
}
