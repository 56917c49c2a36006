import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chat, frames, messages, withSimulator } from './testing.ts'

describe('the same request', () => {
  it('gets the same bytes, on both wires, whole and streamed, now and from another simulator', async () => {
    const prompts = [
      'hello',
      'reason a b\nsay c',
      'count 30',
      'call f {"a":1}\ncall f',
      'refuse',
      'length 3',
      'empty',
    ]
    const chatTools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const messagesTools = [{ name: 'f', input_schema: { type: 'object' } }]
    const all = async (simulator: Parameters<typeof chat>[0]): Promise<string[]> => {
      const texts: string[] = []
      for (const prompt of prompts) {
        for (const stream of [false, true]) {
          for (const answer of [
            await chat(simulator, prompt, { stream, tools: chatTools }),
            await messages(simulator, prompt, { stream, tools: messagesTools }),
          ]) {
            const head = JSON.stringify([...answer.headers])
            texts.push(`${answer.status} ${head} ${await answer.text()}`)
          }
        }
      }
      return texts
    }
    await withSimulator({}, async (one) => {
      const first = await all(one)
      expect(await all(one)).toEqual(first)
      expect(new Set(first).size).toBe(first.length)
      await withSimulator({}, async (other) => expect(await all(other)).toEqual(first))
      await withSimulator({ seed: 'x' }, async (other) => expect(await all(other)).not.toEqual(first))
    })
  })

  it('has ids of its own otherwise', async () => {
    await withSimulator({}, async (simulator) => {
      await fc.assert(
        fc.asyncProperty(fc.string(), fc.string(), async (a, b) => {
          const ids = await Promise.all(
            [a, b].map(
              async (text) => ((await (await chat(simulator, `x${text}`)).json()) as { id: string }).id,
            ),
          )
          expect(ids[0] === ids[1]).toBe(a === b)
        }),
        { numRuns: 30 },
      )
    })
  })
})

describe('whole and streamed', () => {
  it('say the same on the chat wire', async () => {
    await withSimulator({}, async (simulator) => {
      const whole = (await (await chat(simulator, 'reason x y\nsay one two')).json()) as {
        choices: { message: { content: string; reasoning_content: string }; finish_reason: string }[]
      }
      const streamed = frames(
        await (await chat(simulator, 'reason x y\nsay one two', { stream: true })).text(),
      )
      expect(streamed.at(-1)?.data).toBe('[DONE]')
      let content = ''
      let reasoning = ''
      for (const { data } of streamed.slice(0, -1)) {
        const { choices } = JSON.parse(data) as { choices: { delta: Record<string, string> }[] }
        content += choices[0]?.delta.content ?? ''
        reasoning += choices[0]?.delta.reasoning_content ?? ''
      }
      expect([content, reasoning]).toEqual([
        whole.choices[0]?.message.content,
        whole.choices[0]?.message.reasoning_content,
      ])
      expect([content, reasoning]).toEqual(['one two', 'x y'])
    })
  })

  it('reports usage in a stream only when asked', async () => {
    await withSimulator({}, async (simulator) => {
      const without = frames(await (await chat(simulator, 'say a', { stream: true })).text())
      expect(without.some(({ data }) => data.includes('"usage"'))).toBe(false)
      const asked = { stream: true, stream_options: { include_usage: true } }
      const usage = frames(await (await chat(simulator, 'reason x\nsay a b', asked)).text()).at(-2)
      expect(JSON.parse(usage?.data ?? '{}')).toMatchObject({
        choices: [],
        usage: { completion_tokens: 3, completion_tokens_details: { reasoning_tokens: 1 } },
      })
    })
  })

  it('gives n choices and counts them all', async () => {
    await withSimulator({}, async (simulator) => {
      const whole = (await (await chat(simulator, 'count 5', { n: 3 })).json()) as {
        choices: { index: number; message: { content: string } }[]
        usage: { completion_tokens: number }
      }
      expect(whole.choices.map((choice) => [choice.index, choice.message.content])).toEqual([
        [0, '1 2 3 4 5'],
        [1, '1 2 3 4 5'],
        [2, '1 2 3 4 5'],
      ])
      expect(whole.usage.completion_tokens).toBe(15)
      const ends = frames(await (await chat(simulator, 'count 5', { n: 3, stream: true })).text()).filter(
        ({ data }) => data.includes('"finish_reason":"stop"'),
      )
      expect(ends).toHaveLength(3)
    })
  })
})

