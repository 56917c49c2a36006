import { GatewayError, type GenerateRequest, type JsonObject, type WireRequest } from '@gantry/core'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { describe, expect, it } from 'vitest'
import { attempt, captures } from '../captures.test-support.ts'
import { lostLeaves } from '../leaves.test-support.ts'
import { refusals } from '../validator.test-support.ts'
import { encodeRequest } from './encode-request.ts'

const bodies = captures('chat').flatMap(({ file, requestBody }) =>
  requestBody ? [[file, requestBody] as const] : [],
)

/** One of every family in the table, and a host's own. */
const models = [
  'claude-sonnet-4-5',
  'claude-opus-4-8',
  'claude-opus-5-5',
  'claude-opus-4-6',
  'claude-3-5-haiku',
  'deepseek-chat',
]

describe('recorded chat requests', () => {
  it('are as many as this test thinks', () => {
    expect(bodies).toHaveLength(78)
  })

  it.each(bodies)('%s is a request that Anthropic takes, and nothing is lost in silence', (_file, body) => {
    const request = decode(body)
    for (const model of models) {
      const context = attempt(model)
      const count = request.sampling?.count ?? 1
      if (count > 1) {
        expect(() => encodeRequest(request, context)).toThrow(/^n is \d+/)
        continue
      }
      const { body: out, path, headers } = encodeRequest(request, context)
      expect(path).toBe('/messages')
      expect(headers).toMatchObject({ 'anthropic-version': '2023-06-01' })
      expect(refusals(out)).toEqual([])
      expect(lostLeaves(request, out, context.losses)).toEqual([])
    }
  })

  it('are encoded the same way twice', () => {
    for (const [, body] of bodies) {
      const request = decode(body)
      if ((request.sampling?.count ?? 1) > 1) continue
      const [first, second] = [encodeRequest(request, attempt()), encodeRequest(decode(body), attempt())]
      expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    }
  })

  it('name n when it asks for several choices', () => {
    const request = { ...decode({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], n: 3 }) }
    try {
      encodeRequest(request, attempt())
      expect.unreachable()
    } catch (error) {
      expect(GatewayError.is(error) && error.data).toMatchObject({
        class: 'unsupported',
        status: 400,
        param: '/n',
      })
    }
  })
})

function decode(body: JsonObject): GenerateRequest {
  const wire: WireRequest = {
    method: 'POST',
    path: '/chat/completions',
    params: {},
    headers: new Headers(),
    body: new TextEncoder().encode(JSON.stringify(body)),
    json: () => body,
  }
  const codec = chat.server?.codecs.generate
  if (!codec) throw new Error('the chat protocol has no server end')
  return codec.decodeRequest(wire)
}
