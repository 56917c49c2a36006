import { describe, expect, it } from 'vitest'
import { listModels } from './models.ts'
import { messages, withSimulator } from './testing.ts'

const models = Array.from({ length: 25 }, (_, at) => `m${at}`)

function page(query: string): unknown {
  const { data, ...rest } = listModels(models, undefined, true, new URLSearchParams(query))
  return { ids: (data as { id: string }[]).map(({ id }) => id), ...rest }
}

describe('Anthropic’s models', () => {
  it.each<[string, [number, number], boolean]>([
    ['', [0, 20], true],
    ['after_id=m19', [20, 25], false],
    ['limit=3', [0, 3], true],
    ['limit=3&after_id=m2', [3, 6], true],
    ['limit=3&before_id=m5', [2, 5], true],
    ['limit=3&before_id=m2', [0, 2], false],
    ['limit=1000', [0, 25], false],
    ['limit=nonsense', [0, 20], true],
  ])('page %s', (query, [from, to], more) => {
    expect(page(query)).toEqual({
      ids: models.slice(from, to),
      first_id: `m${from}`,
      last_id: `m${to - 1}`,
      has_more: more,
    })
  })

  it('are listed for whoever sends its header, over HTTP', async () => {
    await withSimulator({ models }, async ({ url }) => {
      const headers = { 'anthropic-version': '2023-06-01' }
      expect(await (await fetch(`${url}/models?limit=1`, { headers })).json()).toMatchObject({
        data: [{ type: 'model', id: 'm0', display_name: 'm0' }],
        has_more: true,
      })
      expect(await (await fetch(`${url}/models`)).json()).toMatchObject({
        object: 'list',
        data: { length: 25 },
      })
    })
  })
})

describe('count_tokens', () => {
  it('counts what the same message would have cost, and takes nothing that says how to answer', async () => {
    await withSimulator({}, async (simulator) => {
      const answer = (await (await messages(simulator, 'how many?')).json()) as {
        usage: { input_tokens: number }
      }
      const count = async (more: object): Promise<[number, unknown]> => {
        const asked = await fetch(`${simulator.url}/messages/count_tokens`, {
          method: 'POST',
          headers: { 'anthropic-version': '2023-06-01' },
          body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'how many?' }], ...more }),
        })
        return [asked.status, await asked.json()]
      }
      expect(await count({})).toEqual([200, { input_tokens: answer.usage.input_tokens }])
      for (const name of ['max_tokens', 'stream', 'temperature']) {
        expect(await count({ [name]: 1 })).toMatchObject([
          400,
          { error: { message: `${name}: Extra inputs are not permitted` } },
        ])
      }
    })
  })
})
