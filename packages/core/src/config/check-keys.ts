import type { AnyPlugin, Hooks, KeyRef } from '../contract/index.ts'
import { didYouMean } from './nearest.ts'
import type { Reporter } from './shape.ts'

/** Moments of a request in run order. The type makes a new hook a compile error here. */
const rankOf: { readonly [H in keyof Hooks]: number } = {
  auth: 0,
  route: 1,
  'bill.reserve': 2,
  'transform.request': 3,
  'transform.event': 4,
  'bill.observe': 5,
  'route.outcome': 6,
  'bill.settle': 7,
  log: 8,
}

/** Names of all hooks, in run order. */
export const hookNames: readonly (keyof Hooks)[] = Object.keys(rankOf) as (keyof Hooks)[]

/**
 * Whether each key that a plugin reads is written, and in time. Only what is certain is an error: a plugin does not
 * say in which hook it reads, so its last one has to come before the writer's first one. `byCore` are keys that need no
 * plugin: core sets the group where a default is configured.
 */
export function checkKeys(
  plugins: readonly AnyPlugin[],
  report: Reporter,
  byCore: ReadonlySet<symbol> = new Set(),
): void {
  const writers = new Map<symbol, number[]>()
  const names = new Set<string>()
  for (const [index, plugin] of plugins.entries()) {
    for (const key of plugin.writes ?? []) {
      writers.set(key.id, [...(writers.get(key.id) ?? []), index])
      names.add(key.name)
    }
  }
  const spans = plugins.map(spanOf)
  const tangled = tangledWith(plugins, writers, spans)
  for (const [index, plugin] of plugins.entries()) {
    for (const key of plugin.reads ?? []) {
      const writing = writers.get(key.id) ?? []
      if (writing.length === 0) {
        if (!byCore.has(key.id)) report(missing(plugin, key, names))
      } else if (writing.every((writer) => writer !== index && isLate(spans[writer], spans[index]))) {
        const writer = writing[0] ?? 0
        const name = plugins[writer]?.name ?? ''
        report(tangled(index, writer) ? cyclic(plugin, key, name) : late(plugin, key, name))
      }
    }
  }
}

// ---

/** First and last place of a plugin in a request, as comparable positions. */
interface Span {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly firstRank: number
  readonly lastRank: number
}

function spanOf(plugin: AnyPlugin, place: number): Span | undefined {
  const positions = hookNames
    .filter((name) => plugin.hooks?.[name])
    .map((name) => {
      const hook = plugin.hooks?.[name]
      const order = typeof hook === 'object' ? hook.order : undefined
      return [rankOf[name], weigh(plugin.enforce), weigh(order), place]
    })
  const first = positions[0]
  const last = positions.at(-1)
  return first && last ? { first, last, firstRank: first[0] ?? 0, lastRank: last[0] ?? 0 } : undefined
}

function weigh(order: 'pre' | 'post' | undefined): number {
  if (order === undefined) return 0
  return order === 'pre' ? -1 : 1
}

/** A plugin without hooks (a pricing rule, a provider) is called by others, at a time nobody states. */
function isLate(writer: Span | undefined, reader: Span | undefined): boolean {
  if (!writer || !reader) return false
  for (const [index, value] of writer.first.entries()) {
    const other = reader.last[index] ?? 0
    if (value !== other) return value > other
  }
  return false
}

/** Whether two plugins wait for each other within one moment, directly or through others: no order helps then. */
function tangledWith(
  plugins: readonly AnyPlugin[],
  writers: ReadonlyMap<symbol, readonly number[]>,
  spans: readonly (Span | undefined)[],
): (from: number, to: number) => boolean {
  const needs = plugins.map((plugin, index) =>
    (plugin.reads ?? [])
      .flatMap((key) => writers.get(key.id) ?? [])
      .filter((writer) => writer !== index && spans[index]?.lastRank === spans[writer]?.firstRank),
  )
  return (from, to) => {
    const seen = new Set<number>()
    const open = [to]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === from) return true
      if (seen.has(next)) continue
      seen.add(next)
      open.push(...(needs[next] ?? []))
    }
    return false
  }
}

interface KeyProblem {
  readonly code: string
  readonly severity: 'error'
  readonly path: string
  readonly message: string
  readonly fix: string
}

function missing(plugin: AnyPlugin, key: KeyRef, names: Iterable<string>): KeyProblem {
  const fix = `Install a plugin that writes it. ${didYouMean(key.name, names)}`
  const message = `reads the key "${key.name}", which no plugin writes.`
  return { code: 'MISSING_KEY_WRITER', severity: 'error', path: `plugins.${plugin.name}`, message, fix }
}

function late(plugin: AnyPlugin, key: KeyRef, writer: string): KeyProblem {
  const fix = `Put "${writer}" before "${plugin.name}" in \`plugins\`.`
  const message = `reads the key "${key.name}" before "${writer}" writes it.`
  return { code: 'LATE_KEY_WRITER', severity: 'error', path: `plugins.${plugin.name}`, message, fix }
}

function cyclic(plugin: AnyPlugin, key: KeyRef, writer: string): KeyProblem {
  const fix =
    'No order of the plugins helps: leave one of them out, or write one of the keys in an earlier hook.'
  const message = `reads the key "${key.name}" of "${writer}", which in turn waits for "${plugin.name}".`
  return { code: 'CYCLIC_KEYS', severity: 'error', path: `plugins.${plugin.name}`, message, fix }
}
