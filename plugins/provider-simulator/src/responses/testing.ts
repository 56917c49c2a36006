import type { JsonObject } from '@gantry/core'
import { WireError } from '../refusal.ts'
import type { Operation } from '../wire.ts'
import { checkResponses } from './check.ts'
import { recall, responseStore } from './store.ts'

/** What a body is refused with by a simulator that has kept nothing, or nothing. */
export function refusal(body: JsonObject, operation: Operation = 'generate'): WireError | undefined {
  try {
    checkResponses(body, operation)
    recall(body, responseStore())
    return undefined
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
}

/** A request of these items. */
export function body(...input: JsonObject[]): JsonObject {
  return { model: 'm', input }
}

/** A message of the model. */
export function said(...content: JsonObject[]): JsonObject {
  return { type: 'message', role: 'assistant', content }
}

/** What a user says. */
export const user: JsonObject = { role: 'user', content: 'hi' }
/** A call, */
export const call: JsonObject = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }
/** its result, */
export const result: JsonObject = { type: 'function_call_output', call_id: 'call_1', output: 'x' }
/** and the tool. */
export const tool: JsonObject = {
  type: 'function',
  name: 'f',
  parameters: { type: 'object', properties: {} },
}
