import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { WireError } from '../refusal.ts'
import type { Operation } from '../wire.ts'
import { checkResponses } from './check.ts'
import { checkPairs } from './check-pairs.ts'
import { seal } from './seal.ts'
import { itemsOf } from './store.ts'

interface Exchange {
  readonly provider: string
  readonly request: { readonly path?: string; readonly body?: JsonObject | string } | null
  readonly response: { readonly status: number; readonly json?: JsonObject }
}

const operations: { readonly [path: string]: Operation } = {
  '/v1/responses': 'generate',
  '/v1/responses/compact': 'compact',
  '/v1/responses/input_tokens': 'count',
}

const folder = new URL('../../../../test/fixtures/responses/', import.meta.url)
const recorded = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => {
    const { exchanges } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { exchanges: Exchange[] }
    return exchanges.flatMap(({ provider, request, response }, index) => {
      const operation = operations[request?.path ?? '']
      const body = request?.body
      if (provider !== 'openai' || operation === undefined || typeof body !== 'object') return []
      return [{ name: `${file} ${index}`, operation, body, response }]
    })
  })
const accepted = recorded.filter(({ response }) => response.status === 200)

// What only OpenAI can open is all that may be refused of what OpenAI accepted, so here it is our own.
function resealed(body: JsonObject): JsonObject {
  if (!Array.isArray(body.input)) return body
  const input = (body.input as JsonObject[]).map((item) =>
    typeof item.encrypted_content === 'string'
      ? { ...item, encrypted_content: seal(String(item.id), 'a'.repeat(64)) }
      : item,
  )
  return { ...body, input }
}

function refusal(test: () => void): string {
  try {
    test()
    return ''
  } catch (error) {
    if (error instanceof WireError) return error.message
    throw error
  }
}

describe('recorded requests', () => {
  it('are there to go by', () => {
    expect(accepted.length).toBeGreaterThan(90)
    expect(new Set(accepted.map(({ operation }) => operation))).toEqual(
      new Set(['generate', 'compact', 'count']),
    )
  })

  it.each(accepted)('OpenAI accepted: $name', ({ body, operation }) => {
    expect(refusal(() => checkResponses(resealed(body), operation))).toBe('')
    const sealed = JSON.stringify(body.input ?? '').includes('"encrypted_content"')
    expect(refusal(() => checkResponses(body, operation))).toMatch(
      sealed ? /could not be decrypted or parsed|^$/ : /^$/,
    )
    // Calls that an earlier answer made are in that answer, which was not recorded with the request.
    if (body.previous_response_id) return
    expect(refusal(() => checkPairs(itemsOf(body.input)))).toBe('')
  })

  it('OpenAI refused: reasoning whose next item was taken away, in the same words', () => {
    const found = recorded.filter(({ response }) => response.status === 400)
    expect(found).toHaveLength(1)
    for (const { body, response } of found) {
      const { error } = response.json as { readonly error: { readonly message: string } }
      expect(refusal(() => checkPairs(itemsOf(body.input)))).toBe(error.message)
    }
  })
})
