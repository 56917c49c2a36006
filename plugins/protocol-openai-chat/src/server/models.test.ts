import type { ListModelsRequest } from '@gantry/core'
import { expect, test } from 'vitest'
import { wireOf } from '../recorded.fixture.ts'
import { modelsCodec } from './models.ts'

const get = (path: string, params: { [name: string]: string } = {}): ListModelsRequest =>
  modelsCodec.decodeRequest(wireOf({}, { method: 'GET', path, params }))
const context = (request: ListModelsRequest): Parameters<typeof modelsCodec.encodeResponse>[1] => ({
  wire: wireOf({}),
  request,
  requestId: 'r',
  report: () => {},
})

test('lists, and one by an id with slashes', () => {
  expect(get('/models')).toEqual({})
  expect(get('/models?limit=5&after=a')).toEqual({ limit: 5, after: 'a' })
  expect(get('/models/gpt%2Fx:y', { id: 'gpt%2Fx:y' })).toEqual({ id: 'gpt/x:y' })
  expect(get('/models/a/b', { id: 'a/b' })).toEqual({ id: 'a/b' })
  expect(get('/models/%', { id: '%' })).toEqual({ id: '%' })
})

test('the shapes of OpenAI', () => {
  const models = [{ id: 'a/b', createdAt: 5, ownedBy: 'x' }, { id: 'c' }]
  expect(modelsCodec.encodeResponse({ models }, context({}))).toEqual({
    object: 'list',
    data: [
      { id: 'a/b', object: 'model', created: 5, owned_by: 'x' },
      { id: 'c', object: 'model', created: 0, owned_by: 'gateway' },
    ],
  })
  expect(modelsCodec.encodeResponse({ models }, context({ id: 'c' }))).toMatchObject({
    id: 'c',
    object: 'model',
  })
  expect(() => modelsCodec.encodeResponse({ models: [] }, context({ id: 'c' }))).toThrow(/'c' does not exist/)
})

test.each([
  [{}, true],
  [{ authorization: 'Bearer k', 'user-agent': 'OpenAI/JS 7.55.0' }, true],
  [{ 'anthropic-version': '2023-06-01' }, false],
  [{ 'user-agent': 'claude-code/2.1.329' }, false],
  [{ 'user-agent': 'claude-cli/2.1.329 (external)' }, false],
  [{ 'x-goog-api-key': 'k' }, false],
  [{ 'x-goog-api-client': 'google-genai-sdk/3.1' }, false],
])('whose list it is: %o', (headers, ours) => {
  for (const route of modelsCodec.routes) {
    expect(route.match?.({ headers: new Headers(headers), path: '/models' })).toBe(ours)
  }
})
