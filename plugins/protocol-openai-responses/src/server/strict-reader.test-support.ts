import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Json, JsonObject } from '@gantry/core'

interface Content {
  readonly pieces: string[]
  done: boolean
}

interface Item {
  readonly added: JsonObject
  readonly contents: Map<string, Content>
  done?: JsonObject
}

/** Deltas of what, where the whole of it is told in the end, and by which index its parts are told apart. */
const texts: { readonly [frame: string]: { readonly field: string; readonly by?: string } } = {
  'response.output_text': { field: 'text', by: 'content_index' },
  'response.refusal': { field: 'refusal', by: 'content_index' },
  'response.reasoning_text': { field: 'text', by: 'content_index' },
  'response.reasoning_summary_text': { field: 'text', by: 'summary_index' },
  'response.function_call_arguments': { field: 'arguments' },
  'response.custom_tool_call_input': { field: 'input' },
  'response.code_interpreter_call_code': { field: 'code' },
  'response.mcp_call_arguments': { field: 'arguments' },
}
/** Parts that are opened and closed, and by which index. */
const parts: { readonly [frame: string]: string } = {
  'response.content_part': 'content_index',
  'response.reasoning_summary_part': 'summary_index',
}
const beginning = ['response.created', 'response.queued', 'response.in_progress']
const closing = ['response.completed', 'response.incomplete', 'response.failed']

/**
 * Reads a stream as the strictest of clients do, taken together: throws where one of them would not go on, and gives the
 * final response. `created` first; numbers from 0; every item announced and, unless the answer failed, finished, with one
 * id; deltas only inside an open part, which they fill exactly; the final output is the finished items in order.
 */
export function readStrictly(events: readonly JsonObject[]): JsonObject {
  const items: Item[] = []
  const ids = new Set<string>()
  equal(events[0]?.['type'], 'response.created', 'created comes first')
  const begin = events.findIndex((event) => !beginning.includes(String(event['type'])))
  ok(
    events.slice(0, begin).some((event) => event['type'] === 'response.in_progress'),
    'in_progress comes before anything else',
  )
  const id = responseOf(events[0])['id']
  events.forEach((event, index) => {
    const type = String(event['type'])
    equal(event['sequence_number'], index, 'frames are numbered from 0')
    if (event['response'] !== undefined) equal(responseOf(event)['id'], id, 'the response keeps its id')
    if (closing.includes(type)) equal(index, events.length - 1, 'nothing follows the end')
    if (type === 'response.output_item.added') {
      const item = event['item'] as JsonObject
      equal(event['output_index'], items.length, 'items are numbered from 0')
      ok(typeof item['id'] === 'string' && item['id'] !== '' && !ids.has(item['id']), 'an id of its own')
      ids.add(item['id'])
      items.push({ added: item, contents: new Map() })
    } else if (event['output_index'] !== undefined) takeItemEvent(type, event, items)
  })
  const last = events.at(-1) ?? {}
  ok(closing.includes(String(last['type'])), `the last frame closes the stream, not ${String(last['type'])}`)
  const response = responseOf(last)
  const output = response['output'] as readonly JsonObject[]
  if (last['type'] !== 'response.failed') {
    deepEqual(
      output,
      items.map(({ done }) => done),
      'the final output is the finished items',
    )
  } else {
    equal(events.at(-2)?.['type'], 'error', 'error comes before failed')
    deepEqual(
      output.map((item) => item['id']),
      items.map(({ added }) => added['id']),
      'a failed output has every item that was announced',
    )
  }
  return response
}

function takeItemEvent(type: string, event: JsonObject, items: readonly Item[]): void {
  const item = items[Number(event['output_index'])]
  ok(item, `${type} is about an announced item`)
  ok(!item.done, `${type} comes before its item is done`)
  if (event['item_id'] !== undefined) equal(event['item_id'], item.added['id'], 'the item keeps its id')
  if (type === 'response.output_item.done') return finish(item, event['item'] as JsonObject)
  const dot = type.lastIndexOf('.')
  const [frame, step] = [type.slice(0, dot), type.slice(dot + 1)]
  const by = parts[frame]
  if (by !== undefined) {
    const key = `${by} ${Number(event[by])}`
    if (step === 'added') {
      const before = [...item.contents.keys()].filter((other) => other.startsWith(by)).length
      equal(event[by], before, 'parts are numbered from 0')
      item.contents.set(key, { pieces: [], done: false })
    } else ok(item.contents.get(key)?.done !== undefined, 'only a part that was opened is closed')
    return
  }
  const text = texts[frame]
  if (!text) return
  const key = text.by === undefined ? frame : `${text.by} ${Number(event[text.by])}`
  if (text.by === undefined && !item.contents.has(key)) item.contents.set(key, { pieces: [], done: false })
  const content = item.contents.get(key)
  ok(content && !content.done, `${type} stands inside an open part`)
  if (step === 'delta') content.pieces.push(String(event['delta']))
  else if (step === 'done') {
    content.done = true
    equal(event[text.field], content.pieces.join(''), 'the whole is what its deltas were')
  }
}

function finish(item: Item, done: JsonObject): void {
  equal(done['type'], item.added['type'], 'an item keeps its type')
  equal(done['id'], item.added['id'], 'an item keeps its id')
  equal(done['call_id'], item.added['call_id'], 'a call keeps its id')
  item.done = done
  const said = textsIn(done)
  for (const [key, { pieces, done: closed }] of item.contents) {
    ok(closed, `${key} of ${String(done['type'])} is closed before its item`)
    ok(said.includes(pieces.join('')), `${key} of ${String(done['type'])} is in the finished item`)
  }
}

/** Every text of a finished item. */
function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap((inner) => textsIn(inner as Json))
}

function responseOf(event: JsonObject | undefined): JsonObject {
  return (event?.['response'] ?? {}) as JsonObject
}
