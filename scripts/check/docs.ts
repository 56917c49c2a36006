import { posix } from 'node:path'
import type { Package, SourceFile, Workspace } from './workspace.ts'

/** Packages whose every export is written for somebody else to read. */
const documented: readonly string[] = ['@gantry/core', '@gantry/testing', 'gantry']

/**
 * Every public export has a docstring. It says what fails where a function throws, and what a bare number counts where
 * its name does not.
 */
export function checkDocs({ packages }: Workspace): readonly string[] {
  return packages.filter(({ manifest }) => documented.includes(manifest.name)).flatMap(packageProblems)
}

/** An exported declaration of a file. */
export interface Declaration {
  readonly name: string
  readonly kind: string
  /** Counted from 1. */
  readonly line: number
  /** Text of the docstring that stands right before it; empty where there is none. */
  readonly docs: string
  /** From its first line to the last one of its block. */
  readonly text: string
}

/**
 * Exported declarations of a file. The sources are formatted, so that a declaration begins at the start of a line and
 * ends with the first line that closes it there.
 */
export function declarationsOf(text: string): readonly Declaration[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const found = declarationPattern.exec(line)
    if (!found) return []
    const [, kind = '', name = ''] = found
    return [{ name, kind, line: index + 1, docs: docsBefore(lines, index), text: blockFrom(lines, index) }]
  })
}

/** What is missing in the docstring of a declaration. */
export function docProblems({ kind, name, docs, text }: Declaration): readonly string[] {
  if (docs.split(/\s+/).length < 3) return [`"${name}" is exported without a docstring`]
  const problems: string[] = []
  if (kind === 'function' && /^ {2,4}(?:if \(.*\) )?throw\b/m.test(text) && !failurePattern.test(docs))
    problems.push(`the docstring of "${name}" does not say what it throws`)
  // One unit for all: deadlines in milliseconds, prices per million tokens.
  const members = kind === 'interface' && !unitWord.test(docs) ? bareNumbers(text) : []
  for (const member of members) {
    if (!new RegExp(`\\b${member}\\b`).test(docs))
      problems.push(`"${name}.${member}" is a number without a unit: say it in its name or in a docstring`)
  }
  return problems
}

// ---

const declarationPattern =
  /^export (?:declare )?(?:async )?(?:abstract )?(function|const|let|interface|type|class)\*? (\w+)/

const failurePattern = /throw|reject|refus|fail|error|undefined/i

const unitWord = /\b(?:milliseconds|seconds|bytes|tokens|characters|nano-units|pico-units|UTF-16)\b/i

/** Names that say what they count. */
const unitPattern =
  /(?:Ms|At|Bytes|Tokens|Seconds|Minute|Count|Index|Percent|Ppm|Port|Status|Times)$|^(?:ms|port|status|index|attempt|position|seed|line|tokens|bytes|requests)$/

function packageProblems({ path, manifest, sources }: Package): readonly string[] {
  const files = new Map(sources.map((source) => [source.path, source]))
  const exported = new Map<string, Set<string>>()
  for (const entry of Object.values(manifest.exports ?? {})) {
    if (typeof entry === 'string' && entry.endsWith('.ts'))
      follow(posix.normalize(entry), '*', files, exported)
  }
  return [...exported].flatMap(([file, names]) =>
    declarationsOf(files.get(file)?.text ?? '')
      .filter(({ name }) => names.has('*') || names.has(name))
      .flatMap((declaration) =>
        docProblems(declaration).map((problem) => `${path}/${file}:${declaration.line}: ${problem}`),
      ),
  )
}

/** Notes where an exported name is declared; `*` is all of a file's names. */
function follow(
  file: string,
  name: string,
  files: ReadonlyMap<string, SourceFile>,
  exported: Map<string, Set<string>>,
): void {
  const source = files.get(file)
  const names = exported.get(file) ?? new Set<string>()
  if (!source || names.has(name) || names.has('*')) return
  exported.set(file, names.add(name))
  for (const [, list, from = ''] of source.text.matchAll(reexportPattern)) {
    if (!from.startsWith('.')) continue
    const target = posix.join(posix.dirname(file), from)
    for (const [own, outside] of list === undefined ? [['*', '*']] : pairsOf(list)) {
      if (own === '*') follow(target, name, files, exported)
      else if (name === '*' || name === outside) follow(target, own ?? '', files, exported)
    }
  }
}

const reexportPattern = /^export (?:type )?(?:\*|\{([^}]*)\}) from '([^']+)'/gm

/** Names in braces: as the other file calls them, and as this one does. */
function pairsOf(list: string): readonly (readonly [own: string, outside: string])[] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((one) => one !== '')
    .map((one) => {
      const [own = '', outside = own] = one.split(/\s+as\s+/)
      return [own, outside]
    })
}

function docsBefore(lines: readonly string[], index: number): string {
  let from = index - 1
  if (!lines[from]?.trimEnd().endsWith('*/')) return ''
  while (from > 0 && !lines[from]?.trimStart().startsWith('/*')) from--
  if (!lines[from]?.trimStart().startsWith('/**')) return ''
  return lines
    .slice(from, index)
    .map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*)\s?|\s*\*\/\s*$/g, ''))
    .join(' ')
    .trim()
}

function blockFrom(lines: readonly string[], index: number): string {
  const first = lines[index] ?? ''
  if (/\}\s*$/.test(first) || !/[{(<=|]\s*$/.test(first)) return first
  // A signature over several lines closes its parentheses at the start of a line, and opens its body there.
  const rest = lines.slice(index + 1)
  const end = rest.findIndex((line) => /^[})\]]/.test(line) && !/[{(]\s*$/.test(line))
  return [first, ...rest.slice(0, end < 0 ? rest.length : end + 1)].join('\n')
}

/** Number members of an interface that neither a name nor a docstring explains. */
function bareNumbers(text: string): readonly string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const [, name = ''] = /^ +readonly (\w+)\??: (?:number|bigint)\b/.exec(line) ?? []
    const before = lines[index - 1]?.trimEnd() ?? ''
    if (name === '' || unitPattern.test(name) || before.endsWith('*/')) return []
    return [name]
  })
}
