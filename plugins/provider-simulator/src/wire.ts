import type { JsonObject } from '@gantry/core'
import type { Answer } from './answer.ts'
import type { Prompt } from './prompt.ts'
import type { PromptUsage } from './usage.ts'
import type { WireError } from './refusal.ts'

/** One of the two wires: what it refuses, how it reads a request and how it writes an answer. */
export interface Wire {
  /** Path under the base URL. */
  readonly path: '/chat/completions' | '/messages'
  /** Throws a `WireError` for what the vendor would refuse. */
  check(body: JsonObject, headers: Headers): void
  read(body: JsonObject): Prompt
  whole(reply: Reply): JsonObject
  frames(reply: Reply): Iterable<StreamFrame>
  error(error: WireError, hash: string): JsonObject
  /** An error after the head of a stream is gone. */
  streamError(hash: string): string
  /** Headers of every answer. */
  headers(hash: string): { readonly [name: string]: string }
}

/** All that an encoder needs. */
export interface Reply {
  readonly prompt: Prompt
  readonly body: JsonObject
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

/** When a model was made and an answer given: always the same moment, so that bytes stay the same. */
export const createdAt = 1_767_225_600
