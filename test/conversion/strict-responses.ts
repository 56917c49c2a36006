import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '@gantry/core'
import { type Frame, isCount, isName, type Must, objectIn, objectsIn, parsed } from './strict-frames.ts'

/** What every response has, at its start and at its end. */
const keys: readonly string[] = (
  'id object created_at completed_at status incomplete_details model previous_response_id instructions output error ' +
  'tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs ' +
  'temperature reasoning usage max_output_tokens max_tool_calls store background service_tier metadata ' +
  'safety_identifier prompt_cache_key'
).split(' ')

/** The parts that deltas fill: the field of the whole text, and the index that tells them apart. */
const tracks: { readonly [name: string]: readonly [whole: string, index?: string] } = {
  output_text: ['text', 'content_index'],
  refusal: ['refusal', 'content_index'],
  reasoning_text: ['text', 'content_index'],
  reasoning_summary_text: ['text', 'summary_index'],
  function_call_arguments: ['arguments'],
  custom_tool_call_input: ['input'],
}

interface Item {
  readonly added: JsonObject
  /** Deltas so far, by place. */
  readonly texts: Map<string, string>
  readonly open: Set<string>
  done?: JsonObject
}

/** What the OpenAI SDK's `responses.stream()`, the AI SDK and Codex together ask of a stream of a response. */
export function readStrictResponses(frames: readonly Frame[], must: Must): void {
  const events = frames.map((frame, index) => {
    const event = parsed(frame, must)
    must(frame.event === event['type'], 'the event line is the type')
    must(event['sequence_number'] === index, 'events are numbered from 0')
    return event
  })
  must(events[0]?.['type'] === 'response.created', 'created comes first')
  must(events[1]?.['type'] === 'response.in_progress', 'in_progress comes next')
  const last = events.at(-1)
  const how = last?.['type']
  must(how === 'response.completed' || how === 'response.incomplete', 'it ends completed or incomplete')
  const items: Item[] = []
  for (const event of events.slice(2, -1)) readEvent(event, items, must)
  const [first, final] = [objectIn(events[0], 'response'), objectIn(last, 'response')]
  for (const response of [first, objectIn(events[1], 'response'), final]) {
    must(response !== undefined, 'a response is told at the start and at the end')
    const missing = keys.filter((key) => response[key] === undefined && key !== 'completed_at')
    must(missing.length === 0, `a response has ${missing.join(', ')}`)
    must(isName(response['id']) && response['id'] === first?.['id'], 'the response keeps its id')
  }
  must(objectsIn(first, 'output')?.length === 0, 'the output starts empty')
  must(first?.['status'] === 'in_progress', 'the response starts in progress')
  readFinal(final!, `response.${String(final?.['status'])}` === how, items, must)
}

function readFinal(final: JsonObject, isNamed: boolean, items: readonly Item[], must: Must): void {
  must(isNamed, 'the status is the last event’s')
  must(final['completed_at'] !== undefined, 'the response says when it ended')
  const output = objectsIn(final, 'output')
  must(
    isDeepStrictEqual(
      output,
      items.map(({ done }) => done),
    ),
    'the final output is the items that were done, in their order',
  )
  if (final['status'] === 'incomplete') {
    must(isName(objectIn(final, 'incomplete_details')?.['reason']), 'incomplete says why')
  }
  // Where a host tells no usage, null is what every client takes; half of it is what none does.
  if (final['usage'] === null) return
  const usage = objectIn(final, 'usage')
  must(usage !== undefined, 'the final response has usage')
  const { input_tokens: input, output_tokens: written, total_tokens: total } = usage
  must(isCount(input) && isCount(written), 'usage has both counts')
  must(total === input + written, 'usage has the total')
  must(isCount(objectIn(usage, 'input_tokens_details')?.['cached_tokens']), 'usage has cached tokens')
  must(isCount(objectIn(usage, 'output_tokens_details')?.['reasoning_tokens']), 'usage has reasoning tokens')
}

