import type { JsonObject, Part, TextPart } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { isOwnHint } from '../cache.ts'
import { writeContent, type Side } from '../content.ts'
import { name as protocol } from '../name.ts'
import type { Scope } from './scope.ts'

/** Where content stands: what a result or a speaker may say differs. */
export type Place = Side | 'result'

/**
 * Parts as elements of a content list. What has no form there becomes text where it has one, and is reported.
 * `base` is the pointer of what the parts stand in.
 */
export function encodeContent(
  parts: readonly Part[],
  place: Place,
  base: string,
  scope: Scope,
): readonly JsonObject[] {
  return parts.flatMap((part, index) => {
    const at = part.at ?? pointerTo(base, 'parts', index)
    scope.losses.foreign(part.extra, at)
    return lowered(part, place, at, scope).flatMap((kept) => {
      const side: Side = place === 'output' ? 'output' : 'input'
      const written = writeContent(kept, side)
      if (!written) {
        scope.losses.dropped(at, `part.${part.type}`)
        return []
      }
      return [withHint(kept, written, at, scope)]
    })
  })
}

/** The same part in a form that this wire has; several for a list of sources, none where it is reported already. */
function lowered(part: Part, place: Place, at: string, scope: Scope): readonly Part[] {
  const { losses, own } = scope
  switch (part.type) {
    case 'text':
      return [checkText(part, at, scope)]
    case 'image':
    case 'file':
      return lowerMedia(part, place, at, scope)
    case 'audio':
      if (own || (place === 'input' && scope.quirks.accepts.includes('input_audio'))) return [part]
      if (!part.transcript) break
      losses.lowered(at, 'part.audio', 'sent as its transcript')
      return [text(part.transcript)]
    case 'refusal':
      if (place === 'output') return [part]
      losses.lowered(at, 'part.refusal', 'sent as text')
      return [text(part.text)]
    case 'json':
      return [text(part.json)]
    case 'compaction':
      if (part.text === undefined) break
      losses.approximated(at, 'part.compaction', 'sent as text')
      return [text(`Summary of the earlier conversation:\n${part.text}`)]
    case 'tools_added':
      losses.lowered(at, 'part.tools_added', 'sent as text')
      return [text(`Tool loaded: ${part.names.join(', ')}`)]
    case 'native':
      if (part.native.protocol === protocol) return [part]
      if (!part.text) break
      losses.lowered(at, 'part.native', 'sent as text')
      return [text(part.text)]
    case 'server_tool_result': {
      const said = part.parts.map((inner) => (inner.type === 'text' ? inner.text : '')).join('\n')
      if (said.trim() === '') break
      losses.lowered(at, 'part.server_tool_result', 'sent as text')
      return [text(said)]
    }
    default:
  }
  losses.dropped(at, `part.${part.type}`)
  return []
}

function checkText(part: TextPart, at: string, { losses, own }: Scope): TextPart {
  if (own) return part
  const { citations, logprobs, ...rest } = part
  if (logprobs?.length) losses.dropped(at, 'part.text.logprobs')
  if (!citations?.length) return rest
  // A source without a URL has no form here.
  const kept = citations.filter(({ native, url }) => native.protocol === protocol || url !== undefined)
  if (kept.length < citations.length) losses.dropped(at, 'part.text.citations')
  return { ...rest, ...(kept.length > 0 && { citations: kept }) }
}

function lowerMedia(
  part: Extract<Part, { type: 'image' | 'file' }>,
  place: Place,
  at: string,
  { losses, own }: Scope,
): readonly Part[] {
  if (place === 'output' && !own) {
    losses.dropped(at, `part.${part.type}`, 'not taken in assistant messages')
    return []
  }
  const { source } = part
  // The vendor's schema asks for it, and `auto` is what it means when it is not there.
  if (part.type === 'image') return [own ? part : { ...part, detail: part.detail ?? 'auto' }]
  if (source.kind === 'text') {
    losses.lowered(at, 'part.file', 'sent as text')
    return [text(part.name === undefined ? source.text : `${part.name}:\n${source.text}`)]
  }
  if (source.kind === 'parts') {
    losses.lowered(at, 'part.file', 'its parts are sent')
    return source.parts
  }
  // The wire wants a name beside inline data, and takes the kind of file from it.
  const unnamed = source.kind === 'base64' && part.name === undefined && !own
  return [unnamed ? { ...part, name: `file.${extensionOf(source.mediaType)}` } : part]
}

/** A cache breakpoint: this wire's own as it stood, another's where the host is known to take one, else a loss. */
function withHint(part: Part, written: JsonObject, at: string, { losses, quirks }: Scope): JsonObject {
  if (!part.cache || isOwnHint(part.cache)) return written
  if (quirks.cacheBreakpoints) return { ...written, prompt_cache_breakpoint: { mode: 'explicit' } }
  losses.dropped(at, 'cache.breakpoint')
  return written
}

function text(value: string): TextPart {
  return { type: 'text', text: value }
}

const extensions: ReadonlyMap<string, string> = new Map([
  ['plain', 'txt'],
  ['markdown', 'md'],
  ['javascript', 'js'],
  ['vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
  ['vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx'],
  ['msword', 'doc'],
])

function extensionOf(mediaType: string | undefined): string {
  const kind = mediaType?.split(';', 1)[0]?.split('/')[1]?.toLowerCase() ?? 'pdf'
  return extensions.get(kind) ?? (/^[a-z0-9]{1,8}$/.test(kind) ? kind : 'pdf')
}
