import { describe, expect, it } from 'vitest'
import { bootNotes } from '@gantry/core'
import type { HttpProvider, ProviderPlugin, Target } from '@gantry/core'
import { captureContext, createFakeHost, httpProvider } from '@gantry/testing'
import simulator from './index.ts'

const { context } = captureContext()
const host = createFakeHost()

const http = (plugin: ProviderPlugin): HttpProvider => httpProvider(plugin, 'sim')

function target(protocol: string, credential?: number): Target {
  return { provider: 'sim', protocol, model: 'm', ...(credential !== undefined && { credential }) }
}

describe('simulator', () => {
  it('needs no options and offers the chat wire', () => {
    const plugin = simulator()
    expect(bootNotes(plugin).problems).toEqual([])
    expect(http(plugin)).toMatchObject({
      name: 'sim',
      speaks: ['openai-chat'],
      credentials: 1,
      cancelStopsBilling: true,
      retryAfterSent: false,
    })
  })

  it('listens from setup to close, on a socket of its own each time', async () => {
    const plugin = simulator({ speaks: ['anthropic-messages', 'openai-chat'], apiKey: ['a', 'b'] })
    const provider = http(plugin)
    expect(() => provider.endpoint(target('openai-chat'), context)).toThrow(
      'The simulator sim is not running.',
    )
    await plugin.setup?.(host)
    const chat = await provider.endpoint(target('openai-chat'), context)
    expect(chat).toMatchObject({ headers: { authorization: 'Bearer a' } })
    expect(chat.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
    const messages = await provider.endpoint(target('anthropic-messages', 1), context)
    expect(messages).toEqual({ url: chat.url, headers: { 'x-api-key': 'b' } })
    const body = JSON.stringify({
      model: 'm',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'say hi' }],
    })
    const headers = { ...messages.headers, 'anthropic-version': '2023-06-01' }
    const answer = await fetch(`${messages.url}/messages`, { method: 'POST', headers, body })
    expect(await answer.json()).toMatchObject({ content: [{ type: 'text', text: 'hi' }] })
    await plugin.close?.()
    await plugin.close?.()
    await expect(fetch(`${chat.url}/models`)).rejects.toThrow('fetch failed')
    expect(() => provider.endpoint(target('openai-chat'), context)).toThrow('not running')
    await plugin.setup?.(host)
    expect((await provider.endpoint(target('openai-chat'), context)).url).not.toBe('')
    await plugin.close?.()
  })

  it('serves only the wires it speaks', async () => {
    const plugin = simulator({ speaks: 'anthropic-messages' })
    await plugin.setup?.(host)
    const { url } = await http(plugin).endpoint(target('anthropic-messages'), context)
    const answer = await fetch(`${url}/chat/completions`, { method: 'POST', body: '{}' })
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ type: 'error' })
    await plugin.close?.()
  })

  it('offers the responses wire, with its key as OpenAI takes it, and none of the other wires', async () => {
    const plugin = simulator({ speaks: 'openai-responses', apiKey: 'secret' })
    await plugin.setup?.(host)
    const provider = http(plugin)
    expect(provider.speaks).toEqual(['openai-responses'])
    const { url, headers } = await provider.endpoint(target('openai-responses'), context)
    const ask = async (path: string): Promise<number> =>
      (
        await fetch(`${url}${path}`, {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: '{"model":"m","input":"hi"}',
        })
      ).status
    expect([await ask('/responses'), await ask('/chat/completions'), await ask('/messages')]).toEqual([
      200, 404, 404,
    ])
    await plugin.close?.()
  })

  it('says of itself what it is told to say', async () => {
    const provider = http(
      simulator({
        cancelStopsBilling: 'unknown',
        timeouts: { idleMs: 5 },
        retryAfterSent: true,
        models: ['a'],
        apiKey: ['x', 'y', 'z'],
      }),
    )
    expect(provider).toMatchObject({
      cancelStopsBilling: 'unknown',
      timeouts: { idleMs: 5 },
      retryAfterSent: true,
      credentials: 3,
    })
    expect(await provider.models?.(context.signal)).toEqual([{ id: 'a' }])
  })

  it('fails its setup when the port is taken', async () => {
    const first = simulator()
    await first.setup?.(host)
    const { url } = await http(first).endpoint(target('openai-chat'), context)
    const second = simulator({ port: Number(new URL(url).port) })
    await expect(Promise.resolve(second.setup?.(host))).rejects.toThrow('EADDRINUSE')
    await second.close?.()
    await first.close?.()
  })

  it.each<[object, string]>([
    [{ pace: -1 }, 'provider-simulator.pace'],
    [{ port: 70_000 }, 'provider-simulator.port'],
    [{ speaks: 'gemini' }, 'provider-simulator.speaks'],
    [{ cache: 'yes' }, 'provider-simulator.cache'],
    [{ speed: 1 }, 'provider-simulator'],
  ])('refuses %j and names the option', (options, path) => {
    const wrong: Parameters<typeof simulator>[0] = Object.assign({ seed: '' }, options)
    expect(bootNotes(simulator(wrong)).problems.map((problem) => problem.path)).toEqual([path])
  })
})
