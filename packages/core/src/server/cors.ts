import type { ServerOptions } from '../contract/index.ts'

type HeaderMap = { readonly [name: string]: string }

/** Headers for browsers on other origins. */
export interface Cors {
  /** For an answer with these headers; empty where the origin is not allowed. */
  answer(origin: string | null, headers: HeaderMap): HeaderMap
  /** For a preflight request; `undefined` when the request is none. */
  preflight(request: Request): HeaderMap | undefined
}

const ownHeaders: readonly string[] = ['authorization', 'content-type', 'x-api-key']
const token = /^[\w!#$%&'*+.^`|~-]{1,64}$/
const readable: ReadonlySet<string> = new Set(['content-type', 'content-length', 'cache-control'])

/**
 * Lets the configured origins in, or all with `*`. Credentials of browsers (cookies) are never allowed, so `*` opens
 * nothing that a key does not. Undefined when the config says nothing.
 */
export function createCors(options: ServerOptions['cors']): Cors | undefined {
  if (options === undefined) return undefined
  const any = options.origins.includes('*')
  const origins = new Set(options.origins)
  // Caches have to know that the answer depends on who asks, also when the asker is refused.
  const refused: HeaderMap = any ? {} : { vary: 'origin' }

  function allowed(origin: string | null): HeaderMap | undefined {
    if (any) return origin === null ? undefined : { 'access-control-allow-origin': '*' }
    if (origin === null || !origins.has(origin)) return undefined
    return { 'access-control-allow-origin': origin, vary: 'origin' }
  }

  return {
    answer(origin, headers) {
      const grant = allowed(origin)
      if (grant === undefined) return refused
      const exposed = ['x-request-id', ...Object.keys(headers).filter((name) => !readable.has(name))]
      return { ...grant, 'access-control-expose-headers': [...new Set(exposed)].join(', ') }
    },
    preflight(request) {
      if (request.method !== 'OPTIONS' || request.headers.get('access-control-request-method') === null) {
        return undefined
      }
      const grant = allowed(request.headers.get('origin'))
      if (grant === undefined) return refused
      const asked = (request.headers.get('access-control-request-headers') ?? '')
        .slice(0, 4096)
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter((name) => token.test(name))
      return {
        ...grant,
        'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
        'access-control-allow-headers': [...new Set([...ownHeaders, ...asked])].join(', '),
        'access-control-max-age': '600',
      }
    },
  }
}
