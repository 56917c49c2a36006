import { createTestGateway } from '../gateway/test-gateway.ts'
import type { Check } from '../suite/check.ts'
import { must, show } from '../suite/must.ts'
import { createFakeUpstream, type UpstreamRequest } from '../upstream/server.ts'
import type { ProviderExchange, ProviderSuiteOptions } from './options.ts'

/** Checks of a request that goes through a whole gateway. */
export function exchangeChecks({ exchange }: ProviderSuiteOptions): readonly Check[] {
  if (!exchange) return []
  return [
    {
      group: 'exchange',
      name: 'a request arrives at the base URL with the credential, and its answer comes back',
      run: async () => {
        const { status, text, seen } = await send(exchange)
        must(status === (exchange.reply.status ?? 200), `The client got ${status}: ${text.slice(0, 500)}`)
        must(seen !== undefined, 'Nothing arrived at the host of the vendor.')
        must(seen.path.startsWith('/v1/'), `It arrived at ${seen.path}, outside the base URL.`)
        for (const [name, value] of Object.entries(exchange.sent ?? {})) {
          must(seen.headers[name] === value, `The header ${name} arrived as ${show(seen.headers[name])}.`)
        }
        const { model } = seen.json() as { readonly model?: unknown }
        must(model === exchange.body.model, `The model arrived as ${show(model)}.`)
      },
    },
    {
      group: 'exchange',
      name: "nothing of the client's credentials arrives there",
      run: async () => {
        const { seen } = await send(exchange)
        must(
          !show([seen?.rawHeaders, seen?.path]).includes('canary'),
          `It arrived: ${show(seen?.rawHeaders)}`,
        )
      },
    },
  ]
}

// ---

async function send(
  exchange: ProviderExchange,
): Promise<{ readonly status: number; readonly text: string; readonly seen: UpstreamRequest | undefined }> {
  const { model } = exchange.body
  const upstream = await createFakeUpstream({ replies: [exchange.reply] })
  try {
    const gateway = await createTestGateway(
      {
        plugins: exchange.protocols,
        providers: { subject: exchange.create(`${upstream.url}/v1`) },
        models: { [model]: { to: `subject/${model}` } },
        groups: { all: { models: ['*'] } },
        defaultGroup: 'all',
      },
      { transport: 'process' },
    )
    try {
      const response = await gateway.fetch(exchange.path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer canary', cookie: 'a=canary' },
        body: JSON.stringify(exchange.body),
      })
      return { status: response.status, text: await response.text(), seen: upstream.requests[0] }
    } finally {
      await gateway.close()
    }
  } finally {
    await upstream.close()
  }
}
