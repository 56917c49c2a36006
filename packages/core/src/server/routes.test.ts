import { describe, expect, it } from 'vitest'
import { compileRoutes, matchRoute, withoutVersion } from './routes.ts'
import { route } from './testing.ts'

const routes = [
  route('POST', '/responses'),
  route('POST', '/responses/compact'),
  route('GET', '/responses/:id'),
  route('GET', '/responses/:id/items'),
  route('POST', '/models/{model}:generateContent'),
  route('POST', '/models/{model}:countTokens'),
  route('GET', '/models/**:id'),
  route('GET', '/models'),
]

function find(method: string, path: string): unknown {
  const mounts = compileRoutes(routes)
  // As the router does: the fixed path, else the longest wildcard.
  const mount =
    mounts.find((one) => one.path === path) ??
    mounts.find((one) => one.path.endsWith('/**') && path.startsWith(one.path.slice(0, -2)))
  const found = mount && matchRoute(mount, method, path, new Headers(), path)
  if (found === undefined) return undefined
  return 'route' in found ? [found.route.path, found.params] : found.allow
}

describe('matchRoute', () => {
  it.each([
    ['POST', '/responses/compact', ['/responses/compact', {}]],
    ['GET', '/responses/compact', ['/responses/:id', { id: 'compact' }]],
    ['HEAD', '/responses/resp_1', ['/responses/:id', { id: 'resp_1' }]],
    ['GET', '/responses/resp_1/items', ['/responses/:id/items', { id: 'resp_1' }]],
    ['GET', '/responses/a/b', undefined],
    ['GET', '/responses/', undefined],
    ['DELETE', '/responses/resp_1', ['GET']],
    ['DELETE', '/responses/compact', ['POST', 'GET']],
    [
      'POST',
      '/models/org/gemini:beta:generateContent',
      ['/models/{model}:generateContent', { model: 'org/gemini:beta' }],
    ],
    ['POST', '/models/x%3Ay:countTokens', ['/models/{model}:countTokens', { model: 'x:y' }]],
    ['GET', '/models/org/a:b', ['/models/**:id', { id: 'org/a:b' }]],
    ['GET', '/models', ['/models', {}]],
  ])('leads %s %s to %j', (method, path, wanted) => {
    expect(find(method, path)).toEqual(wanted)
  })

  it('is linear in the length of a path', () => {
    const time = (length: number): number => {
      const start = performance.now()
      find('POST', `/models/${':generateContent'.repeat(length)}x`)
      return performance.now() - start
    }
    time(10)
    expect(time(100_000)).toBeLessThan(500)
  })
})

describe('withoutVersion', () => {
  it.each([
    ['/v1/models', '/models'],
    ['/v1/v1/models', '/models'],
    ['/models', '/models'],
    ['/v1', '/v1'],
    ['/v1beta/models', '/v1beta/models'],
  ])('makes %s %s', (path, wanted) => {
    expect(withoutVersion(path)).toBe(wanted)
  })
})
