import type { Json, JsonObject, Loss } from '@gantry/core'

/** A scalar of a body, and where it stands. */
export interface Leaf {
  readonly pointer: string
  readonly key: string
  readonly value: string | number | boolean
}

/** Every scalar of a body that says something: null says as much as an absent field. */
export function leavesOf(value: Json | undefined, pointer = '', key = ''): readonly Leaf[] {
  if (value === null || value === undefined) return []
  if (typeof value !== 'object') return [{ pointer, key, value }]
  if (Array.isArray(value))
    return value.flatMap((item: Json, index) => leavesOf(item, `${pointer}/${index}`, key))
  return Object.entries(value as JsonObject).flatMap(([name, item]) =>
    leavesOf(item, `${pointer}/${escaped(name)}`, name),
  )
}

/** Where a request has ended up. */
export interface Outbound {
  has(leaf: Leaf): boolean
}

/**
 * Everything that a body says: its strings, what JSON inside its strings says (one wire writes arguments as text, another
 * as an object), its numbers and flags.
 */
export function outboundOf(body: JsonObject): Outbound {
  const texts: string[] = []
  const scalars = new Set<string>()
  const collect = (value: Json | undefined): void => {
    for (const leaf of leavesOf(value)) {
      scalars.add(String(leaf.value))
      if (typeof leaf.value !== 'string') continue
      texts.push(leaf.value)
      const inner = parsed(leaf.value)
      if (inner !== undefined) collect(inner)
    }
  }
  collect(body)
  const all = texts.join('\n')
  return {
    has({ value }) {
      if (scalars.has(String(value))) return true
      if (typeof value !== 'string') return all.includes(String(value))
      if (all.includes(value)) return true
      const inner = parsed(value)
      if (inner !== undefined) return leavesOf(inner).every((leaf) => this.has({ ...leaf, key: '' }))
      // A data URL is taken apart, a text with spaces around it may be trimmed.
      const data = /^data:[^,]*,(.+)$/s.exec(value)?.[1]
      return data !== undefined ? all.includes(data) : all.includes(value.trim())
    },
  }
}

/** Whether a loss speaks of a leaf: it names the leaf, something around it, or the leaf's own place in the model. */
export function isReported(leaf: Leaf, losses: readonly Loss[]): boolean {
  return losses.some(({ pointer, what }) => {
    if (pointer !== '' && (leaf.pointer === pointer || leaf.pointer.startsWith(`${pointer}/`))) return true
    if (pointer.startsWith(`${leaf.pointer}/`)) return true
    // Fields of the model are named as the model names them.
    const names = [what.split('.').at(-1) ?? '', pointer.split('/').at(-1) ?? '']
      .flatMap((name) => [name, ...(aliases[name] ?? [])])
      .map(plain)
    return leaf.pointer.split('/').some((step) => names.some((name) => isNamed(plain(step), name)))
  })
}

/** Fields of the model that end like no client's field. */
const aliases: { readonly [name: string]: readonly string[] } = {
  count: ['n'],
  display: ['summary'],
  stop: ['stop_sequences'],
  max_output_tokens: ['max_tokens', 'max_completion_tokens'],
  breakpoint: ['cache_control'],
}

/** `cache.key` is a client's `prompt_cache_key`. */
function isNamed(step: string, name: string): boolean {
  return name !== '' && step.endsWith(name)
}

function parsed(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