function readEvent(event: JsonObject, items: Item[], must: Must): void {
  const type = String(event['type'])
  if (type === 'response.output_item.added') return announce(event, items, must)
  const index = event['output_index']
  const item = isCount(index) ? items[index] : undefined
  must(item !== undefined, `${type} is of an item that was added`)
  must(item.done === undefined, `${type} is of an item that is not done`)
  if (type === 'response.output_item.done') return finish(item, objectIn(event, 'item'), must)
  must(event['item_id'] === item.added['id'], `${type} names its item`)
  const [, name = '', step] = /^response\.(\w+)\.(\w+)$/.exec(type) ?? []
  if (name === 'content_part' || name === 'reasoning_summary_part') {
    const by = name === 'content_part' ? 'content_index' : 'summary_index'
    const place = `${by} ${String(event[by])}`
    if (step === 'added') {
      const before = [...item.texts.keys()].filter((one) => one.startsWith(by)).length
      must(event[by] === before, 'parts are numbered from 0')
      item.texts.set(place, '')
      item.open.add(place)
    } else must(item.texts.has(place) && !item.open.has(place), 'a part is done after its text')
    return
  }
  if (type === 'response.output_text.annotation.added') {
    must(item.open.has(`content_index ${String(event['content_index'])}`), `${type} is of an open part`)
    must(isCount(event['annotation_index']), `${type} is numbered`)
    must(isName(objectIn(event, 'annotation')?.['type']), `${type} has an annotation`)
    return
  }
  const track = Object.hasOwn(tracks, name) ? tracks[name] : undefined
  must(track !== undefined && (step === 'delta' || step === 'done'), `${type} is an event`)
  const [whole, by] = track
  const place = by === undefined ? name : `${by} ${String(event[by])}`
  if (by === undefined && !item.texts.has(place)) {
    item.texts.set(place, '')
    item.open.add(place)
  }
  // Raw reasoning has no part event at every vendor; where it has, it is checked above.
  must(item.open.has(place), `${type} is of an open part`)
  if (name === 'output_text') must(Array.isArray(event['logprobs']), `${type} has logprobs`)
  if (step === 'delta') {
    must(isName(event['delta']), `${type} says something`)
    item.texts.set(place, `${item.texts.get(place)}${event['delta']}`)
  } else {
    must(event[whole] === item.texts.get(place), `${type} is what its deltas were`)
    item.open.delete(place)
  }
}

function announce(event: JsonObject, items: Item[], must: Must): void {
  const added = objectIn(event, 'item')
  must(added !== undefined && isName(added['type']), 'an item that is added has a type')
  must(event['output_index'] === items.length, 'items are numbered from 0')
  must(
    isName(added['id']) && items.every((one) => one.added['id'] !== added['id']),
    'an item has an id of its own',
  )
  if (added['type'] === 'function_call') {
    must(added['arguments'] === '', 'arguments start empty')
    must(isName(added['call_id']) && isName(added['name']), 'a call has an id and a name')
    must(added['call_id'].length <= 64, 'the id of a call has at most 64 characters')
  }
  items.push({ added, texts: new Map(), open: new Set() })
}

function finish(item: Item, done: JsonObject | undefined, must: Must): void {
  must(done !== undefined, 'an item is whole when it is done')
  for (const key of ['type', 'id', 'call_id', 'name'])
    must(done[key] === item.added[key], `an item keeps its ${key}`)
  item.done = done
  must(item.open.size === 0, 'every part is done before its item')
  must(done['status'] !== 'in_progress', 'an item that is done is no longer in progress')
  const said = [
    ...(objectsIn(done, 'content') ?? []).map((part) => part['text'] ?? part['refusal']),
    ...(objectsIn(done, 'summary') ?? []).map((part) => part['text']),
    ...(done['type'] === 'function_call' ? [done['arguments']] : []),
    ...(done['type'] === 'custom_tool_call' ? [done['input']] : []),
  ]
  must(
    isDeepStrictEqual(said.toSorted(), [...item.texts.values()].toSorted()),
    'a finished item is what its deltas were',
  )
}
