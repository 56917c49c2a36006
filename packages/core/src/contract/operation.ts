import type { GenerateRequest, Turn } from '../model/request.ts'
import type { GenerateResponse } from '../model/response.ts'
import type { GatewayEvent } from '../model/event.ts'
import type { Part } from '../model/part.ts'
import type { Extra } from '../model/json.ts'
import type { Usage } from '../model/usage.ts'
import type { StoredAnswer, StoredRequest } from './conversation.ts'

/** Contract table: what a gateway can be asked. One line adds an operation; codecs, routes, filters and prices then know it. */
export interface Operations {
  readonly generate: {
    readonly request: GenerateRequest
    readonly response: GenerateResponse
    readonly event: GatewayEvent
  }
  readonly embed: { readonly request: EmbedRequest; readonly response: EmbedResponse; readonly event: never }
  readonly countTokens: {
    readonly request: GenerateRequest
    readonly response: TokenCount
    readonly event: never
  }
  readonly compact: {
    readonly request: GenerateRequest
    readonly response: CompactResponse
    readonly event: never
  }
  readonly listModels: {
    readonly request: ListModelsRequest
    readonly response: ModelList
    readonly event: never
  }
  /** Opens a connection on which requests follow; each of them passes all phases by itself. */
  readonly connect: { readonly request: {}; readonly response: {}; readonly event: never }
  /** Reads or removes an answer that was kept; core serves it from the `kv` store, scoped to the account. */
  readonly stored: { readonly request: StoredRequest; readonly response: StoredAnswer; readonly event: never }
}

/** Name of an operation. */
export type Operation = keyof Operations

/** Texts, token lists or parts to embed. */
export interface EmbedRequest {
  readonly model: string
  readonly inputs: readonly (string | readonly number[] | readonly Part[])[]
  /** Length of each vector. */
  readonly dimensions?: number
  readonly encoding?: 'float' | 'base64'
  readonly task?: string
  readonly endUser?: string
  readonly extra?: Extra
}

/** A vector as numbers or as base64 of little-endian float32, as the upstream sent it; the server codec converts. */
export interface EmbedResponse {
  readonly model?: string
  readonly vectors: readonly (readonly number[] | string)[]
  readonly usage?: Usage
  readonly extra?: Extra
}

/** Size of a request in tokens. */
export interface TokenCount {
  readonly tokens: number
  readonly usage?: Usage
  readonly extra?: Extra
}

/** Turns, because the output of compaction holds user messages. */
export interface CompactResponse {
  readonly id?: string
  readonly createdAt?: number
  readonly turns: readonly Turn[]
  readonly usage?: Usage
  readonly extra?: Extra
}

/** A page of at most `limit` models, or one by id. */
export interface ListModelsRequest {
  readonly id?: string
  readonly after?: string
  readonly before?: string
  readonly limit?: number
}

/** A model as a list shows it. */
export interface ModelInfo {
  readonly id: string
  readonly displayName?: string
  readonly ownedBy?: string
  readonly createdAt?: number
  /** Tokens. */
  readonly inputLimit?: number
  /** Tokens. */
  readonly outputLimit?: number
  readonly operations?: readonly Operation[]
  readonly extra?: Extra
}

/** One page of models. */
export interface ModelList {
  readonly models: readonly ModelInfo[]
  readonly more?: boolean
}
