import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, type FakeUpstream } from '@gantry/testing'
import { compose, type Composed } from '../support/compose.ts'

let upstream: FakeUpstream
let composed: Composed

beforeAll(async () => {
  upstream = await createFakeUpstream({
    replier: () => ({
      json: {
        id: 'x',
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      },
    }),
  })
  composed = await compose({
    config: {
      server: { maxBodyBytes: 1_000_000 },
      providers: { host: openaiCompatible({ baseUrl: `${upstream.url}/v1` }) },
      models: { m: { to: 'host/m' } },
      // What a bill plugin does: it asks for the bound, so the request is decoded and checked.
      hooks: { 'bill.reserve': (context) => void context.bound() },
    },
  })
})
afterAll(async () => {
  await composed.close()
  await upstream.close()
})

async function send(
  body: string,
  headers: { [name: string]: string } = {},
): Promise<{
  status: number
  error: { message: string; type: string; param: string | null; code: string | null }
}> {
  const response = await composed.send('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const json = (await response.json()) as { error: never }
  return { status: response.status, error: json.error }
}

const ok = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

describe('a body that is refused', () => {
  it.each([
    ['not JSON', '{"model": "m", oops', 400, /not valid JSON/],
    ['empty', '', 400, /no body/i],
    ['an array', '[1,2]', 400, /JSON object/],
    ['a number', '7', 400, /JSON object/],
    ['null', 'null', 400, /JSON object/],
    ['too deep', `{"model":"m","messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400, /nest|deep/i],
    ['too many values', `{"model":"m","x":[${'{},'.repeat(150_000)}{}]}`, 400, /many|values|objects/i],
    ['too large', JSON.stringify({ ...ok, x: 'a'.repeat(1_000_001) }), 413, /larger|large|bytes/i],
  ] as const)('%s', async (_name, body, status, message) => {
    const seen = upstream.requests.length
    const answer = await send(body)
    expect(answer.status).toBe(status)
    expect(answer.error.message).toMatch(message)
    expect(answer.error.message).toMatch(/request id: req_/)
    expect(answer.error.type).toBe('invalid_request_error')
    expect(upstream.requests.length).toBe(seen)
  })

  it('never repeats the client’s own text of a body it could not read', async () => {
    const { error } = await send('{"secret":"canary-in-a-body" oops')
    expect(error.message).not.toContain('canary')
  })

  it('keeps __proto__ as the data it is', async () => {
    const seen = upstream.requests.length
    const body =
      '{"model":"m","messages":[{"role":"user","content":"hi"}],"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    const response = await composed.send('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(200)
    await response.text()
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(upstream.requests[seen]?.text).toContain('"__proto__":{"polluted":1}')
  })
})

describe('wrong types name the field', () => {
  it.each([
    [{ model: 'm' }, 'messages'],
    [{ model: 'm', messages: 'hi' }, 'messages'],
    [{ model: 'm', messages: [7] }, 'messages[0]'],
    [{ model: 'm', messages: [{ content: 'hi' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'robot', content: 'hi' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 7 }] }] },
      'messages[0].content[0].text',
    ],
    [{ ...ok, temperature: 'hot' }, 'temperature'],
    [{ ...ok, max_tokens: 'many' }, 'max_tokens'],
    [{ ...ok, stream: 'yes' }, 'stream'],
    [{ ...ok, tools: {} }, 'tools'],
    [{ ...ok, model: 7 }, 'model'],
  ])('%j', async (body, param) => {
    const answer = await send(JSON.stringify(body))
    expect(answer.status).toBe(400)
    expect(answer.error.param).toBe(param)
    expect(answer.error.type).toBe('invalid_request_error')
  })
})

it('an unknown model is 404 model_not_found', async () => {
  const answer = await send(JSON.stringify({ ...ok, model: 'no-such' }))
  expect(answer).toMatchObject({ status: 404, error: { code: 'model_not_found', param: 'model' } })
})

it('a model name that carries control characters is not echoed raw', async () => {
  const answer = await send(JSON.stringify({ ...ok, model: 'a\r\nset-cookie: x=y\u0000' }))
  expect(answer.status).toBe(404)
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  expect(answer.error.message).not.toMatch(/[\u0000-\u001f]/)
})

/** Raw bytes in, raw bytes out. */
function raw(text: string, options: { thenClose?: boolean } = {}): Promise<string> {
  const { port } = new URL(composed.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(text)
      if (options.thenClose) socket.end()
    })
    let answer = ''
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => {
      answer += chunk.toString()
      if (/\r\n\r\n[^]*\}/.test(answer)) socket.destroy()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

it.each([
  [
    'two Host headers',
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}',
  ],
  ['a Host with a path', 'POST /v1/chat/completions HTTP/1.1\r\nHost: a/b?c\r\nContent-Length: 2\r\n\r\n{}'],
])('%s are 400', async (_name, request) => {
  const answer = await raw(request)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).toContain('req_')
})

it('a body that stops halfway ends the request, and the gateway goes on', async () => {
  const seen = composed.settled.length
  const answer = await raw(
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"model":"m"',
    { thenClose: true },
  )
  expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer)).toBe(true)
  await expect.poll(() => composed.settled.length).toBe(seen + 1)
  expect(['aborted', 'refused']).toContain(composed.settled.at(-1)?.outcome)
  const response = await composed.chat(ok)
  expect(response.status).toBe(200)
  await response.text()
})
