import type { JsonObject } from '@gantry/core'

/** A request of any wire, as far as an answer depends on it. */
export interface Prompt {
  readonly model: string
  readonly stream: boolean
  /** Text of the last user message that has any: instructions are read from it. */
  readonly text: string
  /** Assistant turns since that message. */
  readonly round: number
  /** Tool results since the last assistant turn. */
  readonly results: readonly ToolResult[]
  /** Pictures, sound and documents since the last assistant turn. */
  readonly media: readonly Media[]
  readonly tools: readonly GivenTool[]
  /** `{ name }`: this tool has to be called. */
  readonly choice: 'auto' | 'none' | 'required' | { readonly name: string }
  readonly parallel: boolean
  readonly maxTokens?: number
  readonly stop: readonly string[]
  /** JSON is asked for, by a schema or at large. */
  readonly json?: { readonly schema?: JsonObject }
  readonly choices: number
  /** `omitted`: the thinking itself is not shown, only its signature. */
  readonly reasoning: 'shown' | 'omitted' | 'off'
  /** The prompt in order, for counting and caching. */
  readonly units: readonly PromptUnit[]
}

/** A tool's answer; `name` where the request tells whose it is. */
export interface ToolResult {
  readonly name: string
  readonly text: string
  readonly isError: boolean
}

/** Something that is not text; `bytes` where it came inline. */
export interface Media {
  readonly kind: 'image' | 'audio' | 'file'
  readonly mediaType: string
  readonly bytes?: number
}

/** A tool of the request. `search`: the client looks for more tools with it. */
export interface GivenTool {
  readonly name: string
  readonly kind: 'function' | 'custom' | 'search'
  readonly schema: JsonObject
  /** The group it belongs to, on the wire that has groups. */
  readonly namespace?: string
}

/** One message, or what stands before them. */
export interface PromptUnit {
  readonly key: string
  readonly tokens: number
  readonly assistant: boolean
  /** The client ends a cached prefix here. */
  readonly breakpoint?: '5m' | '1h'
}

/** Bytes that a base64 text stands for. */
export function base64Bytes(data: string): number {
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0
  return Math.max(0, Math.floor((data.length * 3) / 4) - padding)
}

/** Media behind a URL: type and size of a data URL, otherwise only that it is a link. */
export function mediaOfUrl(kind: Media['kind'], url: string): Media {
  const found = /^data:([\w.+/-]{1,100})?(?:;[\w.=-]{1,100}){0,5},/.exec(url)
  if (!found) return { kind, mediaType: 'a link' }
  return {
    kind,
    mediaType: found[1] ?? 'text/plain',
    bytes: found[0].endsWith(';base64,')
      ? base64Bytes(url.slice(found[0].length))
      : url.length - found[0].length,
  }
}
