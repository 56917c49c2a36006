import type { AnyPlugin } from '../contract/index.ts'
import { type Reporter, type Table, wrongType } from './shape.ts'

const deepestList = 32

/**
 * Flattens a plugin list: nested lists are opened, `false`, `null` and `undefined` dropped, and a later plugin of the
 * same name takes the earlier one's place. What is no plugin is reported with what was probably meant.
 */
export function flattenPlugins(value: unknown, path: string, report: Reporter): readonly AnyPlugin[] {
  const found = new Map<string, AnyPlugin>()
  const walk = (item: unknown, at: string, depth: number): void => {
    if (item === false || item === null || item === undefined) return
    if (!Array.isArray(item)) {
      if (isPlugin(item, at, report)) found.set(item.name, item)
    } else if (depth === deepestList) report(wrongType(at, `nested at most ${deepestList} lists deep`, item))
    else for (const [index, one] of item.entries()) walk(one, `${at}[${index}]`, depth + 1)
  }
  if (value !== undefined && !Array.isArray(value)) report(wrongType(path, 'a list of plugins', value))
  else walk(value, path, 0)
  return [...found.values()]
}

/** Whether a value can be mounted as a plugin; otherwise the problem is reported. */
export function isPlugin(value: unknown, path: string, report: Reporter): value is AnyPlugin {
  if (typeof value === 'function') {
    const name = value.name || 'plugin'
    report({
      code: 'PLUGIN_NOT_CALLED',
      severity: 'error',
      path,
      message: `is the function "${name}", not a plugin.`,
      fix: `Call it: ${name}().`,
    })
    return false
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(wrongType(path, 'a plugin', value))
    return false
  }
  if (typeof (value as Table)['then'] === 'function') {
    report({
      code: 'PLUGIN_IS_PROMISE',
      severity: 'error',
      path,
      message: 'is a promise of a plugin.',
      fix: 'Put `await` before it.',
    })
    return false
  }
  const name = (value as Table)['name']
  if (typeof name === 'string' && name !== '') return true
  report({
    code: 'PLUGIN_WITHOUT_NAME',
    severity: 'error',
    path,
    message: 'is an object without a name, so it is no plugin.',
    fix: 'Give it a `name`: errors, logs and replacement go by it.',
  })
  return false
}

/** A plugin list holds a value of `providers`. */
export function reportMisplaced(plugins: readonly AnyPlugin[], report: Reporter): void {
  for (const plugin of plugins) {
    if (!('provider' in plugin)) continue
    report({
      code: 'MISPLACED_PROVIDER',
      severity: 'error',
      path: `plugins.${plugin.name}`,
      message: 'is a provider; in the plugin list nothing can reach it.',
      fix: 'Put it under `providers`, with a name of your choice as its key.',
    })
  }
}
