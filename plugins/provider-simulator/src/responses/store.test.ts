import { describe, expect, it } from 'vitest'
import { responses, withSimulator } from '../testing.ts'
import { responseStore } from './store.ts'
import type { Stored } from '../wire.ts'
import type { Simulator } from '../simulator.ts'

function kept(id: string): Stored {
  return { reply: undefined as never, input: [], output: [{ id: `msg_${id}` }] }
}

describe('responseStore', () => {
  it('forgets the oldest, and its items with it', () => {
    const store = responseStore(2)
    for (const id of ['a', 'b', 'c']) store.save(id, kept(id))
    expect(store.find('a')).toBeUndefined()
    expect(store.item('msg_a')).toBeUndefined()
    expect(store.item('msg_c')).toEqual({ id: 'msg_c' })
    expect(store.remove('b')).toBe(true)
    expect(store.remove('b')).toBe(false)
    expect(store.item('msg_b')).toBeUndefined()
  })
})

async function idOf(answer: Promise<Response>): Promise<string> {
  return ((await (await answer).json()) as { id: string }).id
}

async function ask(simulator: Simulator, input: unknown, previous: string): Promise<[number, string]> {
  const answer = await responses(simulator, input, { previous_response_id: previous })
  return [answer.status, await answer.text()]
}

describe('an answer that is kept', () => {
  it('has as many children as are asked of it', async () => {
    await withSimulator({}, async (simulator) => {
      const parent = await idOf(responses(simulator, 'say one'))
      for (const word of ['two', 'three']) {
        const [status, text] = await ask(simulator, `say ${word}`, parent)
        expect([status, text]).toEqual([200, expect.stringContaining(`"text":"${word}"`)])
      }
    })
  })

  it('answers references to what was said in it', async () => {
    await withSimulator({}, async (simulator) => {
      const answer = await (await responses(simulator, 'say one')).json()
      const [{ id }] = (answer as { output: [{ id: string }] }).output
      const input = [
        { type: 'item_reference', id },
        { role: 'user', content: 'say two' },
      ]
      expect((await responses(simulator, input)).status).toBe(200)
    })
  })

  it('is no parent where it failed', async () => {
    await withSimulator({}, async (simulator) => {
      const failed = await responses(simulator, 'count 9\nfail after 3', { stream: true })
      const id = /"id":"(resp_\w+)"/.exec(await failed.text())?.[1] ?? ''
      expect(id).not.toBe('')
      expect(await ask(simulator, 'hi', id)).toEqual([
        400,
        expect.stringContaining('previous_response_not_found'),
      ])
    })
  })

  it('is asked for by the methods it has, and no others', async () => {
    await withSimulator({}, async (simulator) => {
      const id = await idOf(responses(simulator, 'say one'))
      const status = async (method: string, path: string): Promise<number> =>
        (await fetch(`${simulator.url}/responses/${path}`, { method })).status
      expect(await status('GET', id)).toBe(200)
      expect(await status('PUT', id)).toBe(404)
      expect(await status('GET', `${id}/output_items`)).toBe(404)
      expect(await status('GET', 'resp_none')).toBe(404)
      expect(await status('DELETE', id)).toBe(200)
      expect(await status('DELETE', id)).toBe(404)
    })
  })
})

it('has no WebSockets, and says so as clients understand it', async () => {
  await withSimulator({}, async ({ url }) => {
    const { request } = await import('node:http')
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket' }
      const asked = request(`${url}/responses`, { headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      asked.on('error', reject).end()
    })
    expect(status).toBe(426)
  })
})
