import { bootNotes, type AnyPlugin, type KeyRef } from '@gantry/core'
import { createFakeHost } from '../fake/host.ts'
import type { Check } from '../suite/check.ts'
import { must, show, within } from '../suite/must.ts'
import { moments } from './moments.ts'
import { configOf, withPlugin } from './open.ts'
import type { PluginSuiteOptions } from './options.ts'
import { leftBehind } from './resources.ts'

/** Checks of the plugin as an object, and of its life from setup to close. */
export function shapeChecks(options: PluginSuiteOptions): readonly Check[] {
  const { create, wrong = [] } = options
  const shape = (name: string, run: Check['run']): Check => ({ group: 'plugin', name, run })
  return [
    shape('it has a name, accepts its options, and finds nothing wrong with its config', () => {
      const plugin = create()
      must(typeof plugin.name === 'string' && plugin.name !== '', 'It has no name.')
      const check = (): readonly object[] => plugin.check?.(configOf(options)) ?? []
      const found = [...bootNotes(plugin).problems, ...(plugin.check?.(configOf(options)) ?? [])]
      const errors = found.filter(({ severity }) => severity === 'error').map(({ message }) => message)
      must(errors.length === 0, `It reports ${errors.join('; ')}`)
      must(show(check()) === show(check()), 'Its check says something else the second time.')
    }),
    shape('its hooks are hooks, with an order and filters that core knows', () => {
      const plugin = create()
      must([undefined, 'pre', 'post'].includes(plugin.enforce), `enforce is ${show(plugin.enforce)}.`)
      for (const [name, hook] of Object.entries(plugin.hooks ?? {})) {
        must(
          moments.some((moment) => moment === name),
          `There is no moment ${show(name)}.`,
        )
        if (hook !== undefined && typeof hook !== 'function') checkDetailed(name, hook)
      }
    }),
    shape('what it reads and writes are keys, and what it provides has names', () => {
      const plugin = create()
      for (const key of [...(plugin.reads ?? []), ...(plugin.writes ?? [])]) checkKey(key)
      for (const [slot, provided] of Object.entries(plugin.provides ?? {})) {
        const names = provided.map(({ name }) => name)
        must(
          names.every(Boolean) && new Set(names).size === names.length,
          `${slot} are called ${show(names)}.`,
        )
      }
    }),
    ...wrong.map(([config, path]) =>
      shape(`its check finds ${path} wrong`, () => {
        const found = (create().check?.(configOf({ config })) ?? []).map((problem) => problem.path)
        must(found.includes(path), `It reports ${show(found)}.`)
      }),
    ),
    shape('it can be closed without a setup, twice, and set up again', async () => {
      await lifeless(create())
      const plugin = create()
      const others = options.others?.() ?? []
      const host = createFakeHost({ config: configOf(options), plugins: [...others, plugin] })
      for (const other of others) await other.setup?.(host)
      try {
        for (let round = 0; round < 2; round++) {
          await within(5000, 'setup', plugin.setup?.(host))
          await within(5000, 'close', plugin.close?.())
          await within(5000, 'a second close', plugin.close?.())
        }
      } finally {
        for (const other of others) await other.close?.()
      }
    }),
    shape('its close ends everything that its setup began', async () => {
      const left = await leftBehind(() => withPlugin(options, () => {}))
      must(left.length === 0, `After close something still keeps the process alive: ${left.join(', ')}.`)
    }),
  ]
}

// ---

type Detailed = Exclude<Exclude<NonNullable<AnyPlugin['hooks']>['log'], undefined>, Function>

function checkDetailed(name: string, hook: object): void {
  const { order, filter = {}, handler } = hook as Partial<Detailed>
  must(typeof handler === 'function', `${name} has no handler.`)
  must([undefined, 'pre', 'post'].includes(order), `The order of ${name} is ${show(order)}.`)
  for (const [key, match] of Object.entries(filter)) {
    must(['protocol', 'provider', 'model', 'operation'].includes(key), `${name} is filtered by ${key}.`)
    const parts: readonly unknown[] = Array.isArray(match) ? match : [match]
    const known = parts.every((part) => typeof part === 'string' || part instanceof RegExp)
    must(known && parts.length > 0, `The filter ${key} of ${name} is ${show(match)}: it can match nothing.`)
  }
}

function checkKey(key: KeyRef): void {
  must(typeof key.id === 'symbol' && key.name !== '', `${show(key)} is no key; make it with defineKey.`)
  must(
    Symbol.keyFor(key.id) !== undefined,
    `The key ${key.name} has a symbol of its own: two copies of the package would not agree on it.`,
  )
}

/** A setup that failed halfway is closed too: close cannot count on it. */
async function lifeless(plugin: AnyPlugin): Promise<void> {
  await within(5000, 'close without setup', plugin.close?.())
}
