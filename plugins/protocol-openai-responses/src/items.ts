import type { JsonObject, Part, PartGroup, Turn } from '@gantry/core'
import { readContent, type Side } from './content.ts'
import { kindOfItem, type ItemKind } from './item-kinds.ts'
import { readItemPart, statusOf } from './item-parts.ts'
import { name } from './name.ts'
import { objectsOf, restOf, stringOf } from './own.ts'

const messageKeys: ReadonlySet<string> = new Set(['type', 'id', 'role', 'status', 'phase', 'content'])
const groupKeys: ReadonlySet<string> = new Set(['type', 'id', 'role', 'status', 'content'])

/** Note on the empty text that stands for a message without content. */
export const emptyNote = '$empty'
/** Note on a group whose item had no id: the group's is made up. */
export const mintedNote = '$minted'

/**
 * One item of an answer's `output` as parts: a message gives one for each of its content parts, all in one group, and
 * one empty text when it has none; every other item gives one. `position` names items that have no id.
 */
export function readAnswerItem(item: JsonObject, position: number): readonly Part[] {
  if (kindOfItem(item, 'answer') !== 'message') return [readItemPart(item, 'answer')]
  const group = groupOf(item, position)
  const content = readMessageContent(item, 'output')
  return content.length > 0 ? content.map((part) => ({ ...part, group })) : [emptyPart(group)]
}

/** What the parts of a message share. */
export function groupOf(item: JsonObject, position: number): PartGroup {
  const id = stringOf(item['id']) || undefined
  const notes = { ...statusOf(item), ...(id === undefined && { [mintedNote]: true }) }
  return { id: id ?? `#${position}`, ...restOf(item, groupKeys, notes) }
}

/** Stands for a message without content. */
export function emptyPart(group: PartGroup): Part {
  return { type: 'text', text: '', group, extra: { [name]: { [emptyNote]: true } } }
}

/** One item of a request's `input`, or of a compacted conversation, as a turn; `at` is its JSON pointer. */
export function readTurn(item: JsonObject, at?: string): Turn {
  const kind = kindOfItem(item, 'request')
  const place = at === undefined ? {} : { at }
  if (kind !== 'message') {
    const part = readItemPart(item, 'request', at)
    return { role: roleOf(item, kind), parts: [{ ...part, ...place }], ...place }
  }
  const role = messageRole(item)
  const id = stringOf(item['id'])
  const status = stringOf(item['status'])
  const phase = stringOf(item['phase'])
  // An item that says its type goes back with it: some hosts want it, some clients leave it out.
  const typed = item['type'] === undefined ? undefined : { $typed: true }
  const listed = Array.isArray(item['content']) ? { $list: true } : undefined
  return {
    role,
    parts: readMessageContent(item, role === 'assistant' ? 'output' : 'input', at),
    ...(id !== undefined && { id }),
    ...(status !== undefined && { status }),
    ...(phase !== undefined && { phase }),
    ...restOf(item, messageKeys, { ...typed, ...listed }),
    ...place,
  }
}

/** The content of a message: a string is one text. */
export function readMessageContent(item: JsonObject, side: Side, at?: string): readonly Part[] {
  const { content } = item
  if (typeof content === 'string') {
    return [{ type: 'text', text: content, ...(at !== undefined && { at: `${at}/content` }) }]
  }
  return objectsOf(content).map((value, index) =>
    readContent(value, side, at === undefined ? undefined : `${at}/content/${index}`),
  )
}

/** Items that the model's side makes, although they are of no kind that others know. */
const assistants: ReadonlySet<string> = new Set(['mcp_list_tools', 'mcp_approval_request', 'item_reference'])

function roleOf(item: JsonObject, kind: ItemKind): Turn['role'] {
  switch (kind) {
    case 'function_result':
    case 'custom_result':
    case 'hosted_result':
      return 'tool'
    case 'additional_tools':
      return 'developer'
    case 'native':
      return assistants.has(String(item['type'])) ? 'assistant' : 'user'
    default:
      return 'assistant'
  }
}

function messageRole(item: JsonObject): Turn['role'] {
  const role = item['role']
  return role === 'assistant' || role === 'system' || role === 'developer' ? role : 'user'
}
