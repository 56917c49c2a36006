import { describe, expect, it } from 'vitest'
import type { Json, JsonObject, Target } from '@gantry/core'
import { spliceJson } from '@gantry/wire'
import { attempt } from '../captures.test-support.ts'
import { wireOf } from '../server/answers.test-support.ts'
import { decodeRequest } from '../server/decode-request.ts'
import { encodeRequest } from './encode-request.ts'
import { relay } from './relay.ts'

const billing = {
  type: 'text',
  text: 'x-anthropic-billing-header: cc_version=2.1.329.e76; cc_entrypoint=cli;',
}
const kind = { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }
const ask = (system: Json, model = 'alias'): JsonObject => ({
  model,
  system,
  max_tokens: 10,
  messages: [{ role: 'user', content: `what is an ${billing.text}` }],
})
const targetOf = (model: string, quirks?: JsonObject): Target => ({
  provider: 'p',
  protocol: 'anthropic-messages',
  model,
  ...(quirks && { quirks }),
})

/** The bytes that a relayed request goes out as. */
function relayed(text: string, target: Target): string {
  const bytes = Buffer.from(text)
  const wire = { ...wireOf({}), body: bytes, json: () => JSON.parse(text) as JsonObject }
  return Buffer.from(spliceJson(bytes, relay.splices(wire, target))).toString()
}

/** The same request where it is encoded. */
function encoded(body: JsonObject, target: Target): { readonly system: unknown; readonly losses: unknown } {
  const context = attempt(target.model, target)
  const { system } = encodeRequest(decodeRequest(wireOf(body)), context).body
  return { system, losses: context.losses.map(({ what, how, pointer }) => `${what} ${how} ${pointer}`) }
}

describe('the billing block of Claude Code', () => {
  it.each([
    ['a Claude', targetOf('claude-opus-5-5')],
    ['a Claude by another name', targetOf('opus', { billingBlock: true })],
  ])('goes to %s, byte for byte', (_who, target) => {
    const text = JSON.stringify(ask([billing, kind]), null, 1)
    expect(relayed(text, target)).toBe(text.replace('"alias"', JSON.stringify(target.model)))
    expect(encoded(ask([billing, kind], target.model), target)).toEqual({
      system: [billing, kind],
      losses: [],
    })
  })

  it.each([
    ['a host with a model of its own', targetOf('glm-5')],
    ['a target that is said to want none', targetOf('claude-opus-5-5', { billingBlock: false })],
  ])('is not for %s; no other byte changes', (_who, target) => {
    const text = JSON.stringify(ask([billing, kind]), null, 1)
    const without = JSON.stringify(ask([kind], target.model), null, 1)
    expect(JSON.parse(relayed(text, target))).toEqual(JSON.parse(without))
    expect(relayed(text, target).slice(-200)).toBe(text.slice(-200))
    expect(encoded(ask([billing, kind], target.model), target)).toEqual({
      system: [kind],
      losses: ['instructions.billing_header dropped /system/0'],
    })
  })

  it('leaves no empty prompt behind, and takes every one there is', () => {
    const target = targetOf('glm-5')
    const system = (given: Json): unknown =>
      (JSON.parse(relayed(JSON.stringify(ask(given)), target)) as JsonObject)['system']
    expect(system([billing])).toBeUndefined()
    expect(system([billing, kind, billing, kind, billing])).toEqual([kind, kind])
    expect(encoded(ask([billing]), target).system).toBeUndefined()
  })

  it('is told from words about it', () => {
    const target = targetOf('glm-5')
    for (const system of [`About ${billing.text}`, [{ type: 'text', text: `About ${billing.text}` }], []]) {
      const text = JSON.stringify(ask(system))
      expect(relayed(text, target)).toBe(text.replace('"alias"', '"glm-5"'))
    }
  })
})
