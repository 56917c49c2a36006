import type { FilePart, JsonObject, Part, Report } from '@gantry/core'
import { name as protocol } from '../own.ts'
import { encodeContentPart } from '../parts.ts'
import { encodeHint, reportForeign } from './hints.ts'
import type { ChatQuirks } from './quirks.ts'

/** How several plain texts become one: as a list of parts, as one text, or as paragraphs. */
export type Joining = 'list' | 'text' | 'lines'

/** Writes the `content` of messages. */
export interface ContentWriter {
  /** A string where it can be one, else a list. `list` keeps a list that a chat client wrote. */
  of(parts: readonly Part[], at: string, joining: Joining, list: boolean): string | readonly JsonObject[]
  list(parts: readonly Part[], at: string): readonly JsonObject[]
}

/** Writes parts for this wire; what has no place there is reported. */
export function contentWriter(own: boolean, quirks: ChatQuirks, report: Report): ContentWriter {
  const lose = (part: Part, at: string, what: string, how: 'dropped' | 'approximated'): void =>
    report({ pointer: part.at ?? at, what, how, target: protocol })

  const one = (part: Part, at: string): readonly JsonObject[] => {
    reportForeign(part.extra, part.at ?? at, report)
    const said = lowered(part, (what, how) => lose(part, at, what, how))
    if (said === undefined) return []
    if (Array.isArray(said)) return (said as readonly Part[]).flatMap((inner) => one(inner, at))
    const kept = said as Part
    const encoded = encodeContentPart(kept)
    if (!encoded) {
      lose(part, at, `part.${part.type}`, 'dropped')
      return []
    }
    if (own || !kept.cache) return [encoded]
    return [
      { ...encoded, ...encodeHint(kept.cache, quirks, () => lose(part, at, 'cache.breakpoint', 'dropped')) },
    ]
  }
  const list = (parts: readonly Part[], at: string): readonly JsonObject[] =>
    parts.flatMap((part) => one(part, at))

  return {
    list,
    of(parts, at, joining, keepList) {
      const encoded = list(parts, at)
      if (encoded.length === 0) return ''
      if (keepList || !encoded.every(isText)) return encoded
      const texts = encoded.map((part) => String(part['text']))
      if (texts.length === 1 || joining === 'text') return texts.join('')
      return joining === 'lines' ? texts.join('\n\n') : encoded
    },
  }
}

/** The same part in a form that chat has; several for a list of sources, nothing where there is none. */
function lowered(
  part: Part,
  lose: (what: string, how: 'dropped' | 'approximated') => void,
): Part | readonly Part[] | undefined {
  switch (part.type) {
    case 'json':
      return { type: 'text', text: part.json }
    case 'compaction':
      if (part.text === undefined) break
      lose('part.compaction', 'approximated')
      return { type: 'text', text: `Summary of the earlier conversation:\n${part.text}` }
    case 'native':
      if (part.native.protocol === protocol || part.text === undefined) return part
      lose('part.native', 'approximated')
      return { type: 'text', text: part.text }
    case 'file':
      return loweredFile(part, lose)
    default:
      return part
  }
  return part
}

function loweredFile(
  part: FilePart,
  lose: (what: string, how: 'dropped' | 'approximated') => void,
): Part | readonly Part[] {
  const { source, name } = part
  if (source.kind === 'text') {
    lose('part.file', 'approximated')
    return { type: 'text', text: name === undefined ? source.text : `${name}:\n${source.text}` }
  }
  if (source.kind === 'parts') {
    lose('part.file', 'approximated')
    return source.parts
  }
  return part
}

/** Whether an encoded part says no more than its text. */
function isText(part: JsonObject): boolean {
  return part['type'] === 'text' && Object.keys(part).length === 2
}
