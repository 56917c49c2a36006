import { describe, expect, it } from 'vitest'
import { startSimulator } from './index.ts'
import { chat, messages, withSimulator } from './testing.ts'

describe('keys', () => {
  it('refuses a missing, a wrong and a dead key in the words of each vendor', async () => {
    await withSimulator({ apiKey: ['good', 'dead'], deadKeys: ['dead'] }, async (simulator) => {
      const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
      expect((await chat(simulator, 'hi', {}, bearer('good'))).status).toBe(200)
      expect((await messages(simulator, 'hi', {}, { 'x-api-key': 'good' })).status).toBe(200)
      expect((await messages(simulator, 'hi', {}, bearer('good'))).status).toBe(200)
      for (const headers of [{}, bearer('bad'), bearer('dead'), { 'x-api-key': 'good' }]) {
        const answer = await chat(simulator, 'hi', {}, headers)
        expect(answer.status).toBe(401)
        expect(await answer.json()).toMatchObject({
          error: { type: 'invalid_request_error', param: null, code: 'invalid_api_key' },
        })
      }
      const wrong: Record<string, string>[] = [{}, { 'x-api-key': 'dead' }]
      for (const headers of wrong) {
        const answer = await messages(simulator, 'hi', {}, headers)
        expect(answer.status).toBe(401)
        expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
      }
    })
  })

  it('shows no key in full', async () => {
    await withSimulator({ apiKey: 'good' }, async (simulator) => {
      const secret = 'sk-very-long-and-secret-key'
      const answer = await chat(simulator, 'hi', {}, { authorization: `Bearer ${secret}` })
      expect(await answer.text()).not.toContain(secret)
    })
  })
})

describe('instructions for every prompt', () => {
  it('come before those of the prompt itself', async () => {
    await withSimulator({ always: 'fail 503' }, async (simulator) => {
      expect((await chat(simulator, 'say hello')).status).toBe(503)
      expect((await messages(simulator, 'hi')).status).toBe(503)
      expect((await fetch(`${simulator.url}/models`)).status).toBe(200)
    })
    await withSimulator({ always: 'say first' }, async (simulator) => {
      expect(await (await chat(simulator, 'say second')).text()).toMatch(/first[^]*second/)
    })
  })
})

