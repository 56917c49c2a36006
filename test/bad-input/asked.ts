import { expect } from 'vitest'
import type { JsonObject } from '@gantry/core'
import type { Wire } from '../conversion/reading.ts'
import type { Composed } from '../support/compose.ts'

/** How one request ended. */
export interface Told {
  readonly status: number
  readonly body: JsonObject
  readonly headers: Headers
}

const paths: { readonly [wire in Wire]: string } = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
}

/** Sends a body as a client of one wire; its model decides where it goes. Fails where nothing comes within 10 seconds. */
export async function ask(composed: Composed, wire: Wire, body: JsonObject): Promise<Told> {
  const response = await open(composed, wire, body)
  return {
    status: response.status,
    body: (await response.json()) as JsonObject,
    headers: response.headers,
  }
}

/** The same, for an answer that is read by the one who asks. */
export function open(composed: Composed, wire: Wire, body: JsonObject): Promise<Response> {
  return composed.send(paths[wire], {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ ...(wire === 'anthropic-messages' && { max_tokens: 500 }), ...body }),
    signal: AbortSignal.timeout(10_000),
  })
}

/** Says a text in the plainest request of a wire. */
export function plain(wire: Wire, text: string): JsonObject {
  return wire === 'openai-responses' ? { input: text } : { messages: [{ role: 'user', content: text }] }
}

/** What an error has to say besides its shape. */
export interface Fault {
  readonly status: number
  /** Where the fault is, in the client's own words for it; one wire has it at the beginning of its message. */
  readonly param?: string
  readonly type?: string
  readonly code?: string | null
  readonly source?: 'gateway' | 'upstream'
}

/** Checks that an answer is an error of the client's own wire: its shape, its fault, and the id of the request. */
export function expectError(wire: Wire, told: Told, fault: Fault): void {
  const text = JSON.stringify(told.body)
  expect(told.status, text).toBe(fault.status)
  if (fault.source) expect(told.headers.get('x-gantry-error-source')).toBe(fault.source)
  const id = told.headers.get(wire === 'anthropic-messages' ? 'request-id' : 'x-request-id')
  expect(id).toMatch(/^req_/)
  const error = told.body['error'] as JsonObject
  expect(error['message'], text).toMatch(/.{10}/)
  expect(error['type']).toBe(fault.type ?? 'invalid_request_error')
  if (wire === 'anthropic-messages') {
    expect(told.body).toMatchObject({ type: 'error', request_id: id })
    if (fault.param !== undefined) expect(String(error['message'])).toContain(`${fault.param}`)
    return
  }
  expect(Object.keys(told.body)).toEqual(['error'])
  expect(Object.keys(error).toSorted()).toEqual(['code', 'message', 'param', 'type'])
  expect(String(error['message'])).toContain(`(request id: ${id})`)
  if (fault.param !== undefined) expect(error['param']).toBe(fault.param)
  if (fault.code !== undefined) expect(error['code']).toBe(fault.code)
}