describe('prompt cache', () => {
  const conversation = [
    { role: 'user', content: 'first '.repeat(50) },
    { role: 'assistant', content: 'answer' },
    { role: 'user', content: 'second' },
  ]

  it('takes what came before the last answer for cached', async () => {
    await withSimulator({}, async (simulator) => {
      const read = async (): Promise<unknown> => {
        const answer = await chat(simulator, '', { messages: conversation })
        return ((await answer.json()) as { usage: unknown }).usage
      }
      const first = await read()
      expect(first).toMatchObject({
        prompt_tokens_details: { cached_tokens: Math.ceil(JSON.stringify(conversation[0]).length / 4) },
      })
      expect(await read()).toEqual(first)
    })
  })

  it('remembers prefixes where it is told to', async () => {
    await withSimulator({ cache: 'memory' }, async (simulator) => {
      const read = async (count: number): Promise<number[]> => {
        const answer = await chat(simulator, '', { messages: conversation.slice(0, count) })
        const { usage } = (await answer.json()) as {
          usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } }
        }
        return [usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens]
      }
      const [first, cold] = await read(1)
      expect(cold).toBe(0)
      expect(await read(1)).toEqual([first, first])
      expect((await read(3))[1]).toBe(first)
    })
  })

  it('reads and writes marked prefixes on the messages wire, and the buckets do not overlap', async () => {
    await withSimulator({ cache: 'memory' }, async (simulator) => {
      const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } }
      const system = [{ type: 'text', text: 'word '.repeat(100), ...mark }]
      const read = async (more: object): Promise<Record<string, number>> => {
        const answer = await messages(simulator, 'hi', more)
        return ((await answer.json()) as { usage: Record<string, number> }).usage
      }
      const plain = await read({ system: 'word '.repeat(100) })
      expect(plain).toMatchObject({ cache_creation_input_tokens: 0, cache_read_input_tokens: 0 })
      const written = await read({ system })
      expect(written).toMatchObject({
        cache_read_input_tokens: 0,
        cache_creation: {
          ephemeral_5m_input_tokens: 0,
          ephemeral_1h_input_tokens: written.cache_creation_input_tokens,
        },
      })
      expect(written.cache_creation_input_tokens).toBeGreaterThan(100)
      const again = await read({ system })
      expect(again).toMatchObject({
        input_tokens: written.input_tokens,
        cache_read_input_tokens: written.cache_creation_input_tokens,
        cache_creation_input_tokens: 0,
      })
    })
  })
})

