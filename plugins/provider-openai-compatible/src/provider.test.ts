import { describe, expect, it } from 'vitest'
import { bootNotes, env } from '@gantry/core'
import type { ProviderPlugin, Target } from '@gantry/core'
import { captureContext, httpProvider } from '@gantry/testing'
import openaiCompatible, {
  deepseek,
  groq,
  local,
  mistral,
  moonshot,
  openrouter,
  together,
  xai,
} from './index.ts'

const { context } = captureContext()

function target(credential?: number): Target {
  return {
    provider: 'up',
    protocol: 'openai-chat',
    model: 'm',
    ...(credential !== undefined && { credential }),
  }
}

function problems(plugin: ProviderPlugin): readonly string[] {
  return bootNotes(plugin).problems.map((problem) => `${problem.path}: ${problem.message}`)
}

describe('openaiCompatible', () => {
  it('is a provider under the name the config gives, with its plugin name for messages', () => {
    const plugin = openaiCompatible({ baseUrl: 'https://api.example.com/v1/', apiKey: 'sk-1' })
    expect(problems(plugin)).toEqual([])
    expect(plugin.name).toBe('provider-openai-compatible')
    const provider = httpProvider(plugin, 'mine')
    expect(provider).toMatchObject({
      name: 'mine',
      speaks: ['openai-chat'],
      credentials: 1,
      cancelStopsBilling: 'unknown',
      retryAfterSent: false,
      quirks: { 'openai-chat': { maxTokens: 'max_tokens', systemRole: 'system', customTools: false } },
    })
    expect(provider.endpoint(target(), context)).toEqual({
      url: 'https://api.example.com/v1',
      headers: { authorization: 'Bearer sk-1' },
    })
  })

  it('answers with the credential that the target names, and refuses one it does not have', () => {
    const plugin = openaiCompatible({ baseUrl: 'https://api.example.com', apiKey: ['sk-1', 'sk-2'] })
    const provider = httpProvider(plugin, 'mine')
    expect(provider.credentials).toBe(2)
    expect(provider.endpoint(target(0), context)).toMatchObject({ headers: { authorization: 'Bearer sk-1' } })
    expect(provider.endpoint(target(1), context)).toMatchObject({ headers: { authorization: 'Bearer sk-2' } })
    expect(() => provider.endpoint(target(2), context)).toThrow('has no credential 2')
  })

  it('needs no key, and takes one in a header instead', () => {
    const plugin = openaiCompatible({ baseUrl: 'http://127.0.0.1:8000/v1', headers: { 'API-Key': 'k' } })
    const provider = httpProvider(plugin, 'mine')
    expect(provider.credentials).toBe(1)
    expect(provider.endpoint(target(), context)).toEqual({
      url: 'http://127.0.0.1:8000/v1',
      headers: { 'api-key': 'k' },
    })
  })

  it('passes quirks, timers and the rest through as data', async () => {
    const plugin = openaiCompatible({
      baseUrl: 'https://api.example.com/v1',
      quirks: { systemRole: 'developer', own: { deep: [1] } },
      timeouts: { idleMs: 5 },
      cancelStopsBilling: true,
      retryAfterSent: true,
      models: ['a', 'b'],
    })
    const provider = httpProvider(plugin, 'mine')
    expect(provider.quirks).toEqual({
      'openai-chat': {
        maxTokens: 'max_tokens',
        systemRole: 'developer',
        customTools: false,
        own: { deep: [1] },
      },
    })
    expect(provider.timeouts).toEqual({ idleMs: 5 })
    expect(provider.cancelStopsBilling).toBe(true)
    expect(provider.retryAfterSent).toBe(true)
    expect(await provider.models?.(context.signal)).toEqual([{ id: 'a' }, { id: 'b' }])
  })

  it('reads secrets at boot, and names the option and the variable of a missing one', () => {
    const plugin = openaiCompatible({
      baseUrl: 'https://api.example.com/v1',
      apiKey: [env('GANTRY_TEST_UNSET_A', 'fallback'), env('GANTRY_TEST_UNSET_B')],
    })
    expect(problems(plugin)).toEqual([
      'provider-openai-compatible.apiKey[1]: needs the environment variable GANTRY_TEST_UNSET_B, which is not set.',
    ])
    const ready = openaiCompatible({
      baseUrl: 'https://api.example.com/v1',
      apiKey: env('GANTRY_TEST_UNSET_A', 'fallback'),
    })
    expect(bootNotes(ready).secrets).toEqual(['fallback'])
    expect(httpProvider(ready, 'x').endpoint(target(), context)).toMatchObject({
      headers: { authorization: 'Bearer fallback' },
    })
  })

  it.each([
    ['ftp://example.com/v1', 'has to begin with https:// or http://'],
    ['api.example.com/v1', 'has to be a URL'],
    ['https://user:pass@example.com/v1', 'must not hold credentials'],
    ['https://example.com/v1?key=1', 'must not have a query'],
    ['https://example.com/v1?', 'must not have a query'],
    ['https://example.com/v1#x', 'must not have a fragment'],
    ['https://example.com/v1/chat/completions', 'leave out /chat/completions'],
    ['https://example.com/v1/messages/', 'leave out /messages'],
  ])('refuses the base URL %s', (baseUrl, message) => {
    const found = problems(openaiCompatible({ baseUrl }))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('provider-openai-compatible.baseUrl: ')
    expect(found[0]).toContain(message)
  })

  it.each<[object, string]>([
    [{ apiKey: '' }, 'apiKey'],
    [{ apiKey: 'sk-1\n' }, 'apiKey'],
    [{ apiKey: [] }, 'apiKey'],
    [{ apiKey: ['a', 'a'] }, 'apiKey'],
    [{ headers: { 'a b': 'x' } }, 'headers.a b'],
    [{ headers: { 'X-A': 'x\r\ny: z' } }, 'headers.X-A'],
    [{ headers: { Host: 'x' } }, 'headers.host'],
    [{ apiKey: 'k', headers: { Authorization: 'x' } }, 'headers.authorization'],
    [{ timeouts: { idleMs: 0 } }, 'timeouts.idleMs'],
    [{ timeouts: { idle: 1 } }, 'timeouts'],
    [{ cancelStopsBilling: 'no' }, 'cancelStopsBilling'],
    [{ models: [''] }, 'models.0'],
    [{ keyy: 'x' }, ''],
  ])('refuses %j and names the option', (options, path) => {
    const wrong: Parameters<typeof openaiCompatible>[0] = Object.assign(
      { baseUrl: 'https://api.example.com/v1' },
      options,
    )
    const found = bootNotes(openaiCompatible(wrong)).problems
    expect(found.map((problem) => problem.path)).toEqual([
      ['provider-openai-compatible', path].filter(Boolean).join('.'),
    ])
  })

  it('does not let one provider change the headers of another call', () => {
    const provider = httpProvider(
      openaiCompatible({ baseUrl: 'https://a.example/v1', apiKey: ['k', 'l'] }),
      'p',
    )
    expect(provider.endpoint(target(0), context)).not.toBe(provider.endpoint(target(1), context))
  })
})

