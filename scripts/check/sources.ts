import type { SourceFile, Workspace } from './workspace.ts'

/** Two mistakes that no test finds in time: SQL put together from text, and money in floating point. */
export function checkSources({ packages }: Workspace): readonly string[] {
  const problems: string[] = []
  for (const { path, sources, published } of packages) {
    if (!published) continue
    for (const file of sources) {
      for (const line of builtSql(file)) {
        problems.push(
          `${path}/${file.path}:${line}: SQL built from text; bind parameters, or say why it is safe with "// sql:"`,
        )
      }
      if (!/^(?:packages\/(?:core|ledger)|plugins\/(?:bill|pricing|store)-)/.test(path) || file.test) continue
      for (const line of floatMoney(file))
        problems.push(`${path}/${file.path}:${line}: an amount has to be a bigint`)
    }
  }
  return problems
}

/**
 * Lines where a statement of SQL takes in a value by text. What a module puts together from its own constants is no
 * such thing: nothing of a request can be in it.
 */
export function builtSql({ text }: Pick<SourceFile, 'text'>): readonly number[] {
  const lines = text.split('\n')
  const constants = new Set([...text.matchAll(/^(?:export )?const (\w+)/gm)].map(([, name = '']) => name))
  return linesOf(text, sqlPattern, /\/\/ sql: \S/).filter((line) => {
    if (isModuleConstant(lines, line - 1)) return false
    const rest = lines.slice(line - 1, line + 40).join('\n')
    const template = /`[^`]*`/.exec(rest)?.[0] ?? '${}'
    const values = [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, value = '']) => value.trim())
    return values.length === 0 || !values.every((value) => constants.has(value))
  })
}

/** Lines where a name that means money has the type `number`. */
export function floatMoney({ text }: Pick<SourceFile, 'text'>): readonly number[] {
  return linesOf(
    text,
    /\b(?:amount|unitPrice|price|cost|balance|posted|held|overdraft|charge|cap)\??:\s*number\b/g,
    /\/\/ number: \S/,
  )
}

// ---

const sqlPattern =
  /(?:`\s*(?:select|insert|update|delete|create|drop|alter|with|pragma|attach)\b[^`]*\$\{)|(?:['"]\s*(?:select|insert|update|delete|create|drop|alter|with|pragma|attach)\b[^'"\n]*['"]\s*\+)/gi

/** Whether the statement that a line belongs to is a constant of the module, and not a function in one. */
function isModuleConstant(lines: readonly string[], index: number): boolean {
  for (let at = index; at >= 0; at--) {
    const line = lines[at] ?? ''
    if (!/^[A-Za-z]/.test(line)) continue
    if (!/^(?:export )?const /.test(line)) return false
    return !lines.slice(at, index + 1).some((one) => /=>\s*(?:\{|$)|\bfunction\b/.test(one))
  }
  return false
}

/** Line numbers of matches that carry no excuse on their own line or the one before. */
function linesOf(text: string, pattern: RegExp, excuse: RegExp): readonly number[] {
  const lines = text.split('\n')
  return [...text.matchAll(pattern)]
    .map((match) => text.slice(0, match.index).split('\n').length)
    .filter((line) => !excuse.test(`${lines[line - 2] ?? ''}\n${lines[line - 1] ?? ''}`))
}
