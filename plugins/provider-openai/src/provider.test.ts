import { describe, expect, it } from 'vitest'
import { bootNotes } from '@gantry/core'
import type { HttpProvider, ProviderPlugin } from '@gantry/core'
import { captureContext, httpProvider } from '@gantry/testing'
import openai from './index.ts'

const { context } = captureContext({ protocol: 'openai-chat' })
const target = { provider: 'openai', protocol: 'openai-chat', model: 'gpt-5.5' }

const http = (plugin: ProviderPlugin): HttpProvider => httpProvider(plugin, 'openai')

describe('openai', () => {
  it('speaks both wires at OpenAI with the names its current models want', () => {
    const provider = http(openai({ apiKey: 'sk-1' }))
    expect(provider.speaks).toEqual(['openai-responses', 'openai-chat'])
    expect(provider.quirks?.['openai-chat']).toMatchObject({
      maxTokens: 'max_completion_tokens',
      systemRole: 'developer',
    })
    expect(provider.endpoint(target, context)).toEqual({
      url: 'https://api.openai.com/v1',
      headers: { authorization: 'Bearer sk-1' },
    })
  })

  it('names organization and project in headers', () => {
    const provider = http(openai({ apiKey: 'sk-1', organization: 'org-1', project: 'proj_1' }))
    expect(provider.endpoint(target, context)).toMatchObject({
      headers: { 'openai-organization': 'org-1', 'openai-project': 'proj_1', authorization: 'Bearer sk-1' },
    })
  })

  it('takes several keys and another base URL', () => {
    const provider = http(openai({ apiKey: ['a', 'b'], baseUrl: 'https://eu.api.openai.com/v1/' }))
    expect(provider.credentials).toBe(2)
    expect(provider.endpoint({ ...target, credential: 1 }, context)).toEqual({
      url: 'https://eu.api.openai.com/v1',
      headers: { authorization: 'Bearer b' },
    })
  })

  it('keeps roles of the old families as data, with patterns that do not catch the new ones', () => {
    const families = http(openai({ apiKey: 'k' })).quirks?.['openai-chat']?.families
    const roleOf = (model: string): unknown => {
      for (const family of families as { models: string[]; systemRole: string }[]) {
        const hit = family.models.some((pattern) =>
          pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model,
        )
        if (hit) return family.systemRole
      }
      return 'developer'
    }
    for (const old of ['gpt-3.5-turbo', 'gpt-4', 'gpt-4-turbo', 'gpt-4o-mini', 'gpt-4.1-nano']) {
      expect([old, roleOf(old)]).toEqual([old, 'system'])
    }
    for (const current of ['o3', 'o4-mini', 'gpt-5', 'gpt-5.5', 'gpt-5.4-mini']) {
      expect([current, roleOf(current)]).toEqual([current, 'developer'])
    }
  })

  it('reports wrong options under its own name', () => {
    const wrong: Parameters<typeof openai>[0] = Object.assign({ apiKey: 'k' }, { organisation: 'org-1' })
    expect(bootNotes(openai(wrong)).problems).toMatchObject([
      { code: 'INVALID_OPTION', path: 'provider-openai', message: expect.stringContaining('organisation') },
    ])
    expect(bootNotes(openai({ apiKey: 'k', project: 'a\nb' })).problems).toMatchObject([
      { path: 'provider-openai.project' },
    ])
  })
})
