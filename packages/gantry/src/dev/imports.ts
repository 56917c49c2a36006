import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Files that a config is made of, at most; a config that imports a whole repository is watched only so far. */
const mostFiles = 2000

const endings: readonly string[] = ['', '.ts', '.mts', '.js', '.mjs', '.json', '/index.ts', '/index.js']

// Only what a config may reach by a relative path: packages are not edited while a gateway is tried.
const specifier = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])(\.{1,2}\/[^'"\n]*)\1/g

/**
 * The config, what it imports by relative path, and what those import; with `.env` beside it. Read from the text, so that it also
 * works for a file that does not evaluate. A file that cannot be read is still listed: it may appear.
 */
export function filesOf(config: string): readonly string[] {
  const seen = new Set<string>()
  const queue = [resolve(config)]
  for (let file = queue.pop(); file !== undefined && seen.size < mostFiles; file = queue.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const path of relativeImports(file)) queue.push(path)
  }
  return [...seen, join(dirname(resolve(config)), '.env')]
}

function relativeImports(file: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  const found: string[] = []
  for (const [, , path = ''] of text.matchAll(specifier)) {
    const base = resolve(dirname(file), path)
    found.push(endings.map((ending) => base + ending).find(isFile) ?? base)
  }
  return found
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
