import type { ConfigProblem } from '@gantry/core'
import { type Exact, readExact } from './exact.ts'
import { isTable } from './options.ts'

/** Names of tables that map a name to a number. */
const tableNames = [
  'model_ratio',
  'completion_ratio',
  'cache_ratio',
  'create_cache_ratio',
  'image_ratio',
  'audio_ratio',
  'audio_completion_ratio',
  'model_price',
  'tool_price',
  'group_ratio',
] as const

type TableName = (typeof tableNames)[number]

/** Entries of one table. */
export type Entries = ReadonlyMap<string, Exact>

/** What was imported. */
export interface Imported {
  readonly tables: { readonly [name in TableName]: Entries }
  readonly groups: ReadonlyMap<string, Entries>
}

/** Takes a problem: where in the import, and what. */
type Report = (path: string, message: string) => void

/** Settings of new-api by our name of them; the other ones are the snake case turned into its own spelling. */
const aliases: ReadonlyMap<string, string> = new Map([
  ...[...tableNames, 'group_group_ratio'].map((name): [string, string] => [pascal(name), name]),
  ['ToolPrices', 'tool_price'],
  ['tool_price_setting.prices', 'tool_price'],
])

/** Fields around the tables in what new-api answers and stores; they hold no prices. */
const ignored: ReadonlySet<string> = new Set([
  'success',
  'message',
  'vendors',
  'supported_endpoint',
  'usable_group',
  'auto_groups',
])

/**
 * Reads tables from an object. Entries that are wrong are left out and reported with where they are; so are tables that
 * nobody knows, because a misspelt table would be a price that is missing.
 */
export function importRatios(value: unknown, report: Report): Imported {
  const tables = Object.fromEntries(tableNames.map((name) => [name, new Map<string, Exact>()])) as {
    readonly [name in TableName]: Map<string, Exact>
  }
  const groups = new Map<string, Entries>()
  const read = (at: string, name: string, given: unknown): void => {
    if (name === 'data' && Array.isArray(given)) return readPricing(given, at, tables, report)
    const table = parsed(given)
    if (!isTable(table)) return report(at, 'is not a table of names and numbers.')
    if (name === 'data') {
      for (const [key, one] of Object.entries(table)) read(`${at}.${key}`, aliases.get(key) ?? key, one)
    } else if (name === 'group_group_ratio') {
      for (const [group, one] of Object.entries(table)) {
        const entries = new Map<string, Exact>()
        const inner = parsed(one)
        if (isTable(inner)) readEntries(inner, `${at}.${group}`, entries, report)
        else report(`${at}.${group}`, 'is not a table of names and numbers.')
        groups.set(group, entries)
      }
    } else if (isTableName(name)) readEntries(table, at, tables[name], report)
    else if (!ignored.has(name))
      report(at, `is no table of prices. Known are ${tableNames.join(', ')}, group_group_ratio.`)
  }
  if (!isTable(value)) report('', 'is not an object of tables.')
  else {
    for (const [key, one] of Object.entries(value)) {
      if (!ignored.has(key)) read(key, aliases.get(key) ?? key, one)
    }
  }
  return { tables, groups }
}

/** Problems as the boot shows them, under the option they come from. */
export function problemsIn(
  option: string,
  file: string | undefined,
  found: readonly (readonly [string, string])[],
): readonly ConfigProblem[] {
  return found.map(([path, message]) => ({
    code: 'INVALID_IMPORT',
    severity: 'error',
    path: ['pricing-new-api', option, path].filter(Boolean).join('.'),
    message: file === undefined ? message : `${message} (in ${file})`,
    fix: 'Numbers are as new-api prints them, like 0.625; a negative one or a text is none.',
  }))
}

// ---

/** The list that `/api/pricing` answers: one object for each model. */
function readPricing(
  list: readonly unknown[],
  at: string,
  tables: { readonly [name in TableName]: Map<string, Exact> },
  report: Report,
): void {
  for (const [index, one] of list.entries()) {
    const name = isTable(one) ? one['model_name'] : undefined
    if (!isTable(one) || typeof name !== 'string' || name === '') {
      report(`${at}.${index}`, 'has no model_name.')
      continue
    }
    // 1 is priced by request; the other kind's fields are filled with zeros then, which are no prices.
    const fixed = one['quota_type'] === 1
    for (const table of tableNames) {
      if (one[table] === undefined || one[table] === null || fixed !== (table === 'model_price')) continue
      readEntries({ [name]: one[table] }, `${at}.${index}.${table}`, tables[table], report)
    }
  }
}

function readEntries(
  table: { readonly [name: string]: unknown },
  at: string,
  into: Map<string, Exact>,
  report: Report,
): void {
  for (const [name, value] of Object.entries(table)) {
    try {
      into.set(name, readExact(value))
    } catch (error) {
      report(`${at}.${name}`, error instanceof Error ? error.message : String(error))
    }
  }
}

/** new-api stores a table as the text of its JSON. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

function isTableName(name: string): name is TableName {
  return (tableNames as readonly string[]).includes(name)
}

function pascal(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase())
}
