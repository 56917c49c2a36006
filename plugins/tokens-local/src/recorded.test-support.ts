import type { GenerateRequest, JsonObject, Protocol } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import { loadFixtures, toWireRequest, type CapturedExchange } from '@gantry/testing'

/** A recorded request and how many tokens its vendor said it has. */
export interface RecordedCount {
  readonly name: string
  readonly provider: string
  readonly model: string
  readonly request: GenerateRequest
  readonly tokens: number
  /** Asked of the endpoint that counts; else the usage of an answer. */
  readonly isCount: boolean
  readonly path: string
  readonly body: JsonObject
  /** Its text is all in the request; else why not, or what in it is no text. */
  readonly kind: 'text' | 'media' | 'kept by the vendor' | 'tools of the vendor'
}

const wires: readonly {
  readonly folder: string
  readonly protocol: Protocol
  readonly path: RegExp
}[] = [
  {
    folder: 'anthropic',
    protocol: protocolOf(anthropicMessages()),
    path: /\/messages(\/count_tokens)?(\?|$)/,
  },
  {
    folder: 'responses',
    protocol: protocolOf(openaiResponses()),
    path: /\/responses(\/input_tokens)?(\?|$)/,
  },
  { folder: 'chat', protocol: protocolOf(openaiChat()), path: /\/chat\/completions(\?|$)/ },
]

/** Every recorded request whose tokens are recorded with it. */
export function recordedCounts(): readonly RecordedCount[] {
  return wires.flatMap(({ folder, protocol, path }) =>
    loadFixtures(new URL(`../../../test/fixtures/${folder}`, import.meta.url)).flatMap(
      ({ name, exchanges }) =>
        exchanges.flatMap((exchange, index) => {
          const { request, response, provider } = exchange
          if (!request || response.status !== 200 || !path.test(request.path)) return []
          const tokens = tokensOf(exchange)
          if (!tokens || !isObject(request.body)) return []
          const isCount = /count_tokens|input_tokens/.test(request.path)
          const codec = protocol.server!.codecs[isCount ? 'countTokens' : 'generate']!
          const decoded = codec.decodeRequest(toWireRequest(request)) as GenerateRequest
          return {
            name: index === 0 ? `${folder}/${name}` : `${folder}/${name}#${index}`,
            provider,
            model: decoded.model,
            request: decoded,
            tokens,
            isCount,
            path: request.path,
            body: request.body,
            kind: kindOf(request.body, decoded),
          }
        }),
    ),
  )
}

// ---

function protocolOf(plugin: { readonly provides: { readonly protocol: readonly Protocol[] } }): Protocol {
  return plugin.provides.protocol[0]!
}

function kindOf(body: JsonObject, { tools = [], turns }: GenerateRequest): RecordedCount['kind'] {
  if (body['previous_response_id'] || body['conversation']) return 'kept by the vendor'
  if (tools.some(({ type }) => type === 'server') || body['mcp_servers']) return 'tools of the vendor'
  const parts = turns.flatMap((turn) => turn.parts)
  if (parts.some(({ type }) => type === 'compaction')) return 'kept by the vendor'
  const inside = parts.flatMap((part) => (part.type === 'tool_result' ? [part, ...part.parts] : part))
  return inside.some(({ type }) => type === 'image' || type === 'file') ? 'media' : 'text'
}

/** Input tokens of every kind, as the vendor's own answer says. */
function tokensOf({ response }: CapturedExchange): number | undefined {
  const usage = response.sse === undefined ? usageIn(response.json) : usageInStream(response.sse)
  const at = (key: string): number => Number(usage?.[key] ?? 0)
  // Chat and Responses count what was cached among the rest.
  if (usage && 'prompt_tokens' in usage) return at('prompt_tokens')
  return at('input_tokens') + at('cache_read_input_tokens') + at('cache_creation_input_tokens')
}

function usageInStream(sse: string): JsonObject {
  let usage: JsonObject = {}
  for (const [, data] of sse.matchAll(/^data: ?(\{.*)$/gm)) {
    const found = usageIn(JSON.parse(data!) as JsonObject)
    if (found) usage = { ...usage, ...found }
  }
  return usage
}

function usageIn(json: unknown): JsonObject | undefined {
  if (!isObject(json as JsonObject)) return undefined
  const body = json as JsonObject
  for (const one of [body, body['message'], body['response']])
    if (isObject(one) && isObject(one['usage'])) return one['usage']
  return typeof body['input_tokens'] === 'number' ? body : undefined
}
