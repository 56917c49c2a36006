import type { KernelRoute } from '../run/exchange.ts'

/** A path of the HTTP router and the routes that may answer there, in order. */
export interface Mount {
  /** In the router's own syntax, unprefixed. */
  readonly path: string
  readonly routes: readonly CompiledRoute[]
}

/** A route that can be asked whether a path is its own. */
export interface CompiledRoute {
  readonly route: KernelRoute
  /** The parameters, percent-decoded; `undefined` where the path is not this route's. */
  params(pathname: string): { readonly [name: string]: string } | undefined
}

/** What a method and a path lead to. */
export type RouteMatch =
  | { readonly route: KernelRoute; readonly params: { readonly [name: string]: string } }
  | { readonly allow: readonly string[] }
  | undefined

/** Prefixes under which every route is served: clients differ in whether their base URL holds the version. */
export const prefixes: readonly string[] = ['', '/v1', '/v1/v1']

/** The path without its version, as routes and the kernel know it. */
export function withoutVersion(pathname: string): string {
  if (!pathname.startsWith('/v1/')) return pathname
  return pathname.startsWith('/v1/v1/') ? pathname.slice(6) : pathname.slice(3)
}

const noParams: { readonly [name: string]: string } = {}

/**
 * Groups routes by the path they hang on in the router. The router finds the group; our own patterns then decide,
 * because an id may hold slashes, raw or encoded, and may end in `:action`.
 * Parameters are `:id` (one segment), `**:id` (the rest) and `{id}` (the rest where it stands last, else a segment).
 */
export function compileRoutes(routes: readonly KernelRoute[]): readonly Mount[] {
  // Who can tell its own requests is asked before who takes all of them, in whatever order their plugins stand.
  const compiled = [...routes.filter((one) => one.match), ...routes.filter((one) => !one.match)].map(
    compileRoute,
  )
  const paths = [...new Set(routes.map((route) => mountPath(route.path)))]
  return paths.map((path) => ({
    path,
    // The router stops at the most specific path: a fixed one hides the wildcards around it, a long wildcard the
    // shorter ones. What is hidden comes along.
    routes: compiled.filter((one) => covers(mountPath(one.route.path), path)),
  }))
}

/** Whether a path of the router takes everything that `other` takes. */
function covers(path: string, other: string): boolean {
  return path === other || (path.endsWith('/**') && other.startsWith(path.slice(0, -2)))
}

/** The first route of the mount that the request is for, or the methods the path has. */
export function matchRoute(
  mount: Mount,
  method: string,
  pathname: string,
  headers: Headers,
  path: string,
): RouteMatch {
  const wanted = method === 'HEAD' ? 'GET' : method
  let allow: Set<string> | undefined
  for (const { route, params } of mount.routes) {
    const found = params(pathname)
    if (found === undefined) continue
    if (route.method !== wanted) {
      allow ??= new Set()
      allow.add(route.method)
      continue
    }
    if (!route.match || route.match({ headers, path })) return { route, params: found }
  }
  return allow === undefined ? undefined : { allow: [...allow] }
}

const parameter = /\*\*:(\w+)|:([A-Za-z_]\w*)|\{(\w+)\}/g

function compileRoute(route: KernelRoute): CompiledRoute {
  const { path } = route
  const names: string[] = []
  let pattern = ''
  let from = 0
  for (const found of path.matchAll(parameter)) {
    // `:action` right after a parameter is text, not a parameter of its own.
    if (found[2] !== undefined && path[found.index - 1] !== '/') continue
    pattern += escape(path.slice(from, found.index))
    from = found.index + found[0].length
    names.push((found[1] ?? found[2] ?? found[3]) as string)
    const isRest = found[1] !== undefined || (found[3] !== undefined && path[from] !== '/')
    pattern += isRest ? '(.+)' : '([^/]+)'
  }
  if (names.length === 0) return { route, params: (pathname) => (pathname === path ? noParams : undefined) }
  const expression = new RegExp(`^${pattern}${escape(path.slice(from))}$`)
  return {
    route,
    params(pathname) {
      const found = expression.exec(pathname)
      if (found === null) return undefined
      const params: { [name: string]: string } = {}
      for (const [index, name] of names.entries())
        params[name] = decodeURIComponent(found[index + 1] as string)
      return params
    },
  }
}

/** The fixed beginning of a path with parameters, as a wildcard. */
function mountPath(path: string): string {
  const at = path.search(/\*\*:|\/:|\{/)
  if (at === -1) return path
  return `${path.slice(0, path.lastIndexOf('/', at))}/**`
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
