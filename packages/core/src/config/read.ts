import type { GroupEntry, ModelEntry, ServerOptions } from '../contract/index.ts'
import { isAddressEntry } from '../address.ts'
import {
  amount,
  finite,
  flag,
  isTable,
  oneOf,
  readTable,
  tableOf,
  text,
  texts,
  whole,
  wrongType,
} from './shape.ts'
import type { Reporter, Shape, Table } from './shape.ts'

/** What a server option is when the config does not say. */
export const serverDefaults: ServerOptions = {
  host: '127.0.0.1',
  port: 8787,
  headerPrefix: 'x-gantry',
  maxBodyBytes: 32 * 1024 * 1024,
  commitAfterMs: 30_000,
  drainTimeoutMs: 600_000,
  insufficientFunds: 429,
}

const tokenPattern = /^[a-z0-9][a-z0-9-]{0,63}$/

const serverShapes: { readonly [key in keyof Required<ServerOptions>]: Shape } = {
  host: text,
  port: whole(0, 65_535),
  headerPrefix: {
    expected: 'a header name in small letters, or false',
    test: (value) => value === false || (typeof value === 'string' && tokenPattern.test(value)),
  },
  cors: {
    expected:
      'an object with `origins`, a list of "*" and origins as browsers send them ("https://app.example")',
    test: (value) => isTable(value) && isListOf(value['origins'], isOrigin),
  },
  trustedProxies: {
    expected: 'a list of addresses, networks ("10.0.0.0/8") and "loopback"',
    test: (value) => isListOf(value, isAddressEntry),
  },
  maxBodyBytes: whole(1),
  commitAfterMs: amount,
  drainTimeoutMs: amount,
  insufficientFunds: oneOf(402, 403, 429),
  controlSocket: text,
}

const modelShapes: { readonly [key in keyof Required<ModelEntry<string>>]: Shape } = {
  to: { expected: 'a target or a list of targets', test: (value) => value !== null },
  price: {
    expected: '"list", "free" or an object of prices',
    test: (value) => value === 'list' || value === 'free' || isTable(value),
  },
  loss: oneOf('strict', 'warn', 'allow'),
  echo: oneOf('served', 'asked'),
  maxOutputTokens: whole(1),
}

const targetShapes: { readonly [key: string]: Shape } = {
  to: text,
  weight: amount,
  priority: finite,
  explicit: flag,
  protocol: text,
}

const groupShapes: { readonly [key in keyof Required<GroupEntry<string>>]: Shape } = {
  models: texts,
  to: texts,
  ratio: {
    expected: 'a number or a decimal text, at least 0',
    test: (value) => text.test(value) || amount.test(value),
  },
  limits: { expected: 'an object', test: isTable },
}

const limitShapes: { readonly [key: string]: Shape } = {
  requestsPerMinute: amount,
  tokensPerMinute: amount,
  concurrency: amount,
}

/** Server options with defaults; wrong ones are reported and left at their default. */
export function readServer(value: unknown, report: Reporter): ServerOptions {
  if (value === undefined) return serverDefaults
  const given = readTable(tableOf(value, 'server', report), serverShapes, 'server', report)
  return { ...serverDefaults, ...(given as ServerOptions) }
}

/** Models whose entry can be used; `to` is always a list afterwards, of well-formed targets. */
export function readModels(
  value: unknown,
  report: Reporter,
): { readonly [name: string]: ModelEntry<string> } {
  return readEntries(value, 'models', report, (entry, path) => {
    const kept = readTable(entry, modelShapes, path, report, 'warning')
    const given = kept['to']
    const list: readonly unknown[] = Array.isArray(given) ? given : [given]
    if (entry['to'] === undefined || list.length === 0) {
      report(wrongType(`${path}.to`, 'a target such as "provider/model"', undefined))
    }
    const at = (index: number): string => (Array.isArray(given) ? `${path}.to[${index}]` : `${path}.to`)
    const to = given === undefined ? [] : list.map((one, index) => readTarget(one, at(index), report))
    const model: object = { ...kept, to: to.filter((one) => one !== undefined) }
    return model as ModelEntry<string>
  })
}

/** Groups whose entry can be used; `models` is always a list afterwards. */
export function readGroups(
  value: unknown,
  report: Reporter,
): { readonly [name: string]: GroupEntry<string> } {
  return readEntries(value, 'groups', report, (entry, path) => {
    const kept = readTable(entry, groupShapes, path, report, 'warning')
    if (entry['models'] === undefined) report(wrongType(`${path}.models`, texts.expected, undefined))
    const limits = isTable(kept['limits'])
      ? { limits: readTable(kept['limits'], limitShapes, `${path}.limits`, report, 'warning') }
      : {}
    const group: object = { models: [], ...kept, ...limits }
    return group as GroupEntry<string>
  })
}

// ---

function isListOf(value: unknown, test: (text: string) => boolean): boolean {
  return texts.test(value) && (value as readonly string[]).every(test)
}

/** What a browser may send as `Origin`, letter for letter: one with a slash or in capitals would never match. */
function isOrigin(text: string): boolean {
  if (text === '*' || text === 'null') return true
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text)
}

function readEntries<T>(
  value: unknown,
  path: string,
  report: Reporter,
  read: (entry: Table, path: string) => T,
): { readonly [name: string]: T } {
  const entries: { [name: string]: T } = Object.create(null)
  for (const [name, entry] of Object.entries(tableOf(value, path, report))) {
    const at = `${path}.${name}`
    if (name === '')
      report({ code: 'EMPTY_NAME', severity: 'error', path, message: 'has an entry without a name.' })
    else if (isTable(entry)) entries[name] = read(entry, at)
    else report(wrongType(at, 'an object', entry))
  }
  return entries
}

function readTarget(value: unknown, path: string, report: Reporter): unknown {
  const target = typeof value === 'string' ? { to: value } : value
  if (!isTable(target)) {
    report(wrongType(path, 'a target such as "provider/model", or an object with `to`', value))
    return undefined
  }
  const kept = readTable(target, targetShapes, path, report)
  const to = kept['to']
  if (typeof to !== 'string') {
    if (target['to'] === undefined) report(wrongType(`${path}.to`, 'a text', undefined))
    return undefined
  }
  const slash = to.indexOf('/')
  if (slash > 0 && slash < to.length - 1) return typeof value === 'string' ? value : kept
  report({
    code: 'MALFORMED_TARGET',
    severity: 'error',
    path,
    message: `"${to}" is not a target.`,
    fix: 'Write "provider/model": the name of a provider, a slash, and the name the model has there.',
  })
  return undefined
}
