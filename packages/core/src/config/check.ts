import type { AnyPlugin } from '../contract/index.ts'
import { bootNotes } from '../define.ts'
import { account, group, key } from '../keys.ts'
import type { Blueprint } from './blueprint.ts'
import { checkExposure } from './check-exposure.ts'
import { checkKeys, hookNames } from './check-keys.ts'
import { checkNames, checkReach } from './check-names.ts'
import { didYouMean } from './nearest.ts'
import type { ConfigProblem } from './problem.ts'
import { isTable, type Reporter, wrongType } from './shape.ts'

/** Contract version that this core runs. */
export const contractVersion = 1

/** Everything that is wrong with the meaning of a configuration whose shapes were read already. */
export function checkMeaning(blueprint: Blueprint, providers: readonly string[], report: Reporter): void {
  const { plugins } = blueprint
  checkNames(blueprint, providers, report)
  checkReach(
    blueprint,
    plugins.some((plugin) => plugin.hooks?.['bill.reserve']),
    report,
  )
  for (const plugin of plugins) checkPlugin(plugin, report)
  // A plugin with wrong options came up empty: what it would have provided or written is not really missing.
  if (plugins.every((plugin) => !isBroken(plugin))) {
    checkKeys(plugins, report, writtenWithoutPlugin(blueprint))
    checkSpeech(blueprint, report)
    checkMemory(blueprint, report)
    checkExposure(blueprint, report)
  }
  for (const plugin of plugins) {
    for (const problem of ownProblems(plugin, blueprint)) report(problem)
  }
}

/** Whether the factory already found the plugin's options wrong. */
export function isBroken(plugin: AnyPlugin): boolean {
  return bootNotes(plugin).problems.some((problem) => problem.severity === 'error')
}

// ---

/** Keys that are there without a plugin that says so: the default group, and what the config's own auth hook may set. */
function writtenWithoutPlugin(blueprint: Blueprint): ReadonlySet<symbol> {
  const { config } = blueprint
  const own = config.hooks?.auth ? [account.id, key.id, group.id] : []
  return new Set(config.defaultGroup === undefined ? own : [...own, group.id])
}

/** What promises to keep answers needs a place for them: without one it would say that it did, and had not. */
function checkMemory({ slots }: Blueprint, report: Reporter): void {
  if (slots.kv.size > 0) return
  for (const { name, server } of slots.protocol.values()) {
    if (server?.memory?.keepMs === undefined) continue
    report({
      code: 'STORE_LACKS_CAPABILITY',
      severity: 'error',
      path: 'store',
      message: `nothing serves "kv", and the protocol "${name}" keeps answers in it.`,
      fix: "Choose a store that serves it, for instance sqlite('./data/gateway.db'), or keep no answers.",
    })
  }
}

function checkPlugin(plugin: AnyPlugin, report: Reporter): void {
  const path = `plugins.${plugin.name}`
  checkContract(path, plugin.name, 'contract' in plugin ? plugin.contract : contractVersion, report)
  for (const protocol of plugin.provides?.protocol ?? []) {
    checkContract(path, `the protocol "${protocol.name}"`, protocol.contract, report)
  }
  if (plugin.hooks === undefined) return
  if (!isTable(plugin.hooks)) {
    report(wrongType(`${path}.hooks`, 'an object of hooks', plugin.hooks))
    return
  }
  for (const [name, hook] of Object.entries(plugin.hooks)) {
    const at = `${path}.hooks.${name}`
    if (!hookNames.some((one) => one === name)) {
      report({
        code: 'UNKNOWN_HOOK',
        severity: 'error',
        path: at,
        message: 'is not a hook.',
        fix: didYouMean(name, hookNames),
      })
    } else if (hook !== undefined && typeof (isTable(hook) ? hook['handler'] : hook) !== 'function') {
      report(wrongType(at, 'a function, or an object with a `handler`', hook))
    }
  }
}

function checkContract(path: string, name: string, version: unknown, report: Reporter): void {
  if (version === contractVersion) return
  report({
    code: 'WRONG_CONTRACT',
    severity: 'error',
    path,
    message: `${name} is written for contract ${String(version)}; this core runs ${contractVersion}.`,
    fix: 'Install a version of the plugin that fits this gateway.',
  })
}

/** Providers and targets need a protocol that somebody can speak to an upstream. */
function checkSpeech({ slots, models }: Blueprint, report: Reporter): void {
  const clients = [...slots.protocol.values()].filter((one) => one.client).map((one) => one.name)
  const fix = `Install its plugin. ${didYouMean('', clients)}`
  for (const [name, provider] of slots.provider) {
    if (!('speaks' in provider) || provider.speaks.some((one) => clients.includes(one))) continue
    const speaks = provider.speaks.map((one) => `"${one}"`).join(', ')
    const message = `speaks only ${speaks}, and no plugin has a client for that.`
    report({ code: 'NO_PROTOCOL_CLIENT', severity: 'error', path: `providers.${name}`, message, fix })
  }
  for (const [name, { targets }] of models) {
    for (const { provider: to, protocol } of targets) {
      const provider = slots.provider.get(to)
      if (protocol === undefined || !provider || !('speaks' in provider)) continue
      const usable = provider.speaks.filter((one) => clients.includes(one))
      if (usable.includes(protocol)) continue
      report({
        code: 'UNKNOWN_PROTOCOL',
        severity: 'error',
        path: `models.${name}.to`,
        message: `"${to}" cannot be reached over the protocol "${protocol}".`,
        fix: didYouMean(protocol, usable),
      })
    }
  }
}

function ownProblems(plugin: AnyPlugin, { config }: Blueprint): readonly ConfigProblem[] {
  if (isBroken(plugin) || typeof plugin.check !== 'function') return []
  try {
    return plugin.check(config)
  } catch (cause) {
    const message = `its check failed: ${cause instanceof Error ? cause.message : String(cause)}`
    return [{ code: 'CHECK_FAILED', severity: 'error', path: `plugins.${plugin.name}`, message }]
  }
}
