/**
 * Why this Node cannot run a gateway, as one line; undefined when it can. Kept in old syntax and without imports,
 * because it has to run on exactly the versions it refuses.
 */
export function refuseRuntime(node: string, sqlite: string | undefined): string | undefined {
  const [major = 0, minor = 0] = numbers(node)
  if (!(major > 24 && major !== 25) && !(major === 24 && minor >= 15)) {
    return `gantry needs Node ^24.15.0 or >=26; this is ${node}.`
  }
  if (sqlite === undefined) return `gantry needs a Node with SQLite; this ${node} was built without it.`
  const [first = 0, second = 0, third = 0] = numbers(sqlite)
  const old = first < 3 || (first === 3 && (second < 51 || (second === 51 && third < 3)))
  if (!old) return undefined
  return `gantry needs SQLite 3.51.3 or newer, which fixed a corruption of write-ahead logs; this Node has ${sqlite}.`
}

function numbers(version: string): number[] {
  return version.replace(/^v/, '').split('.').map(Number)
}
