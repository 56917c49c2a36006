import type { GenerateRequest, Json, JsonObject, Loss, LoweredTools, Part, Target, Turn } from '@gantry/core'
import { pointerSteps } from '@gantry/core/codec'
import { expect } from 'vitest'
import { attempt } from './captures.test-support.ts'
import { encodeRequest } from './client/encode-request.ts'
import { refusals } from './validator.test-support.ts'

/** An encoded request that Anthropic would take; that is checked for every one. */
export interface Encoded {
  readonly body: JsonObject
  /** The value at a JSON pointer of the body. */
  at(pointer: string): Json | undefined
  readonly losses: readonly Loss[]
  /** `how what pointer` of every loss. */
  readonly report: readonly string[]
  readonly headers: { readonly [name: string]: string } | undefined
  readonly lowered: LoweredTools | undefined
}

/** Encodes a request for one model. */
export function encode(
  request: Partial<GenerateRequest>,
  model = 'claude-sonnet-4-5',
  target: Partial<Target> = {},
): Encoded {
  const context = attempt(model, target)
  const whole = { model: 'alias', stream: false, turns: [user('Hi')], ...request }
  const { body, headers, lowered } = encodeRequest(whole, context)
  expect(refusals(body)).toEqual([])
  return {
    body,
    at: (pointer) => pointerSteps(pointer).reduce<Json | undefined>(step, body),
    losses: context.losses,
    report: context.losses.map(({ how, what, pointer }) => `${how} ${what} ${pointer}`),
    headers,
    lowered,
  }
}

function step(node: Json | undefined, name: string): Json | undefined {
  return typeof node === 'object' && node !== null ? (node as JsonObject)[name] : undefined
}

/** A user turn. */
export function user(text: string): Turn {
  return { role: 'user', parts: [{ type: 'text', text }] }
}

/** A system turn. */
export function system(text: string): Turn {
  return { role: 'system', parts: [{ type: 'text', text }] }
}

/** An assistant turn. */
export function says(...parts: readonly (Part | string)[]): Turn {
  return {
    role: 'assistant',
    parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
  }
}

/** A call of a client's tool. */
export function call(callId: string, args = '{}', name = 'look'): Part {
  return { type: 'tool_call', kind: 'function', callId, name, arguments: args }
}

/** The turn that answers one call. */
export function result(callId: string, ...parts: readonly (Part | string)[]): Turn {
  const content = parts.map((part): Part => (typeof part === 'string' ? { type: 'text', text: part } : part))
  return { role: 'tool', parts: [{ type: 'tool_result', callId, parts: content }] }
}
