import type { AnyPlugin, ErrorClass, GatewayErrorInput, JsonObject, ProviderPlugin } from '@gantry/core'
import type { Reply } from '../upstream/reply.ts'

/** What a provider is tested with. Everything besides `create` adds checks. */
export interface ProviderSuiteOptions {
  /** Makes the provider as a config would; called once for each check. */
  create(): ProviderPlugin
  /** The base URL that `endpoint` has to give, without a slash at the end. */
  readonly url?: string
  /** The headers that `endpoint` has to give for the first credential: these and no others, names in lower case. */
  readonly headers?: { readonly [name: string]: string }
  /** The protocols it has to speak, best first. */
  readonly speaks?: readonly string[]
  /** What `classify` has to make of an error that the protocol has read. */
  readonly errors?: readonly (readonly [error: GatewayErrorInput, expected: ErrorClass])[]
  /** Options that have to be refused, and the path of the problem: `provider-acme.apiKey`. */
  readonly wrong?: readonly (readonly [create: () => ProviderPlugin, path: string])[]
  /** One request through a whole gateway to a fake host of the vendor. */
  readonly exchange?: ProviderExchange
}

/** One request that goes out through the provider under test. */
export interface ProviderExchange {
  /** Makes the provider for this base URL: a port on loopback, with `/v1`. */
  create(baseUrl: string): ProviderPlugin
  /** The protocols of the client and of the provider: often one for both. */
  readonly protocols: readonly AnyPlugin[]
  /** Where a client asks: `/v1/chat/completions`. */
  readonly path: string
  /** What a client sends; `model` is the upstream's name too. */
  readonly body: JsonObject & { readonly model: string }
  /** What the vendor answers. */
  readonly reply: Reply
  /** Headers that have to arrive there. */
  readonly sent?: { readonly [name: string]: string }
}
