import { WireError } from './error.ts'
import { documentStart, scanContainer, skipValue, type Container, type Slot } from './json-scan.ts'

/**
 * Sets the value at a JSON pointer, or removes it when `value` is absent.
 * Structurally the `Splice` of core's contract.
 */
export interface Splice {
  readonly pointer: string
  readonly value?: unknown
}

/** Bytes from `start` to `end` become `bytes`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

/** A splice with its pointer read; `depth` tokens of it are resolved. */
interface Task {
  readonly tokens: readonly string[]
  readonly splice: Splice
}

const encoder: { encode(text: string): Uint8Array<ArrayBuffer> } = new TextEncoder()
const nothing: Uint8Array = new Uint8Array(0)

/**
 * Changes values in JSON text and not one byte beside them: spacing, key order, numbers, unknown fields and a
 * byte order mark stay. Of a duplicate key the last is set, because readers take the last; removing removes all.
 * A missing member of an object is inserted at its beginning, missing or null parents are made. In an array the
 * last token is an index, or `-` for a new last element. Removing what is not there changes nothing.
 *
 * The text is scanned, not parsed: linear, and no deeper than the pointers go.
 * Throws `WireError` `json_syntax` for broken text around the touched values, and where a parent on the way to a
 * set is a string, number or boolean. Returns `body` itself when there is nothing to change.
 */
export function spliceJson(body: Uint8Array, splices: readonly Splice[]): Uint8Array {
  let result = body
  for (const round of roundsOf(splices)) result = applyRound(result, round)
  return result
}

/** Splices with different first tokens share one scan; those that may touch each other take turns, in order. */
function roundsOf(splices: readonly Splice[]): Task[][] {
  const rounds: Task[][] = []
  let taken = new Set<string>()
  let round: Task[] = []
  for (const splice of splices) {
    const tokens = tokensOf(splice.pointer)
    const first = tokens[0]
    if (round.length > 0 && (first === undefined || taken.has('') || taken.has(`/${first}`))) {
      rounds.push(round)
      round = []
      taken = new Set()
    }
    taken.add(first === undefined ? '' : `/${first}`)
    round.push({ tokens, splice })
  }
  if (round.length > 0) rounds.push(round)
  return rounds
}

function applyRound(body: Uint8Array, tasks: readonly Task[]): Uint8Array {
  const edits: Edit[] = []
  const start = documentStart(body)
  const first = tasks[0]
  if (first !== undefined && first.tokens.length === 0) {
    if (first.splice.value === undefined) throw new TypeError('The whole document cannot be removed.')
    edits.push({ start, end: skipValue(body, start), bytes: encode(first.splice.value) })
  } else editContainer(body, start, tasks, 0, edits)
  return edits.length === 0 ? body : applyEdits(body, edits)
}

/** Plans the edits of `tasks` in the value at `at`. Below the first level there is one task. */
function editContainer(
  body: Uint8Array,
  at: number,
  tasks: readonly Task[],
  depth: number,
  edits: Edit[],
): void {
  const container = scanContainer(body, at, new Set(tasks.map((task) => task.tokens[depth] as string)))
  if (container === undefined) {
    for (const { tokens, splice } of tasks) {
      if (splice.value === undefined) continue
      if (!isNull(body, at)) throw noContainer(tokens.slice(0, depth))
      edits.push({ start: at, end: at + 4, bytes: encode(nest(tokens.slice(depth), splice.value)) })
    }
    return
  }
  const removed: Slot[] = []
  const inserted: Task[] = []
  for (const task of tasks) {
    const slots = container.found.get(task.tokens[depth] as string) ?? []
    const last = slots.at(-1)
    const isLeaf = depth === task.tokens.length - 1
    if (task.splice.value === undefined) {
      if (isLeaf) removed.push(...slots)
      else if (last) editContainer(body, last.valueStart, [task], depth + 1, edits)
    } else if (last === undefined) inserted.push(task)
    else if (isLeaf)
      edits.push({ start: last.valueStart, end: last.valueEnd, bytes: encode(task.splice.value) })
    else editContainer(body, last.valueStart, [task], depth + 1, edits)
  }
  if (removed.length > 0) removeSlots(container, removed, edits)
  if (inserted.length > 0) insertSlots(container, inserted, depth, removed.length, edits)
}

/**
 * Each removed slot takes the comma after it; a run of them at the end takes the comma before it instead,
 * so that what stays is separated by exactly the commas that separated it.
 */
function removeSlots(container: Container, removed: readonly Slot[], edits: Edit[]): void {
  const slots = removed.toSorted((a, b) => a.index - b.index)
  let run = slots.length
  while (run > 0 && slots[run - 1]?.index === container.count - 1 - (slots.length - run)) run--
  for (const slot of slots.slice(0, run)) {
    edits.push({ start: slot.start, end: slot.commaAfter + 1, bytes: nothing })
  }
  const first = slots[run]
  if (first === undefined) return
  const start = first.commaBefore === -1 ? first.start : first.commaBefore
  edits.push({ start, end: container.lastEnd, bytes: nothing })
}

function insertSlots(
  container: Container,
  inserted: readonly Task[],
  depth: number,
  removedCount: number,
  edits: Edit[],
): void {
  const isEmpty = container.count - removedCount === 0
  if (container.kind === 'object') {
    const members = inserted.map(({ tokens, splice }) => {
      const value = nest(tokens.slice(depth + 1), splice.value)
      return `${JSON.stringify(tokens[depth])}:${JSON.stringify(value)}`
    })
    const text = isEmpty ? members.join(',') : `${members.join(',')},`
    edits.push({ start: container.inside, end: container.inside, bytes: encoder.encode(text) })
    return
  }
  for (const { tokens, splice } of inserted) {
    const token = tokens[depth]
    if (token !== '-' && token !== String(container.count)) throw noContainer(tokens.slice(0, depth + 1))
    const text = JSON.stringify(nest(tokens.slice(depth + 1), splice.value))
    const at = isEmpty ? container.inside : container.lastEnd
    edits.push({ start: at, end: at, bytes: encoder.encode(isEmpty ? text : `,${text}`) })
  }
}

function applyEdits(body: Uint8Array, edits: Edit[]): Uint8Array {
  // At one place an insertion comes before the removal that begins there.
  edits.sort((a, b) => a.start - b.start || a.end - b.end)
  let length = body.length
  for (const edit of edits) length += edit.bytes.length - (edit.end - edit.start)
  const result = new Uint8Array(length)
  let from = 0
  let to = 0
  for (const edit of edits) {
    result.set(body.subarray(from, edit.start), to)
    to += edit.start - from
    result.set(edit.bytes, to)
    to += edit.bytes.length
    from = edit.end
  }
  result.set(body.subarray(from), to)
  return result
}

function tokensOf(pointer: string): readonly string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new TypeError(`A JSON pointer begins with "/": ${pointer}`)
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value under the parents that were missing. Own properties only: `__proto__` is a name like any other. */
function nest(tokens: readonly string[], value: unknown): unknown {
  let result = value
  for (const token of tokens.toReversed()) {
    result = Object.defineProperty({}, token, { value: result, enumerable: true })
  }
  return result
}

function encode(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

function isNull(body: Uint8Array, at: number): boolean {
  return body[at] === 0x6e && body[at + 1] === 0x75 && body[at + 2] === 0x6c && body[at + 3] === 0x6c
}

function noContainer(tokens: readonly string[]): WireError {
  const pointer = tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return new WireError('json_syntax', `The body has no object or array at "${pointer}" to write into.`)
}
