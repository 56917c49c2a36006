import type { CompactionPart, Custody, ImagePart, JsonObject, Native, Part } from '@gantry/core'
import { name } from '../name.ts'
import { writeItem } from '../write-items.ts'
import type { OpenItem, Place } from './place.ts'

/** Frames in which the text of a provider-run call comes: name of its deltas, field of the whole. */
const streamed: ReadonlyMap<string, { readonly frame: string; readonly field: string }> = new Map([
  ['code_interpreter_call', { frame: 'response.code_interpreter_call_code', field: 'code' }],
  ['mcp_call', { frame: 'response.mcp_call_arguments', field: 'arguments' }],
])

/** An item of this wire that others do not have: as its upstream gave it, with its progress in between. */
export function nativeItem(place: Place, start: Part, item: JsonObject): OpenItem {
  const type = String(item['type'])
  const text = streamed.get(type)
  const pieces: string[] = []
  let last = start
  let ended = false
  let told = false

  const value = (): JsonObject => {
    const whole =
      last.type === 'server_tool_call' && last === start && pieces.length > 0
        ? { ...last, arguments: pieces.join('') }
        : last
    return { ...(writeItem(whole) ?? item), id: place.id }
  }
  const tell = (): void => {
    if (told || !text || pieces.length === 0) return
    told = true
    const said = last.type === 'server_tool_call' && last !== start ? last.arguments : pieces.join('')
    place.frame(`${text.frame}.done`, { [text.field]: said })
  }
  const say = (words: string): void => {
    if (words === '' || told) return
    pieces.push(words)
    if (text) place.frame(`${text.frame}.delta`, { delta: words })
  }
  const pass = (native: Native): void => {
    const frame = native.value['type']
    if (text && frame === `${text.frame}.done`) told = true
    else tell()
    place.native(native)
  }

  place.item('added', { ...item, id: place.id })
  return {
    place,
    delta(_index, delta) {
      if (delta.type === 'arguments') say(delta.text)
      else if (delta.type === 'native') pass(delta.native)
    },
    end(_index, part) {
      ended = true
      if (part?.type === start.type) last = part
    },
    get ended() {
      return ended
    },
    close() {
      tell()
      const done = value()
      place.item('done', done)
      return done
    },
    soFar: value,
  }
}

/** Compacted conversation: its state may be known only at its end. */
export function compactionItem(place: Place, index: number, start: CompactionPart): OpenItem {
  let last = start
  let custody: Custody | undefined = start.custody
  let ended = false
  const value = (): JsonObject => {
    const { custody: _old, ...part } = last
    return {
      ...writeItem({ ...part, id: place.id, custody: custody ?? nothing }),
      encrypted_content: custody?.blob ?? '',
    }
  }
  place.item('added', value())
  return {
    place,
    delta(_index, delta) {
      if (delta.type === 'custody') custody = delta.custody
      else if (delta.type === 'native') place.native(delta.native)
    },
    end(_index, part) {
      ended = true
      if (part?.type !== 'compaction') return
      last = part
      if (part.custody) ({ custody } = part)
    },
    get ended() {
      return ended
    },
    close() {
      if (!custody?.blob) place.lost(index, 'part.compaction')
      const item = value()
      place.item('done', item)
      return item
    },
    soFar: value,
  }
}

const nothing: Custody = { protocol: name, format: 'encrypted', blob: '' }

/** A picture that the model made. */
export function imageItem(place: Place, part: ImagePart): OpenItem {
  const result = part.source.kind === 'base64' ? part.source.data : null
  const item = (status: string, picture: string | null): JsonObject => ({
    type: 'image_generation_call',
    id: place.id,
    status,
    result: picture,
  })
  let ended = false
  place.item('added', item('in_progress', null))
  return {
    place,
    delta() {},
    end() {
      ended = true
    },
    get ended() {
      return ended
    },
    close() {
      place.item('done', item('completed', result))
      return item('completed', result)
    },
    soFar: () => item('completed', result),
  }
}