describe('presets', () => {
  const key = { apiKey: 'k' }
  const old = { maxTokens: 'max_tokens' }
  const current = { maxTokens: 'max_completion_tokens' }
  const thinking = { reasoningField: 'reasoning_content' }
  it.each<[string, ProviderPlugin, string, object]>([
    ['deepseek', deepseek(key), 'https://api.deepseek.com', { ...old, ...thinking }],
    [
      'openrouter',
      openrouter(key),
      'https://openrouter.ai/api/v1',
      {
        ...old,
        reasoning: 'reasoning',
        reasoningField: 'reasoning',
        cacheHints: 'cache_control',
        topK: true,
      },
    ],
    ['groq', groq(key), 'https://api.groq.com/openai/v1', current],
    [
      'mistral',
      mistral(key),
      'https://api.mistral.ai/v1',
      { ...old, includeUsage: false, callIdPattern: '^[a-zA-Z0-9]{9}$', callIdMax: 9 },
    ],
    ['xai', xai(key), 'https://api.x.ai/v1', current],
    ['together', together(key), 'https://api.together.ai/v1', { ...old, topK: true }],
    ['moonshot', moonshot(key), 'https://api.moonshot.ai/v1', { ...old, ...thinking }],
    ['local', local(key), 'http://127.0.0.1:11434/v1', old],
  ])('%s has its base URL and dialect', (name, plugin, url, quirks) => {
    expect(problems(plugin)).toEqual([])
    expect(plugin.name).toBe(name)
    const provider = httpProvider(plugin, 'x')
    expect(provider.endpoint(target(), context)).toEqual({ url, headers: { authorization: 'Bearer k' } })
    expect(provider.quirks).toEqual({
      'openai-chat': { systemRole: 'system', customTools: false, ...quirks },
    })
  })

  it('takes another base URL and more quirks without losing its own', () => {
    const plugin = mistral({ ...key, baseUrl: 'https://eu.example/v1', quirks: { maxTokens: 'x' } })
    const provider = httpProvider(plugin, 'm')
    expect(provider.endpoint(target(), context)).toMatchObject({ url: 'https://eu.example/v1' })
    expect(provider.quirks?.['openai-chat']).toMatchObject({ maxTokens: 'x', includeUsage: false })
  })

  it('needs no options where the host needs no key', () => {
    const plugin = local()
    expect(problems(plugin)).toEqual([])
    expect(httpProvider(plugin, 'l').endpoint(target(), context)).toEqual({
      url: 'http://127.0.0.1:11434/v1',
      headers: {},
    })
    expect(plugin.provider('l').cancelStopsBilling).toBe(true)
  })

  it('names the preset when its key is missing', () => {
    expect(problems(deepseek({ apiKey: env('GANTRY_TEST_UNSET_C') }))).toEqual([
      'deepseek.apiKey: needs the environment variable GANTRY_TEST_UNSET_C, which is not set.',
    ])
  })

  it('sends how a site shows up at OpenRouter as headers', () => {
    const plugin = openrouter({ ...key, referer: 'https://example.com', title: 'Example' })
    expect(httpProvider(plugin, 'o').endpoint(target(), context)).toMatchObject({
      headers: { 'http-referer': 'https://example.com', 'x-title': 'Example', authorization: 'Bearer k' },
    })
  })
})

describe('wires', () => {
  const baseUrl = 'http://10.0.0.7:8000/v1'

  it('are chat alone, unless the options say otherwise', () => {
    const provider = httpProvider(openaiCompatible({ baseUrl }), 'host')
    expect(provider.speaks).toEqual(['openai-chat'])
    expect(Object.keys(provider.quirks ?? {})).toEqual(['openai-chat'])
  })

  it('each have a dialect of their own', () => {
    const provider = httpProvider(
      openaiCompatible({
        baseUrl,
        speaks: ['openai-responses', 'openai-chat'],
        responsesQuirks: { refuses: ['metadata'] },
      }),
      'host',
    )
    expect(provider.speaks).toEqual(['openai-responses', 'openai-chat'])
    expect(provider.quirks).toMatchObject({
      'openai-responses': { refuses: ['metadata'] },
      'openai-chat': { maxTokens: 'max_tokens' },
    })
  })

  it.each([[[]], [['openai-chat', 'openai-chat']], [['gemini']]])('cannot be %j', (speaks) => {
    const plugin = openaiCompatible({ baseUrl, speaks: speaks as never })
    expect(bootNotes(plugin).problems[0]?.path).toContain('speaks')
  })
})
