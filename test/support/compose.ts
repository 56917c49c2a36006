import { createGateway, serve, type Gateway, type GatewayOptions, type Logger } from '@gantry/core'
import type { AnyPlugin, GatewayConfig, HookMap, ModelEntry, SettleContext } from '@gantry/core'
import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import simulator from '@gantry/provider-simulator'

/** A gateway composed in this process, reachable both ways. */
export interface Composed {
  readonly gateway: Gateway
  /** One request, over the transport this was composed for. */
  send(path: string, init?: RequestInit): Promise<Response>
  /** A chat request as most tests make it. */
  chat(body: object, init?: RequestInit): Promise<Response>
  /** Every request that the log phase has seen. */
  readonly settled: SettleContext[]
  /** Every line the gateway logged. */
  readonly lines: { level: string; message: string; fields?: object }[]
  readonly url: string
  close(): Promise<void>
}

/** Both ways into a gateway: a web request in this process, and a real port. */
export const transports = ['in process', 'real port'] as const

/** Composes the two protocols over two simulated upstreams, `chat/…` and `claude/…`, with models of those names. */
export async function compose(
  options: {
    transport?: (typeof transports)[number]
    hooks?: HookMap
    plugins?: readonly AnyPlugin[]
    models?: { readonly [name: string]: ModelEntry<string> }
    config?: Partial<GatewayConfig<string, string, string>>
    gateway?: GatewayOptions
  } = {},
): Promise<Composed> {
  const settled: SettleContext[] = []
  const lines: Composed['lines'] = []
  const at = (level: string) => (message: string, fields?: object) =>
    void lines.push({ level, message, ...(fields ? { fields } : {}) })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const gateway = await createGateway<string, string, string>(
    {
      plugins: [
        openaiChat(),
        anthropicMessages(),
        ...(options.plugins ?? []),
        { name: 'capture', enforce: 'post', hooks: { log: (context) => void settled.push(context) } },
      ],
      providers: { chat: simulator(), claude: simulator({ speaks: 'anthropic-messages' }) },
      models: {
        chat: { to: 'chat/sim-chat', price: 'free' },
        claude: { to: 'claude/sim-claude', price: 'free', maxOutputTokens: 4096 },
        ...options.models,
      },
      groups: {},
      ...(options.hooks ? { hooks: options.hooks } : {}),
      ...options.config,
    },
    { logger, ...options.gateway },
  )
  const server =
    options.transport === 'in process' ? undefined : await serve(gateway, { host: '127.0.0.1', port: 0 })
  const url = server?.url ?? 'http://gateway.test'
  const send: Composed['send'] = (path, init) =>
    server ? fetch(`${url}${path}`, init) : gateway.fetch(new Request(`${url}${path}`, init))
  return {
    gateway,
    send,
    chat: (body, init) =>
      send('/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify(body),
        ...init,
        headers: { 'content-type': 'application/json', ...init?.headers },
      }),
    settled,
    lines,
    url,
    async close() {
      await server?.close({ drainTimeoutMs: 1000 })
      await gateway.close()
    },
  }
}
