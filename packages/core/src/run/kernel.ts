import type { Answer, FailedRequest, Incoming, Kernel, KernelRoute, KernelSocket } from './exchange.ts'
import type { Operation, Protocol } from '../contract/index.ts'
import { GatewayError, toErrorData } from '../error.ts'
import { publicError } from './public-error.ts'
import { encodeFailure } from './refuse.ts'
import { admitConnection, runRequest } from './request.ts'
import type { Runtime } from './runtime.ts'

/** The five phases behind the HTTP shell. */
export function createKernel(runtime: Runtime): Kernel {
  const routes = routesOf(runtime)
  return {
    routes,
    sockets: socketsOf(runtime, routes),
    server: runtime.blueprint.config.server ?? {},
    logger: runtime.logger,
    run: (route: KernelRoute, incoming: Incoming) => runRequest(runtime, route, incoming),
    admit: (socket: KernelSocket, incoming: Incoming) => admitConnection(runtime, socket.route, incoming),
    fail(error: unknown, request: FailedRequest): Answer {
      if (!GatewayError.is(error))
        runtime.logger.error('a request failed before its route', { id: request.id, cause: error })
      const data = toErrorData(error)
      runtime.logger.info('request', {
        id: request.id,
        method: request.method,
        path: pathOnly(request.path),
        status: data.status,
        code: data.code,
        class: data.class,
      })
      const shown = publicError(data, runtime.redact)
      return encodeFailure(runtime, protocolOf(runtime, routes, request), shown, request.id)
    },
  }
}

/** Every route of every protocol that faces clients, in plugin order. */
export function routesOf(runtime: Runtime): KernelRoute[] {
  const routes: KernelRoute[] = []
  for (const protocol of runtime.blueprint.slots.protocol.values()) {
    for (const [operation, codec] of Object.entries(protocol.server?.codecs ?? {})) {
      for (const route of codec?.routes ?? []) {
        routes.push({ protocol: protocol.name, operation: operation as Operation, ...route })
      }
    }
  }
  return routes
}

function socketsOf(runtime: Runtime, routes: readonly KernelRoute[]): KernelSocket[] {
  const sockets: KernelSocket[] = []
  for (const { name, server } of runtime.blueprint.slots.protocol.values()) {
    const codec = server?.socket
    const route = routes.find(
      (one) => one.protocol === name && one.method === 'POST' && one.path === codec?.path,
    )
    if (codec && route) sockets.push({ codec, route })
  }
  return sockets
}

/** Whose error shape an unrouted request gets: the owner of the nearest path, else the first that faces clients. */
function protocolOf(
  runtime: Runtime,
  routes: readonly KernelRoute[],
  request: FailedRequest,
): Protocol | undefined {
  const path = pathOnly(request.path)
  const owner = routes.find(
    (route) =>
      path.includes(route.path.split('/:')[0]!.split('/*')[0]!) &&
      (!route.match || route.match({ headers: request.headers ?? new Headers(), path })),
  )
  return runtime.protocol((owner ?? routes[0])?.protocol ?? '')
}

function pathOnly(path: string): string {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}
