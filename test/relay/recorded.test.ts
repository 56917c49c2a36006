import { createFakeUpstream, createRandom, loadFixtures, type FakeUpstream } from '@gantry/testing'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

const captures = loadFixtures(new URL('../fixtures/chat', import.meta.url))
const exchanges = captures.flatMap((capture) =>
  capture.exchanges.map((exchange, index) => ({ name: `${capture.name} #${index}`, exchange })),
)
const answered = exchanges.filter(({ exchange }) => exchange.response.status < 300)

let upstream: FakeUpstream
let composed: Composed

beforeAll(async () => {
  upstream = await createFakeUpstream()
  composed = await compose({
    config: {
      providers: { host: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { any: { to: 'host/any', price: 'free' } },
    },
  })
})
afterAll(async () => {
  await composed.close()
  await upstream.close()
})

/** Sends one request through the gateway to an upstream that answers with these bytes, and returns what came out. */
async function relay(bytes: Uint8Array, stream: boolean, slices?: number | 'random'): Promise<Buffer> {
  upstream.reply({
    headers: { 'content-type': stream ? 'text/event-stream' : 'application/json' },
    body: bytes,
    ...(slices === undefined ? {} : { slices }),
  })
  const response = await composed.chat({
    model: 'any',
    stream,
    // Asked for, so that no frame is ours to hide.
    ...(stream ? { stream_options: { include_usage: true } } : {}),
    messages: [{ role: 'user', content: 'x' }],
  })
  const text = Buffer.from(await response.arrayBuffer())
  expect(response.status, text.toString()).toBe(200)
  return text
}

const bytesOf = (response: {
  readonly json?: unknown
  readonly sse?: string
  readonly text?: string
}): Buffer => Buffer.from(response.sse ?? response.text ?? JSON.stringify(response.json))

it('has all 78 captures', () => {
  expect(captures).toHaveLength(78)
  expect(answered.length).toBeGreaterThan(78)
})

describe('an answer of the same protocol passes byte for byte', () => {
  it.each(answered)('$name', async ({ exchange }) => {
    const bytes = bytesOf(exchange.response)
    const stream = exchange.response.sse !== undefined
    expect((await relay(bytes, stream)).equals(bytes)).toBe(true)
    expect((await relay(bytes, stream, 'random')).equals(bytes)).toBe(true)
  })
})

describe('also with odd spacing and framing around it', () => {
  it.each(answered)('$name', async ({ name, exchange }) => {
    const random = createRandom(name.length * 7919)
    const bytes = bytesOf(exchange.response)
    const stream = exchange.response.sse !== undefined
    const odd = Buffer.from(stream ? reframe(bytes.toString(), random) : respace(bytes.toString(), random))
    expect((await relay(odd, stream, 'random')).equals(odd)).toBe(true)
  })
})

it('passes unknown request fields, odd spacing and number spelling; only the located values change', async () => {
  const body =
    '{ "model" :\t"any",\n "messages":[ {"role":"user","content":"caf\\u00e9","x":1.50} ], "temperature":1.0e0, "stream" : true, "new_field":{"deep":[1,{}]}, "big":12345678901234567890 }'
  upstream.reply({
    events: [
      { data: '{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}' },
      { data: '[DONE]' },
    ],
  })
  const seen = upstream.requests.length
  const response = await composed.send('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  await response.text()
  const sent = upstream.requests[seen]!.text
  const withoutUsage = sent.replace(/"stream_options"\s*:\s*\{\s*"include_usage"\s*:\s*true\s*\}\s*,/, '')
  expect(withoutUsage).toBe(body)
  expect(JSON.parse(sent)).toMatchObject({ stream_options: { include_usage: true } })
})

describe('an error of the upstream keeps its status and, for request faults, its text', () => {
  it.each(exchanges.filter(({ exchange }) => exchange.response.status >= 300))(
    '$name',
    async ({ exchange }) => {
      const { status } = exchange.response
      upstream.reply({
        status,
        headers: { 'content-type': 'application/json' },
        body: bytesOf(exchange.response),
      })
      const response = await composed.chat({ model: 'any', messages: [{ role: 'user', content: 'x' }] })
      const { error } = (await response.json()) as { error: { message: string } }
      if (status === 401) expect(response.status).toBe(502)
      else expect(response.status).toBe(status)
      expect(error.message).toContain(response.headers.get('x-request-id'))
      const theirs = exchange.response.json as { error?: { message?: string } } | undefined
      if (status === 400 && theirs?.error?.message) expect(error.message).toContain(theirs.error.message)
    },
  )
})

/** The same JSON with white space put between its tokens. */
function respace(text: string, random: { next(): number }): string {
  const blanks = ['', ' ', '\n', '\t ', '\r\n  ']
  let inString = false
  let out = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (inString) {
      out += char
      if (char === '\\') out += text[++at] ?? ''
      else if (char === '"') inString = false
      continue
    }
    if (char === '"') inString = true
    const blank = '{}[],:'.includes(char) ? blanks[Math.floor(random.next() * blanks.length)]! : ''
    out += blank + char
  }
  return out
}

/** The same events with other line ends, comments, empty lines, and no space after the colon. */
function reframe(text: string, random: { next(): number }): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!
  return text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .filter((frame) => frame.trim() !== '')
    .map((frame) => {
      const end = pick(['\n', '\r\n', '\r'])
      const lines = frame
        .split(/\r\n|\n|\r/)
        .map((line) => (random.next() < 0.3 ? line.replace(/^data: /, 'data:') : line))
      const comment = random.next() < 0.2 ? `: keep-alive${end}${random.next() < 0.5 ? end : ''}` : ''
      return `${comment}${lines.join(end)}${end}${end}${random.next() < 0.2 ? end : ''}`
    })
    .join('')
}
