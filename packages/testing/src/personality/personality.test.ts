import { describe, expect, it } from 'vitest'
import { createRandom } from '../random.ts'
import { createFakeUpstream } from '../upstream/server.ts'
import { anthropicMaterial, chatMaterial, personalities, personalityReplier } from './index.ts'
import { edited, withTokens } from './personality.ts'

describe('personalities', () => {
  it('are about sixty, each with a name of its own', () => {
    const names = personalities.map(({ name }) => name)
    expect(names.length).toBeGreaterThanOrEqual(60)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/)
  })

  it.each(personalities.map((one) => [one.name, one] as const))(
    '%s damages any wire, by its seed',
    (_, one) => {
      for (const material of [chatMaterial, anthropicMaterial]) {
        for (const stream of one.answers === 'both' ? [true, false] : [one.answers === 'stream']) {
          const text = (seed: number): string => {
            const { pieces, ...reply } = one.reply(material, createRandom(seed), stream)
            return JSON.stringify([reply, Array.isArray(pieces) ? pieces : 'made while it is read'])
          }
          expect(text(3)).toBe(text(3))
          expect(text(3)).not.toBe(
            JSON.stringify([stream ? { events: material.frames } : { json: material.body }]),
          )
        }
      }
    },
  )

  it('change numbers where they mean tokens, and nowhere else', () => {
    const { body, frames } = edited(chatMaterial, (object) => withTokens(object, -5))
    expect(body['usage']).toEqual({ prompt_tokens: -5, completion_tokens: -5, total_tokens: -5 })
    expect(body['created']).toBe(1_760_000_000)
    expect(frames.at(-1)).toEqual({ data: '[DONE]' })
    expect(withTokens({ max_tokens: 5, max_output_tokens: 6, input_tokens: 7 }, 0)).toEqual({
      max_tokens: 5,
      max_output_tokens: 6,
      input_tokens: 0,
    })
  })

  it('answer by the model that is asked for', async () => {
    const upstream = await createFakeUpstream({ replier: personalityReplier({ material: chatMaterial }) })
    const ask = (model: string): Promise<Response> =>
      fetch(upstream.url, { method: 'POST', body: JSON.stringify({ model }) })
    expect(await (await ask('model-a')).json()).toEqual(chatMaterial.body)
    expect((await ask('status-529')).status).toBe(529)
    expect(await (await ask('json-null')).json()).toBeNull()
    expect(await (await fetch(upstream.url, { method: 'POST', body: 'x' })).json()).toEqual(chatMaterial.body)
    await upstream.close()
  })
})
