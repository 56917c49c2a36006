import { describe, expect, it, test } from 'vitest'
import { GatewayError, type ListModelsRequest } from '@gantry/core'
import { contextOf, wireOf } from './answers.test-support.ts'
import { modelsCodec } from './models.ts'
import { violations } from './schema.test-support.ts'

const get = (path: string, params: { [name: string]: string } = {}): ListModelsRequest =>
  modelsCodec.decodeRequest({ ...wireOf({}, { path, params }), method: 'GET' })
const context = (request: ListModelsRequest): Parameters<typeof modelsCodec.encodeResponse>[1] => ({
  ...contextOf(),
  request,
})

test('pages, and one by an id with slashes', () => {
  expect(get('/models')).toEqual({ limit: 20 })
  expect(get('/models?limit=1000&after_id=a&before_id=b')).toEqual({ limit: 1000, after: 'a', before: 'b' })
  expect(get('/models/gpt%2Fx:y', { id: 'gpt%2Fx:y' })).toEqual({ id: 'gpt/x:y' })
  expect(get('/models/%', { id: '%' })).toEqual({ id: '%' })
})

test.each(['0', '1001', '2.5', 'many', '-1'])('limit=%s is refused', (limit) => {
  expect(() => get(`/models?limit=${limit}`)).toThrow(GatewayError)
})

describe('the shapes of Anthropic', () => {
  const models = [
    { id: 'claude-opus-5-5', createdAt: 1_790_000_000, displayName: 'Claude Opus 5.5', outputLimit: 128_000 },
    { id: 'gpt/x', inputLimit: 5 },
  ]

  it('a page', () => {
    const page = modelsCodec.encodeResponse({ models, more: true }, context({ limit: 2 }))
    expect(violations('ListResponse_ModelInfo_', page)).toEqual([])
    expect(violations('BetaListResponse_ModelInfo_', page)).toEqual([])
    expect(page).toMatchObject({
      has_more: true,
      first_id: 'claude-opus-5-5',
      last_id: 'gpt/x',
      data: [
        {
          type: 'model',
          id: 'claude-opus-5-5',
          display_name: 'Claude Opus 5.5',
          created_at: '2026-09-21T14:13:20Z',
          max_tokens: 128_000,
        },
        { id: 'gpt/x', display_name: 'gpt/x', created_at: '1970-01-01T00:00:00Z', max_input_tokens: 5 },
      ],
    })
  })

  it('an empty page never promises more: clients would ask for ever', () => {
    expect(modelsCodec.encodeResponse({ models: [], more: true }, context({}))).toEqual({
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    })
  })

  it('one model, or an error', () => {
    const one = modelsCodec.encodeResponse({ models }, context({ id: 'gpt/x' }))
    expect(violations('ModelInfo', one)).toEqual([])
    expect(one).toMatchObject({ type: 'model', id: 'gpt/x' })
    expect(() => modelsCodec.encodeResponse({ models: [] }, context({ id: 'c' }))).toThrow('model: c')
  })
})

test.each([
  [{}, false],
  [{ authorization: 'Bearer k', 'user-agent': 'OpenAI/JS 7.55.0' }, false],
  [{ 'anthropic-version': '2023-06-01' }, true],
  [{ 'user-agent': 'claude-code/2.1.329' }, true],
  [{ 'user-agent': 'claude-cli/2.1.329 (external)' }, true],
  [{ 'user-agent': 'my-claude-code/1' }, false],
  [{ 'x-goog-api-key': 'k' }, false],
])('whose list it is: %o', (headers, ours) => {
  for (const route of modelsCodec.routes) {
    expect(route.match?.({ headers: new Headers(headers), path: '/models' })).toBe(ours)
  }
})
