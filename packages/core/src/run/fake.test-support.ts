import type {
  AnyPlugin,
  GatewayConfig,
  HookMap,
  Logger,
  Operation,
  Protocol,
  Provider,
} from '../contract/index.ts'
import type { GenerateRequest, JsonObject } from '../model/index.ts'
import { resolveConfig } from '../config/resolve.ts'
import { GatewayError } from '../error.ts'
import { compileHooks } from '../hooks/compile.ts'
import { orderHooks } from '../hooks/order.ts'
import { defaultDeadlines } from '../hooks/run.ts'
import { createOutbound } from '@gantry/wire'
import { defaultTimers } from '../pump/types.ts'
import { RequestContext } from './context.ts'
import { createHost } from './host.ts'
import { createLastCall } from './last-call.ts'
import { authPromises } from './phase.ts'
import type { Runtime } from './runtime.ts'
import { createTaskSet } from './tasks.ts'
import { emptyWire } from './wire-request.ts'

/** A protocol whose request is the model's own JSON. `loses` names a field its client codec cannot carry. */
export function protocol(
  name: string,
  options: { loses?: string; relay?: boolean; operations?: boolean } = {},
): Protocol {
  return {
    name,
    contract: 1,
    server: {
      codecs: {
        generate: {
          routes: [{ method: 'POST', path: `/${name}` }],
          decodeRequest: (wire) =>
            ({ turns: [], stream: false, ...wire.json() }) as Partial<GenerateRequest> as GenerateRequest,
          encodeResponse: () => ({}),
        },
      },
      encodeError: (error, { requestId }) => ({
        status: error.status,
        body: { [name]: error.message, class: error.class, id: requestId },
      }),
    },
    client: {
      codecs: {
        generate: {
          encodeRequest: (request, { report, target }) => {
            const { loses } = options
            if (loses === 'everything') {
              throw new GatewayError({ class: 'unsupported', param: '/turns/0', message: 'cannot say that' })
            }
            if (loses !== undefined && loses in request)
              report({
                pointer: `/${loses}`,
                what: `request.${loses}`,
                how: 'dropped',
                target: target.protocol,
              })
            return { path: '/', body: {} }
          },
          decodeResponse: () => ({ parts: [] }),
        },
      },
      decodeError: (status) => new GatewayError({ class: 'upstream_failed', status, message: 'x' }).data,
      framing: 'sse',
      ...(options.relay
        ? {
            relay: {
              path: () => '/',
              headers: () => ({}),
              splices: () => [],
              tap: () => {
                throw new Error('not here')
              },
            },
          }
        : {}),
    },
  }
}

/** A provider over HTTP that is never asked. */
export function speaking(...speaks: [string, ...string[]]): (name: string) => Provider {
  return (name) => ({
    name,
    speaks,
    cancelStopsBilling: true,
    endpoint: () => ({ url: 'http://127.0.0.1', headers: {} }),
  })
}

/** A composition without a gateway around it. */
export function runtimeOf(options: {
  readonly protocols: readonly Protocol[]
  readonly providers: { readonly [name: string]: (name: string) => Provider }
  readonly models: GatewayConfig<string, string, string>['models']
  readonly groups?: GatewayConfig<string, string, string>['groups']
  readonly hooks?: HookMap
  readonly plugins?: readonly AnyPlugin[]
  readonly prefix?: string | false
}): Runtime & { readonly lines: { level: string; message: string; fields?: object }[] } {
  const lines: { level: string; message: string; fields?: object }[] = []
  const at = (level: string) => (message: string, fields?: object) =>
    void lines.push({ level, message, ...(fields ? { fields } : {}) })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const blueprint = resolveConfig({
    plugins: [
      ...options.protocols.map((one) => ({ name: `p-${one.name}`, provides: { protocol: [one] } })),
      ...(options.plugins ?? []),
    ],
    providers: Object.fromEntries(
      Object.entries(options.providers).map(([name, provider]) => [
        name,
        { name: `provider-${name}`, provider },
      ]),
    ),
    models: options.models,
    groups: options.groups ?? {},
    ...(options.hooks ? { hooks: options.hooks } : {}),
  })
  const errors = blueprint.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  const table = orderHooks(blueprint.plugins)
  const tasks = createTaskSet(() => {})
  const { prefix = 'x-gantry' } = options
  return {
    lines,
    blueprint,
    table,
    hooks: compileHooks(table),
    host: createHost(blueprint, logger, tasks),
    logger,
    redact: (text) => text.replaceAll('canary', '[redacted]'),
    tasks,
    deadlines: defaultDeadlines,
    settleRetries: [],
    active: new Set(),
    promises: authPromises(blueprint.plugins),
    lastCall: createLastCall(new AbortController().signal),
    shared: {
      outbound: createOutbound(),
      logger,
      redact: (text) => text,
      timers: defaultTimers,
      takeDrain: () => true,
      releaseDrain() {},
    },
    protocol: (name) => blueprint.slots.protocol.get(name),
    headerName: (name) => (prefix === false ? undefined : `${prefix}-${name}`),
  }
}

/** A request on its way to its targets. */
export function contextOf(
  client: string,
  body: JsonObject = {},
  operation: Operation = 'generate',
): RequestContext {
  const bytes = Buffer.from(JSON.stringify(body))
  const context = new RequestContext({
    id: 'req_1',
    signal: new AbortController().signal,
    protocol: client,
    operation,
    wire: { ...emptyWire('/x'), body: bytes, json: () => body },
    receivedAt: new Date(0),
  })
  context.source = {
    decode: () => ({ model: 'm', stream: false, turns: [], ...body }),
    bound: () => ({ inputTokens: 1, stream: false }),
    subrequest: () => Promise.reject(new Error('not here')),
  }
  return context
}
