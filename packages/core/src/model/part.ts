import type { Extra, Json, Native } from './json.ts'

/** Opaque state that only its issuer can read. `blob` is never trimmed, parsed or re-encoded. */
export interface Custody {
  /** Protocol it was issued in. */
  readonly protocol: string

  /** Provider that issued it; absent on a replay without our stamp. */
  readonly issuer?: string

  /** `signature`, `redacted`, `encrypted`, `thought_signature`, `reasoning_details`. */
  readonly format: string
  readonly blob: string
}

/** A prompt-cache breakpoint after this node. */
export interface CacheHint {
  readonly mode?: string
  readonly ttl?: string
  readonly extra?: Extra
}

/** What every part may carry. */
export interface PartBase {
  /** Item id of the origin protocol; never a tool-call id. */
  readonly id?: string

  /** Parts of one origin item (a Responses message with two content parts) share it. */
  readonly group?: PartGroup

  /** State attached to this part: a signature on thinking, on text, on a call, on an empty part. */
  readonly custody?: Custody
  readonly cache?: CacheHint
  readonly extra?: Extra

  /** JSON pointer into the client's body; requests only; for loss reports and error `param`. */
  readonly at?: string
}

/** The origin item that parts belong to. */
export interface PartGroup {
  readonly id: string
  readonly extra?: Extra
}

/** Where media lives. `text` and `parts` are document sources given inline. */
export type MediaSource = { readonly mediaType?: string } & (
  | { readonly kind: 'base64'; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file_id'; readonly id: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'parts'; readonly parts: readonly Part[] }
)

/** Visible text, with the sources it names; `logprobs` as its protocol gives them. */
export interface TextPart extends PartBase {
  readonly type: 'text'
  readonly text: string
  readonly citations?: readonly Citation[]
  readonly logprobs?: readonly Json[]
}

/** A picture; `detail` is the vendor's word for how closely to look. */
export interface ImagePart extends PartBase {
  readonly type: 'image'
  readonly source: MediaSource
  readonly detail?: string
}

/** Documents, PDF, video: anything with a media type. */
export interface FilePart extends PartBase {
  readonly type: 'file'
  readonly source: MediaSource
  readonly name?: string
}

/** Sound, in or out. */
export interface AudioPart extends PartBase {
  readonly type: 'audio'
  readonly source: MediaSource
  readonly transcript?: string
}

/** A structured value where the protocol carries JSON and not text (Gemini tool results); `json` is its source text. */
export interface JsonPart extends PartBase {
  readonly type: 'json'
  readonly json: string
}

/** Thinking. No segments, only custody, is complete and normal. */
export interface ReasoningPart extends PartBase {
  readonly type: 'reasoning'
  readonly segments: readonly ReasoningSegment[]
}

/** `summary` is written for readers; `text` is the chain itself. */
export interface ReasoningSegment {
  readonly kind: 'summary' | 'text'
  readonly text: string
}

/** A call the client answers. `function`: arguments are JSON text. `custom`: free text. `hosted`: vendor-defined, client-run; see `native`. */
export interface ToolCallPart extends PartBase {
  readonly type: 'tool_call'
  readonly kind: 'function' | 'custom' | 'hosted'
  readonly callId: string
  readonly name: string
  readonly namespace?: string

  /** Exactly as the model wrote it; may be empty or invalid JSON. */
  readonly arguments: string

  /** A program run by the provider made the call, not the model. */
  readonly caller?: { readonly type: string; readonly id?: string }
  readonly native?: Native
}

/** The client's answer. `isError` absent: the protocol has no word for it. */
export interface ToolResultPart extends PartBase {
  readonly type: 'tool_result'
  readonly kind?: ToolCallPart['kind']
  readonly callId: string
  readonly name?: string
  readonly parts: readonly Part[]
  readonly isError?: boolean
  readonly native?: Native
}

/** The model declined, in its own words. */
export interface RefusalPart extends PartBase {
  readonly type: 'refusal'
  readonly text: string
}

/** Normalised kind of a tool the provider runs; open for new ones. */
export type ServerTool =
  | 'web_search'
  | 'web_fetch'
  | 'file_search'
  | 'code_execution'
  | 'shell'
  | 'mcp'
  | 'tool_search'
  | 'image_generation'
  | 'computer'
  | (string & {})

/** A call of a tool the provider runs. `arguments` may stream. */
export interface ServerToolCallPart extends PartBase {
  readonly type: 'server_tool_call'
  readonly tool: ServerTool
  readonly callId: string
  readonly name: string
  readonly arguments: string
  readonly native: Native
}

/** Its result, where the protocol gives it as an item of its own. */
export interface ServerToolResultPart extends PartBase {
  readonly type: 'server_tool_result'
  readonly tool: ServerTool
  readonly callId: string
  readonly parts: readonly Part[]
  readonly isError?: boolean
  readonly native: Native
}

/** Earlier conversation replaced by a readable or opaque summary. */
export interface CompactionPart extends PartBase {
  readonly type: 'compaction'
  readonly text?: string
}

/** Tools announced in the middle of a conversation. */
export interface ToolsAddedPart extends PartBase {
  readonly type: 'tools_added'
  readonly names: readonly string[]
  readonly native: Native
}

/** Anything else; `text` is what to show a protocol that cannot carry it. */
export interface NativePart extends PartBase {
  readonly type: 'native'
  readonly native: Native
  readonly text?: string
}

/** One piece of a turn or an answer. */
export type Part =
  | TextPart
  | ImagePart
  | FilePart
  | AudioPart
  | JsonPart
  | ReasoningPart
  | RefusalPart
  | ToolCallPart
  | ToolResultPart
  | ServerToolCallPart
  | ServerToolResultPart
  | CompactionPart
  | ToolsAddedPart
  | NativePart

/** A source of a statement. Offsets (`start`, `end`) count UTF-16 units; `native` has the vendor's own. */
export interface Citation {
  readonly kind: 'url' | 'document' | 'file' | 'other'
  readonly url?: string
  readonly title?: string
  readonly quote?: string
  readonly start?: number
  readonly end?: number
  readonly native: Native
}
