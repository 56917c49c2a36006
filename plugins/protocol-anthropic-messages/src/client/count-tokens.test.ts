import { describe, expect, it } from 'vitest'
import { GatewayError, type GenerateRequest } from '@gantry/core'
import { attempt } from '../captures.test-support.ts'
import { user } from '../encode.test-support.ts'
import { countTokensCodec } from './count-tokens.ts'

const request: GenerateRequest = {
  model: 'm',
  stream: true,
  turns: [user('Hi')],
  instructions: [{ type: 'text', text: 'Be kind.' }],
  tools: [{ type: 'function', name: 'f' }],
  maxOutputTokens: 100,
  sampling: { temperature: 0.5 },
  stop: ['END'],
  endUser: 'u',
  serviceTier: 'auto',
}

describe('counting at the upstream', () => {
  it('asks with what has a size and nothing else', () => {
    const { path, body, headers } = countTokensCodec.encodeRequest(request, attempt('claude-sonnet-4-6'))
    expect(path).toBe('/messages/count_tokens')
    expect(headers).toEqual({ 'anthropic-version': '2023-06-01' })
    expect(Object.keys(body).toSorted()).toEqual(['messages', 'model', 'system', 'tools'])
    expect(body['model']).toBe('claude-sonnet-4-6')
  })

  it('reads the count, and what stands beside it', () => {
    const beside = { context_management: { original_input_tokens: 9 } }
    expect(countTokensCodec.decodeResponse({ input_tokens: 7, ...beside }, attempt())).toEqual({
      tokens: 7,
      extra: { 'anthropic-messages': beside },
    })
  })

  it.each([{}, { input_tokens: '7' }, { input_tokens: -1 }, { input_tokens: 1.5 }])(
    '%j is no count',
    (body) => {
      expect(() => countTokensCodec.decodeResponse(body, attempt())).toThrow('without a count')
    },
  )

  it('an error inside a 200 is one', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'Busy' } }
    const read = (): unknown => countTokensCodec.decodeResponse(body, attempt())
    expect(read).toThrow('Busy')
    expect(read).toThrow(
      expect.toSatisfy((error) => GatewayError.is(error) && error.data.class === 'overloaded'),
    )
  })
})
