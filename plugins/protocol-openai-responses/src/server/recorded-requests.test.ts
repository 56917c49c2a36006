import { describe, expect, it } from 'vitest'
import type { GenerateRequest, Json, JsonObject } from '@gantry/core'
import { toWireRequest } from '@gantry/testing'
import { recorded } from '../recorded.test-support.ts'
import { decodeCompact, decodeCount, decodeRequest } from './decode-request.ts'

const requests = recorded().filter(({ kind, request }) => kind !== 'other wire' && request?.method === 'POST')

/** Words that say what a node is; the model says the same with other words. */
const structure: ReadonlySet<string> = new Set(['type', 'role'])
/** Words of `include` that are `reasoning.opaque` and `sampling.logprobs`. */
const wishes: ReadonlySet<string> = new Set(['reasoning.encrypted_content', 'message.output_text.logprobs'])

it('there are requests of all three operations', () => {
  const kinds = Object.groupBy(requests, ({ request }) => request?.path.split('/').at(-1) ?? '')
  expect(kinds['responses']?.length).toBe(116)
  expect(kinds['compact']?.length).toBe(5)
  expect(kinds['input_tokens']?.length).toBe(3)
})

describe.each(requests.map((one) => [one.name, one] as const))('%s', (_name, { request }) => {
  const wire = toWireRequest(request as NonNullable<typeof request>)
  const body = wire.json()
  const decode = request?.path.endsWith('/compact')
    ? decodeCompact
    : request?.path.endsWith('/input_tokens')
      ? decodeCount
      : decodeRequest

  it('keeps every leaf', () => {
    const decoded = decode(wire)
    expect(lost(body, leavesOf(decoded))).toEqual([])
    const include = JSON.stringify(body['include'] ?? [])
    expect(decoded.reasoning?.opaque ?? false).toBe(include.includes('reasoning.encrypted_content'))
    expect(decoded.sampling?.logprobs !== undefined).toBe(include.includes('output_text.logprobs'))
  })

  it('points at where each part stood', () => {
    const decoded = decode(wire)
    const nodes = [...decoded.turns, ...decoded.turns.flatMap(({ parts }) => parts), ...(decoded.tools ?? [])]
    for (const { at } of nodes) {
      expect(at).toBeDefined()
      expect(valueAt(body, at ?? ''), at).toBeDefined()
    }
  })

  it('is a conversation of as many turns as there were items', () => {
    const { input } = body
    expect(decode(wire).turns).toHaveLength(Array.isArray(input) ? input.length : 1)
  })
})

interface Leaves {
  readonly all: string
  /** How often each number, boolean and whole string is there. */
  readonly counts: ReadonlyMap<Json, number>
}

/** Everything that a decoded request says; notes about spelling are no content. */
function leavesOf(request: GenerateRequest): Leaves {
  const strings: string[] = []
  const counts = new Map<Json, number>()
  const visit = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) if (!key.startsWith('$')) visit(inner)
      return
    }
    if (typeof value === 'string') strings.push(value)
    counts.set(value as Json, (counts.get(value as Json) ?? 0) + 1)
  }
  visit(request)
  return { all: strings.join('\n'), counts }
}

/** Pointers of the leaves that are nowhere, or less often than the client wrote them. */
function lost(body: JsonObject, found: Leaves): readonly string[] {
  const missing: string[] = []
  const left = new Map(found.counts)
  const visit = (value: Json | undefined, pointer: string, key: string): void => {
    if (value === null || value === undefined || structure.has(key)) return
    if (typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) visit(inner as Json, `${pointer}/${name}`, name)
      return
    }
    const count = left.get(value) ?? 0
    left.set(value, count - 1)
    if (count > 0 || value === '') return
    // A data URL is taken apart, arguments hold words of their own; a wish has become a field.
    if (typeof value === 'string') {
      if (wishes.has(value)) return
      if (found.all.includes(value.startsWith('data:') ? value.slice(value.indexOf(',') + 1) : value)) return
    }
    missing.push(pointer)
  }
  visit(body, '', '')
  return missing
}

function valueAt(body: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = body
  for (const step of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as JsonObject)[step]
  }
  return value
}
