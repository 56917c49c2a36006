import type { Json, JsonObject } from '@gantry/core'
import type { Answer } from './answer.ts'
import type { Prompt } from './prompt.ts'
import type { WireError } from './refusal.ts'
import type { Fault } from './script.ts'
import type { PromptUsage } from './usage.ts'

/** What is asked of a model: an answer, how many tokens a prompt has, or a shorter conversation. */
export type Operation = 'generate' | 'count' | 'compact'

/** One of the wires: what it refuses, how it reads a request and how it writes an answer. */
export interface Wire {
  /** Path under the base URL. */
  readonly path: '/chat/completions' | '/messages' | '/responses'
  /** Further paths it takes requests at. */
  readonly also?: { readonly [path: string]: Operation }
  /** Throws a `WireError` for what the vendor would refuse. */
  check(body: JsonObject, headers: Headers, operation: Operation): void
  read(body: JsonObject, operation: Operation): Prompt
  whole(reply: Reply): JsonObject
  frames(reply: Reply): Iterable<StreamFrame>
  /** The answer to a count. */
  counted(tokens: number): JsonObject
  error(error: WireError, hash: string): JsonObject
  /** What a model it does not have is answered with. */
  unknownModel(model: string): WireError
  /** An error after the head of a stream is gone; `written` frames went before it. */
  streamError(reply: Reply, fault: Extract<Fault, { kind: 'error' }>, written: number): string
  /** Headers of every answer. */
  headers(hash: string): { readonly [name: string]: string }
}

/** All that an encoder needs. */
export interface Reply {
  readonly prompt: Prompt
  readonly body: JsonObject
  readonly operation: Operation
  readonly answer: Answer
  readonly usage: PromptUsage
  /** Ids are made of it. */
  readonly hash: string
}

/** One write to a stream: text on the wire, and whether it holds a token or begins the end. */
export interface StreamFrame {
  readonly text: string
  readonly token?: boolean
  readonly end?: boolean
}

/** A conversation that is kept, by the id of the answer it ended with. */
export interface Stored {
  readonly reply: Reply
  /** Everything that was answered, earlier answers included. */
  readonly input: readonly Json[]
  readonly output: readonly JsonObject[]
}

/** When a model was made and an answer given: always the same moment, so that bytes stay the same. */
export const createdAt = 1_767_225_600
