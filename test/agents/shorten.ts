import type { Sandbox } from './sandbox.ts'

/**
 * A recorded request without what is its maker's or this machine's: instructions, descriptions and context are replaced
 * by a word, ids by counted ones, folders by others. What is left is the shape: fields, names, schemas, the conversation.
 */
export function shortened(value: unknown, { home, folder }: Pick<Sandbox, 'home' | 'folder'>): unknown {
  const ids = new Map<string, string>()
  const counted = (id: string): string => {
    const known = ids.get(id) ?? `00000000-0000-7000-8000-${String(ids.size + 1).padStart(12, '0')}`
    ids.set(id, known)
    return known
  }
  const plain = (text: string): string =>
    text
      .replaceAll(folder, '/home/user/project')
      .replaceAll(home, '/home/user')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, counted)
      .replaceAll(/(?<=device_id\\?":\\?")[0-9a-f]{64}/g, '0'.repeat(64))
      .replaceAll(/(?<=_at_unix_ms\\?":)\d+/g, '1767225600000')
      .replaceAll(/(?<=agent_name\\?":\\?")\/root(?=\\?")/g, '/main')
      .replaceAll(/(?<=Chunk ID: )[0-9a-f]+/g, '000000')
      .replaceAll(/(?<=(?:codex_exec|claude-cli)\/[\d.]+ \()[^)]*(?=\))/g, 'platform')
  return walk(value, plain, '', '')
}

const ownWords: readonly string[] = ['instructions', 'description']

function walk(value: unknown, plain: (text: string) => string, name: string, role: string): unknown {
  if (typeof value === 'string') {
    if (ownWords.includes(name)) return 'Described.'
    if (name === 'text' && (role === 'system' || role === 'developer')) return wordsOf(value)
    return plain(name === 'text' || name === 'content' ? context(value, role) : value)
  }
  if (Array.isArray(value))
    return value.map((one) => walk(one, plain, name, name === 'system' ? 'system' : role))
  if (typeof value !== 'object' || value === null) return value
  const own = 'role' in value && typeof value.role === 'string' ? value.role : role
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      // A property of a schema may be called like a field of the wire.
      if (name === 'properties') return [key, walk(one, plain, '', '')]
      return [key, walk(one, plain, key, own)]
    }),
  )
}

/** Claude Code's first block is made to be recognised; all other instructions are prose. */
function wordsOf(text: string): string {
  if (text.startsWith('x-anthropic-billing-header')) return text
  const tag = /^<([a-z_-]+)>/.exec(text)?.[1]
  return tag === undefined ? 'Instructions.' : `<${tag}>\nContext.\n</${tag}>`
}

function context(text: string, role: string): string {
  if (role === 'system' || role === 'developer') return wordsOf(text)
  const [whole, tag] = /^<([a-z_-]+)>[^]*<\/\1>\n?$/.exec(text) ?? []
  return whole === undefined ? text : `<${tag}>\nContext.\n</${tag}>\n`
}
