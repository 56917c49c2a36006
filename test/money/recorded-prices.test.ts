import type { Json, JsonObject, ModelPrice, Protocol, Usage } from '@gantry/core'
import { chargeOf, formatAmount } from '@gantry/ledger'
import { pricingTokens } from '@gantry/pricing-tokens'
import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import { type CapturedExchange, createFakeHost, loadFixtures } from '@gantry/testing'
import { describe, expect, it } from 'vitest'

/**
 * What the host took for a model: USD per million tokens and per unit. One price for all captures of a model; the
 * `cost_details` of the captures, divided by their counts, say the same.
 */
const prices: { readonly [model: string]: ModelPrice } = {
  'anthropic/claude-4.5-haiku-20251001': { input: '1', output: '5' },
  'anthropic/claude-4.5-sonnet-20250929': { input: '3', output: '15' },
  'anthropic/claude-4.6-sonnet-20260217': { input: '3', output: '15' },
  'google/gemini-2.5-flash': { input: '0.3', output: '2.5' },
  'google/gemini-3.6-flash': { input: '1.5', output: '7.5' },
  'openai/gpt-4.1-mini': { input: '0.4', output: '1.6', units: { web_search: '0.01' } },
  'openai/gpt-5-mini': { input: '0.25', output: '2' },
  'openai/gpt-5-mini-2025-08-07': { input: '0.25', output: '2' },
  'openai/gpt-5.6-sol': { input: '5', cacheRead: '0.5', cacheWrite: '6.25', output: '30' },
  'openai/o3': { input: '2', output: '8' },
}

interface Billed {
  readonly name: string
  readonly model: string
  readonly usage: Usage
  /** What the upstream says that it charged. */
  readonly cost: string
}

const root = new URL('../fixtures/', import.meta.url)
const wires: readonly (readonly [folder: string, protocol: Protocol])[] = [
  ['chat', protocolOf(openaiChat())],
  ['responses', protocolOf(openaiResponses())],
]
const billed = wires.flatMap(([folder, protocol]) =>
  loadFixtures(new URL(folder, root)).flatMap(({ name, exchanges }) =>
    exchanges.flatMap((exchange, index): Billed[] => {
      const cost = costOf(exchange)
      const usage = cost === undefined ? undefined : usageOf(protocol, exchange)
      if (cost === undefined || !usage) return []
      return [{ name: `${name} ${index}`, model: modelOf(exchange), usage, cost }]
    }),
  ),
)
// Its bill holds two dollars for a thousand pages that were read, which its usage does not count.
const known = billed.filter(({ model }) => model !== 'openai/gpt-5.1-codex-mini')

describe('recorded usages whose upstream says what it charged', () => {
  it('are there', () => {
    expect(known.length).toBeGreaterThan(35)
    expect(billed.length - known.length).toBe(1)
    expect(known.map(({ model }) => model).filter((model) => !prices[model])).toEqual([])
  })

  it.each(known)('$name: $cost', async ({ model, usage, cost }) => {
    expect(await priced(prices[model] ?? {}, usage)).toBe(cost)
  })
})

describe('recorded usages of the Messages wire', () => {
  const anthropic = protocolOf(anthropicMessages())
  const sonnet: ModelPrice = {
    input: '3',
    cacheRead: '0.3',
    cacheWrite: '3.75',
    output: '15',
    units: { web_search: '0.01' },
    longContext: [{ above: 27_000, input: '6', output: '22.5' }],
    serviceTiers: { standard: '0.5', priority: 2 },
  }

  it.each<[name: string, price: ModelPrice, dollars: string]>([
    // 27118 × 3 + 600 × 15 + two searches
    ['vercel-anthropic-web-search-tool.1', { ...sonnet, longContext: [], serviceTiers: {} }, '0.110354'],
    // 27118 × 6 + 600 × 22.5 + two searches
    ['vercel-anthropic-web-search-tool.1', { ...sonnet, serviceTiers: {} }, '0.196208'],
    // Half of the tokens: the upstream says that the tier was "standard".
    ['vercel-anthropic-web-search-tool.1', sonnet, '0.108104'],
    // 28638 × 3 + 365 × 15; a fetch has no price
    ['vercel-anthropic-web-fetch-tool.2', { ...sonnet, longContext: [], serviceTiers: {} }, '0.091389'],
  ])('%s', async (name, price, dollars) => {
    const capture = loadFixtures(new URL('anthropic', root)).find((one) => one.name === name)
    const [exchange] = capture?.exchanges ?? []
    const usage = exchange && usageOf(anthropic, exchange)
    expect(usage && (await priced(price, usage))).toBe(dollars)
  })
})

// ---

async function priced(price: ModelPrice, usage: Usage): Promise<string> {
  const plugin = pricingTokens()
  await plugin.setup?.(createFakeHost({ config: { models: { m: { to: 'p/m', price } } } }))
  const [rule] = plugin.provides.pricing
  const context = { moment: 'settle', operation: 'generate', model: 'm', at: new Date(0) } as const
  return formatAmount(chargeOf(rule?.apply([], { ...context, usage, peek: () => undefined }) ?? []))
}

function protocolOf(plugin: { readonly provides: { readonly protocol: readonly Protocol[] } }): Protocol {
  const [protocol] = plugin.provides.protocol
  if (!protocol) throw new Error('The plugin has no protocol.')
  return protocol
}

/** The usage as the codec of the wire reads it, whole or streamed. */
function usageOf(protocol: Protocol, { response }: CapturedExchange): Usage | undefined {
  const codec = protocol.client?.codecs.generate
  const context = { target: { provider: 'p', protocol: protocol.name, model: 'm' }, report: () => undefined }
  if (!codec) return undefined
  if (response.sse === undefined) return codec.decodeResponse(response.json as JsonObject, context).usage
  let usage: Usage | undefined
  const decoder = codec.streamDecoder?.(context)
  for (const data of framesOf(response.sse))
    decoder?.push({ data }, (event) => (usage = event.type === 'usage' ? event.usage : usage))
  return usage
}

function costOf({ response }: CapturedExchange): string | undefined {
  for (const body of bodiesOf(response)) {
    const usage = body['usage']
    const cost =
      typeof usage === 'object' && usage !== null && 'cost' in usage ? Number(usage['cost']) : undefined
    if (cost !== undefined) return cost.toFixed(9).replace(/0+$/, '')
  }
  return undefined
}

function modelOf({ response }: CapturedExchange): string {
  return String(bodiesOf(response)[0]?.['model'])
}

function bodiesOf(
  response: CapturedExchange['response'],
): readonly { readonly [key: string]: Json | undefined }[] {
  if (response.sse === undefined) return [(response.json ?? {}) as JsonObject]
  return framesOf(response.sse)
    .filter((data) => data.startsWith('{'))
    .map((data) => JSON.parse(data) as JsonObject)
}

function framesOf(sse: string): readonly string[] {
  return sse.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6).trimEnd()] : []))
}