describe('requests that are no requests', () => {
  it('answers in the shape of the wire that was meant', async () => {
    await withSimulator({ maxBodyBytes: 1000 }, async ({ url }) => {
      const post = (path: string, body: string): Promise<Response> =>
        fetch(`${url}${path}`, { method: 'POST', body })
      const both = ['/chat/completions', '/messages'] as const
      for (const path of both) {
        for (const body of ['', '{', '[]', 'null', '"x"', '\u{feff}{}x']) {
          const answer = await post(path, body)
          expect(answer.status).toBe(400)
          expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
        }
        const large = await post(path, `{"x":"${'x'.repeat(2000)}"}`)
        expect(large.status).toBe(413)
        expect(await large.json()).toHaveProperty('error.message')
      }
      const wrong = await post('/foo', '{}')
      expect(wrong.status).toBe(404)
      expect(await wrong.json()).toMatchObject({ error: { message: 'Invalid URL (POST /v1/foo)' } })
      const get = await fetch(`${url}/messages`)
      expect(get.status).toBe(404)
      expect(await get.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
    })
  })

  it('names the model it does not have', async () => {
    await withSimulator({ models: ['a'] }, async (simulator) => {
      const unknown = await chat(simulator, 'hi')
      expect(unknown.status).toBe(404)
      expect(await unknown.json()).toMatchObject({ error: { code: 'model_not_found' } })
      expect(await (await messages(simulator, 'hi')).json()).toMatchObject({ error: { message: 'model: m' } })
      expect((await chat(simulator, 'hi', { model: 'a' })).status).toBe(200)
    })
  })

  it('insists on alternation only where it is told to', async () => {
    const twice = {
      messages: [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
      ],
    }
    await withSimulator({}, async (simulator) => {
      expect((await messages(simulator, '', twice)).status).toBe(200)
    })
    await withSimulator({ strictRoles: true }, async (simulator) => {
      expect(await (await messages(simulator, '', twice)).json()).toMatchObject({
        error: { message: expect.stringContaining('roles must alternate') },
      })
    })
  })
})

describe('models and counting', () => {
  it('lists models in the shape each client reads', async () => {
    await withSimulator({ models: ['a', 'b/c:d'] }, async ({ url }) => {
      const list = (path: string, headers: Record<string, string> = {}): Promise<unknown> =>
        fetch(`${url}${path}`, { headers }).then((answer) => answer.json())
      expect(await list('/models')).toMatchObject({
        object: 'list',
        data: [{ id: 'a', object: 'model' }, { id: 'b/c:d' }],
      })
      expect(await list('/models/b%2Fc:d')).toMatchObject({ id: 'b/c:d', object: 'model' })
      expect(await list('/models/x')).toMatchObject({ error: { code: 'model_not_found' } })
      const version = { 'anthropic-version': '2023-06-01' }
      expect(await list('/models', version)).toMatchObject({
        data: [{ type: 'model', id: 'a', display_name: 'a' }, { id: 'b/c:d' }],
        has_more: false,
        first_id: 'a',
        last_id: 'b/c:d',
      })
      expect(await list('/models/x', version)).toMatchObject({ error: { type: 'not_found_error' } })
    })
  })

  it('counts as it would charge', async () => {
    await withSimulator({}, async (simulator) => {
      const conversation = [{ role: 'user', content: 'word '.repeat(40) }]
      const answer = await fetch(`${simulator.url}/messages/count_tokens`, {
        method: 'POST',
        headers: { 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({ model: 'm', messages: conversation }),
      })
      const whole = (await (await messages(simulator, '', { messages: conversation })).json()) as {
        usage: { input_tokens: number }
      }
      expect(await answer.json()).toEqual({ input_tokens: whole.usage.input_tokens })
    })
  })

  it('does not count the bytes of a picture as words', async () => {
    await withSimulator({}, async (simulator) => {
      const data = Buffer.alloc(300_000).toString('base64')
      const url = `data:image/png;base64,${data}`
      const seen = await chat(simulator, [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url } },
      ])
      const chatBody = (await seen.json()) as {
        usage: { prompt_tokens: number }
        choices: { message: { content: string } }[]
      }
      expect(chatBody.usage.prompt_tokens).toBeLessThan(400)
      expect(chatBody.choices[0]?.message.content).toContain('I saw 1 image (image/png, 300000 bytes).')
      const source = { type: 'base64', media_type: 'image/png', data }
      const other = await messages(simulator, [
        { type: 'image', source },
        { type: 'text', text: 'look' },
      ])
      const body = (await other.json()) as { usage: { input_tokens: number }; content: { text: string }[] }
      expect(body.usage.input_tokens).toBeLessThan(400)
      expect(body.content[0]?.text).toContain('I saw 1 image (image/png, 300000 bytes).')
    })
  })
})

describe('startSimulator', () => {
  it('keeps what arrived, the last thousand', async () => {
    await withSimulator({}, async (simulator) => {
      await (await chat(simulator, 'hi', {}, { 'x-test': '1' })).text()
      expect(simulator.requests).toMatchObject([
        {
          method: 'POST',
          path: '/v1/chat/completions',
          body: { model: 'm' },
          state: 'completed',
          status: 200,
        },
      ])
      expect(simulator.requests[0]?.headers.get('x-test')).toBe('1')
      for (let at = 0; at < 1005; at++) await (await fetch(`${simulator.url}/models`)).arrayBuffer()
      expect(simulator.requests).toHaveLength(1000)
    })
  })

  it('cuts every connection on close, also twice', async () => {
    const simulator = await startSimulator()
    const hanging = chat(simulator, 'stall')
    await expect.poll(() => simulator.requests.length).toBe(1)
    await Promise.all([simulator.close(), simulator.close()])
    await expect(hanging).rejects.toThrow('fetch failed')
    await expect(fetch(`${simulator.url}/models`)).rejects.toThrow('fetch failed')
  })

  it('rejects a port that is taken, and options it does not know', async () => {
    await withSimulator({}, async ({ url }) => {
      await expect(startSimulator({ port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE')
    })
    await expect(startSimulator(Object.assign({ pace: 1 }, { paces: 1 }))).rejects.toThrow('paces')
    await expect(startSimulator({ pace: -1 })).rejects.toThrow('pace')
  })
})
