const kSecret: symbol = Symbol.for('gantry.secret')

/** A secret that is read from the environment at boot. */
export interface SecretRef {
  readonly variable: string
  readonly fallback?: string
}

/** A secret option: the value itself, or `env('NAME')`. */
export type Secret = string | SecretRef

/**
 * Names an environment variable whose value an option wants. It is read at boot (after `.env` beside the config),
 * and a missing one is an error that names the option and the variable.
 */
export function env(variable: string, fallback?: string): SecretRef {
  return Object.defineProperty(fallback === undefined ? { variable } : { variable, fallback }, kSecret, {
    value: true,
  }) as SecretRef
}

/** Whether an option value is an unread `env('NAME')`. */
export function isSecretRef(value: unknown): value is SecretRef {
  return typeof value === 'object' && value !== null && (value as { [kSecret]?: boolean })[kSecret] === true
}

/** What `resolveSecrets` found. */
export interface ResolvedSecrets {
  readonly value: unknown
  /** Values read, and values written down under the name of a secret; for the redactor. */
  readonly secrets: readonly string[]
  /** Options whose variable is not set. */
  readonly missing: readonly { readonly path: string; readonly variable: string }[]
}

/** Options whose value is a secret also when it is written down and not read from the environment. */
const secretNames = /(?:key|keys|secret|token|pepper|password|credential)s?$/i

/** Replaces every `env('NAME')` in plain objects and arrays by its value; other values pass untouched. */
export function resolveSecrets(
  value: unknown,
  environment: { readonly [name: string]: string | undefined } = process.env,
): ResolvedSecrets {
  const secrets: string[] = []
  const missing: { path: string; variable: string }[] = []
  const open = new Set<object>()
  const walk = (node: unknown, path: string): unknown => {
    if (isSecretRef(node)) {
      const found = environment[node.variable] || node.fallback
      if (found === undefined) missing.push({ path, variable: node.variable })
      else secrets.push(found)
      return found
    }
    if (typeof node === 'string' && secretNames.test(path.replace(/\[\d+\]$/, ''))) secrets.push(node)
    if (!Array.isArray(node) && !isPlain(node)) return node
    // An object that leads back to itself was read where it stands first.
    if (open.has(node)) return node
    open.add(node)
    const read = Array.isArray(node) ? readList(node, path) : readObject(node, path)
    open.delete(node)
    return read
  }
  /** The very list or object that was given where nothing in it had to be read: it may carry marks of its own. */
  const readList = (list: readonly unknown[], path: string): readonly unknown[] => {
    const read = list.map((item, index) => walk(item, `${path}[${index}]`))
    return read.some((item, index) => item !== list[index]) ? read : list
  }
  const readObject = (node: Record<string, unknown>, path: string): Record<string, unknown> => {
    const entries = Object.entries(node)
    const read = entries.map(([name, item]) => [name, walk(item, path ? `${path}.${name}` : name)] as const)
    return read.some(([, item], index) => item !== entries[index]![1]) ? Object.fromEntries(read) : node
  }
  return { value: walk(value, ''), secrets, missing }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