describe('faults', () => {
  it.each([
    ['fail 503', 503, { error: { type: 'server_error' } }],
    ['fail 401', 401, { error: { code: 'invalid_api_key' } }],
    [
      'fail 429 insufficient_quota',
      429,
      { error: { type: 'insufficient_quota', code: 'insufficient_quota' } },
    ],
  ])('%s on the chat wire', async (prompt, status, body) => {
    await withSimulator({}, async (simulator) => {
      for (const stream of [false, true]) {
        const answer = await chat(simulator, prompt, { stream })
        expect(answer.status).toBe(status)
        expect(await answer.json()).toMatchObject(body)
      }
    })
  })

  it.each([
    ['fail 529', 529, 'overloaded_error'],
    ['fail 500', 500, 'api_error'],
    ['fail 429 retry-after 2', 429, 'rate_limit_error'],
    ['fail 402', 402, 'billing_error'],
  ])('%s on the messages wire', async (prompt, status, type) => {
    await withSimulator({}, async (simulator) => {
      const answer = await messages(simulator, prompt)
      expect(answer.status).toBe(status)
      expect(answer.headers.get('retry-after')).toBe(prompt.includes('retry') ? '2' : null)
      const body = (await answer.json()) as { request_id: string }
      expect(body).toMatchObject({ type: 'error', error: { type } })
      expect(answer.headers.get('request-id')).toBe(body.request_id)
    })
  })

  it('fails in the stream after as many tokens as it is told', async () => {
    await withSimulator({}, async (simulator) => {
      for (const after of [0, 3, 99]) {
        const text = await (await chat(simulator, `count 5\nfail after ${after}`, { stream: true })).text()
        const seen = frames(text)
        expect(seen.filter(({ data }) => /"delta":\{"content":"[^"]/.test(data))).toHaveLength(
          Math.min(after, 5),
        )
        expect(JSON.parse(seen.at(-1)?.data ?? '')).toMatchObject({ error: { type: 'server_error' } })
        expect(text).not.toContain('[DONE]')
      }
      const events = frames(
        await (await messages(simulator, 'count 5\nfail after 2', { stream: true })).text(),
      )
      expect(events.at(-1)).toMatchObject({
        event: 'error',
        data: expect.stringContaining('overloaded_error'),
      })
      expect(events.filter(({ data }) => data.includes('text_delta'))).toHaveLength(2)
      expect((await chat(simulator, 'count 5\nfail after 3')).status).toBe(500)
    })
  })

  it('cuts a stream in the middle of a frame, and a whole answer in the middle of its body', async () => {
    await withSimulator({}, async (simulator) => {
      const { url } = simulator
      const raw = await rawRequest(url, {
        stream: true,
        messages: [{ role: 'user', content: 'count 9\ncut after 3' }],
      })
      expect(raw.match(/^data: .*\n\n/gm)).toHaveLength(4)
      expect(raw).not.toMatch(/\n\n\r\n0\r\n\r\n$/)
      expect(raw.slice(raw.lastIndexOf('data: '))).not.toContain('}\n')
      await expect(chat(simulator, 'say a\ncut after 0').then((answer) => answer.text())).rejects.toThrow(
        'terminated',
      )
      await expect(chat(simulator, 'cut')).rejects.toThrow('fetch failed')
    })
  })

  it('ends a stream cleanly and too early', async () => {
    await withSimulator({}, async (simulator) => {
      const text = await (await messages(simulator, 'count 9\nend after 3', { stream: true })).text()
      expect(text).toContain('text_delta')
      expect(text).not.toMatch(/content_block_stop|message_stop/)
      const whole = await (await chat(simulator, 'count 9\nend after 3')).text()
      expect(() => JSON.parse(whole)).toThrow(SyntaxError)
    })
  })

  it('answers HTML, or nothing at all with 200', async () => {
    await withSimulator({}, async (simulator) => {
      const page = await chat(simulator, 'html')
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html'])
      expect(await page.text()).toContain('<html>')
      expect((await chat(simulator, 'html 502')).status).toBe(502)
      const blank = await chat(simulator, 'blank', { stream: true })
      expect([blank.status, await blank.text()]).toEqual([200, ''])
    })
  })

  it('stalls until the client leaves, and knows that it left', async () => {
    await withSimulator({}, async (simulator) => {
      for (const prompt of ['stall', 'count 5\nstall after 2']) {
        const leaving = new AbortController()
        const answer = chat(simulator, prompt, { stream: true }, {}, leaving.signal).then((one) => one.text())
        await expect(Promise.race([answer, sleep(60, 'silent')])).resolves.toBe('silent')
        expect(simulator.requests.at(-1)?.state).toBe('open')
        leaving.abort()
        await expect(answer).rejects.toThrow('aborted')
        await expect.poll(() => simulator.requests.at(-1)?.state).toBe('aborted')
      }
    })
  })

  it('gives up a stall after its time', async () => {
    await withSimulator({ stallMs: 30 }, async (simulator) => {
      await expect(chat(simulator, 'stall')).rejects.toThrow('fetch failed')
    })
  })
})

describe('pace', () => {
  it('waits before the first token and between tokens', async () => {
    await withSimulator({ firstTokenMs: 60, pace: 20 }, async (simulator) => {
      const started = performance.now()
      const answer = await chat(simulator, 'count 6', { stream: true })
      const times: number[] = []
      for await (const _chunk of answer.body ?? []) times.push(performance.now() - started)
      expect(times[0]).toBeGreaterThanOrEqual(55)
      expect(times.length).toBeGreaterThanOrEqual(6)
      expect(times.at(-1)).toBeGreaterThanOrEqual(60 + 5 * 20 - 10)
      const whole = performance.now()
      await (await chat(simulator, 'count 6')).text()
      expect(performance.now() - whole).toBeGreaterThanOrEqual(60 + 5 * 20 - 10)
    })
  })

  it('waits for a reader that does not read', async () => {
    await withSimulator({}, async (simulator) => {
      const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
      const body = JSON.stringify({
        model: 'm',
        stream: true,
        messages: [{ role: 'user', content: 'count 100000' }],
      })
      socket.pause()
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
      const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed
      await sleep(300)
      expect(simulator.requests.at(-1)?.state).toBe('open')
      expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(
        30_000_000,
      )
      socket.destroy()
      await expect.poll(() => simulator.requests.at(-1)?.state).toBe('aborted')
    })
  })
})

async function rawRequest(url: string, more: object): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const body = JSON.stringify({ model: 'm', ...more })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
