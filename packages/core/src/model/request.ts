import type { CacheHint, Part, ServerTool } from './part.ts'
import type { Extra, JsonObject, Native } from './json.ts'

/** One message or item, bounded as the client bounded it. */
export interface Turn {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly parts: readonly Part[]
  readonly id?: string
  readonly name?: string
  readonly status?: string

  /** `commentary` or `final_answer`. */
  readonly phase?: string
  readonly extra?: Extra
  readonly at?: string
}

/** What the model may call. */
export type Tool = FunctionTool | CustomTool | NamespaceTool | ServerToolDefinition

/** Common to all tools. */
export interface ToolBase {
  readonly description?: string
  readonly cache?: CacheHint

  /** Known but not loaded until a tool search finds it. */
  readonly deferred?: boolean
  readonly extra?: Extra
  readonly at?: string
}

/** `schema` is JSON Schema, or Gemini's OpenAPI subset when `dialect` says so. Absent: takes no arguments. */
export interface FunctionTool extends ToolBase {
  readonly type: 'function'
  readonly name: string
  readonly schema?: JsonObject
  readonly dialect?: 'openapi'
  readonly strict?: boolean
}

/** Freeform tool; `format` is the grammar object. */
export interface CustomTool extends ToolBase {
  readonly type: 'custom'
  readonly name: string
  readonly format?: JsonObject
}

/** A named set of tools; calls come back with `namespace`. */
export interface NamespaceTool extends ToolBase {
  readonly type: 'namespace'
  readonly name: string
  readonly tools: readonly Tool[]
}

/** A hosted tool; `native` is its exact definition. */
export interface ServerToolDefinition extends ToolBase {
  readonly type: 'server'
  readonly tool: ServerTool
  readonly name?: string
  readonly native: Native
}

/** Which tools may, must or must not be called; `native` is for modes only the origin knows. */
export interface ToolChoice {
  readonly mode: 'auto' | 'none' | 'required' | 'native'

  /** `required`: one of these; `auto`: only these may be called. */
  readonly names?: readonly string[]

  /** `false`: at most one call in a turn. */
  readonly parallel?: boolean
  readonly native?: Native
  readonly extra?: Extra
}

/** Form of the answer. */
export interface OutputShape {
  readonly type: 'text' | 'json' | 'json_schema'
  readonly name?: string
  /** What the answer is for, told to the model. */
  readonly description?: string
  readonly schema?: JsonObject
  readonly dialect?: 'openapi'
  readonly strict?: boolean
  readonly verbosity?: string
  readonly modalities?: readonly string[]
  readonly extra?: Extra
}

/**
 * How the next token is chosen; absent is the upstream's default. `temperature`, `topP` and the penalties are in the
 * range of the client's protocol; `topK` and `logprobs` count tokens.
 */
export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly seed?: number

  /** Number of choices. */
  readonly count?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly logitBias?: JsonObject
  readonly logprobs?: number | true
}

/** How much to think and what to show. */
export interface ReasoningOptions {
  readonly effort?: string
  readonly budgetTokens?: number
  readonly mode?: 'enabled' | 'disabled' | 'adaptive'

  /** What the client wants to see: `auto`, `concise`, `detailed`, `summarized`, `omitted`, `thoughts`. */
  readonly display?: string

  /** The client asks for opaque state so that it can replay it. */
  readonly opaque?: boolean
  readonly extra?: Extra
}

/** Cache wishes of the whole request; breakpoints of nodes sit on the nodes. */
export interface CacheOptions {
  readonly key?: string
  readonly retention?: string
  readonly mode?: string
  readonly ttl?: string
  readonly breakpoint?: CacheHint
  /** `cachedContent` of Gemini. */
  readonly resource?: string
}

/** Conversation state kept by the server. */
export interface Continuation {
  readonly previousResponseId?: string
  readonly conversation?: string
  readonly store?: boolean
  readonly background?: boolean
}

/** A conversation to continue. */
export interface GenerateRequest {
  readonly model: string
  readonly stream: boolean

  /** The top-level system field. System and developer messages inside the conversation are turns. */
  readonly instructions?: readonly Part[]
  readonly turns: readonly Turn[]
  readonly tools?: readonly Tool[]
  readonly toolChoice?: ToolChoice
  readonly output?: OutputShape
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly sampling?: Sampling
  readonly reasoning?: ReasoningOptions
  readonly cache?: CacheOptions
  readonly continuation?: Continuation
  readonly includeUsage?: boolean
  readonly serviceTier?: string
  readonly endUser?: string
  readonly metadata?: JsonObject
  readonly extra?: Extra
}
