import type { Wire } from './wires.ts'

/** Processes under test. Relays are the floor: they neither authenticate nor bill nor log. */
export type ServerName =
  | 'node-http'
  | 'h3-undici'
  | 'gateway'
  | 'gateway-plugins'
  | 'gateway-models'
  | 'gateway-keys'
  | 'portkey'
  | 'llms'

/** What the gateway holds beside what a request needs. */
export interface GatewaySize {
  readonly plugins: number
  readonly models: number
  readonly keys: number
}

/** How a server is started and shown. */
export interface ServerKind {
  readonly title: string
  readonly file: string
  /** Keeps books, which have to agree with what was sent. */
  readonly size?: GatewaySize
  /** The package of another project that it runs. */
  readonly package?: string
}

const one: GatewaySize = { plugins: 0, models: 1, keys: 1 }
const gateway = 'servers/gateway.ts'

/** Every server. */
export const servers: { readonly [name in ServerName]: ServerKind } = {
  'node-http': { title: 'bare node:http', file: 'servers/node-http.ts' },
  'h3-undici': { title: 'bare h3 + undici', file: 'servers/h3-undici.ts' },
  gateway: { title: 'gateway', file: gateway, size: one },
  'gateway-plugins': { title: 'gateway, 100 plugins', file: gateway, size: { ...one, plugins: 100 } },
  'gateway-models': { title: 'gateway, 1,000 models', file: gateway, size: { ...one, models: 1000 } },
  'gateway-keys': { title: 'gateway, 100,000 keys', file: gateway, size: { ...one, keys: 100_000 } },
  portkey: { title: 'Portkey', file: 'servers/portkey.ts', package: '@portkey-ai/gateway' },
  llms: { title: 'llms', file: 'servers/llms.ts', package: '@musistudio/llms' },
}

/** What a server is started with. */
export interface ServerArgument {
  /** Origin of the upstream. */
  readonly upstream: string
  /** Its own folder. */
  readonly directory: string
  /** What its client speaks in this row, and what it has to speak to the upstream. */
  readonly wires: { readonly client: Wire; readonly upstream: Wire }
  readonly size?: GatewaySize
  /** Folder in which the package of another project is installed. */
  readonly installed?: string
}

/** What it says when it is ready: how it is asked. A bare string is its origin. */
export type Ready = string | Listening

/** A server that serves the row. */
export interface Listening {
  readonly url: string
  /** Names of the model that lead to the upstream; requests take turns over them. */
  readonly models?: readonly string[]
  readonly keys?: readonly string[]
  readonly headers?: { readonly [name: string]: string }
}
