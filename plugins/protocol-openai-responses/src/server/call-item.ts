import type { Json, JsonObject, Part, ToolCallPart } from '@gantry/core'
import { isObject, parseJsonLossless } from '@gantry/core/codec'
import { toolSearch } from '../tool-notes.ts'
import { writeItem } from '../write-items.ts'
import type { OpenItem, Place } from './place.ts'

/** A call of a function or freeform tool; its arguments go out as they come. */
export function callItem(place: Place, start: ToolCallPart): OpenItem {
  const pieces: string[] = []
  let last = start
  let ended = false
  const [frame, field] =
    start.kind === 'custom'
      ? (['response.custom_tool_call_input', 'input'] as const)
      : (['response.function_call_arguments', 'arguments'] as const)

  const say = (text: string): void => {
    if (text === '') return
    pieces.push(text)
    place.frame(`${frame}.delta`, { delta: text })
  }
  const written = (text: string, status: string | undefined): JsonObject => {
    const item = writeItem({ ...asWire(last), id: place.id, arguments: text }) ?? {}
    return { ...item, status: status ?? item['status'] ?? 'completed' }
  }
  const said = (): string => (last !== start && last.arguments !== '' ? last.arguments : pieces.join(''))

  place.item('added', written('', 'in_progress'))
  say(start.arguments)
  return {
    place,
    delta(_index, delta) {
      if (delta.type === 'arguments') say(delta.text)
      else if (delta.type === 'native') place.native(delta.native)
    },
    end(_index, part: Part | undefined) {
      ended = true
      if (part?.type === 'tool_call') last = part
    },
    get ended() {
      return ended
    },
    close(incomplete) {
      const text = said()
      place.frame(`${frame}.done`, {
        ...(start.kind !== 'custom' && { name: last.name }),
        [field]: text,
      })
      const item = written(text, incomplete ? 'incomplete' : undefined)
      place.item('done', item)
      return item
    },
    soFar: () => written(said(), 'incomplete'),
  }
}

/** A search for tools that the client runs: other wires call it as a function, this one has an item for it. */
export function searchItem(place: Place, start: ToolCallPart): OpenItem {
  const pieces = [start.arguments]
  let last = start
  let ended = false
  const written = (status: string, given: Json): JsonObject => ({
    type: 'tool_search_call',
    id: place.id,
    call_id: start.callId,
    execution: 'client',
    arguments: given,
    status,
  })
  const value = (status: string): JsonObject =>
    written(
      status,
      argumentsObject(last !== start && last.arguments !== '' ? last.arguments : pieces.join('')),
    )
  place.item('added', written('in_progress', {}))
  return {
    place,
    delta(_index, delta) {
      if (delta.type === 'arguments') pieces.push(delta.text)
    },
    end(_index, part) {
      ended = true
      if (part?.type === 'tool_call') last = part
    },
    get ended() {
      return ended
    },
    close(incomplete) {
      const item = value(incomplete ? 'incomplete' : 'completed')
      place.item('done', item)
      return item
    },
    soFar: () => value('incomplete'),
  }
}

/** Whether a call without an item of its own is a search for tools. */
export function isSearch(part: ToolCallPart, clientSearch: boolean): boolean {
  return part.name === toolSearch && part.namespace === undefined && (clientSearch || part.kind === 'hosted')
}

/** Arguments that are no object stay the text they are: the client that reads them says what is wrong. */
function argumentsObject(text: string): Json {
  if (text.trim() === '') return {}
  try {
    const value = parseJsonLossless(text)
    return isObject(value) ? value : text
  } catch {
    return text
  }
}

/** A call as this wire can say it: a vendor-defined one of another wire is a function's, its caller nobody we know. */
function asWire(part: ToolCallPart): ToolCallPart {
  const { native, caller, ...call } = part
  return {
    ...call,
    ...(caller && callers.has(caller.type) && { caller }),
    ...(part.kind === 'hosted' ? { kind: 'function' as const } : native && { native }),
  }
}

const callers: ReadonlySet<string> = new Set(['direct', 'program'])
