import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import {
  anthropicMaterial,
  chatMaterial,
  createFakeUpstream,
  createTestGateway,
  personalities,
  personalityReplier,
  type FakeUpstream,
  type TestGateway,
} from '@gantry/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const timeouts = { connectMs: 1000, firstByteMs: 400, idleMs: 400, totalMs: 1500 }
const materials = { chat: chatMaterial, claude: anthropicMaterial }
const answer = 'Grüße aus 東京 🗼'

const rejections: unknown[] = []
const collect = (reason: unknown): void => void rejections.push(reason)
beforeAll(() => void process.on('unhandledRejection', collect))
afterAll(() => {
  process.off('unhandledRejection', collect)
  expect(rejections).toEqual([])
})

describe.each(['chat', 'claude'] as const)('a client of chat, a host of %s', (host) => {
  let upstream: FakeUpstream
  let gateway: TestGateway
  beforeAll(async () => {
    upstream = await createFakeUpstream({
      replier: personalityReplier({ material: materials[host], seed: 11 }),
    })
    const baseUrl = `${upstream.url}/v1`
    const names = [...personalities.map(({ name }) => name), 'sound']
    gateway = await createTestGateway({
      plugins: [openaiChat(), anthropicMessages()],
      providers: {
        host:
          host === 'chat'
            ? openaiCompatible({ baseUrl, apiKey: 'k', timeouts })
            : anthropic({ baseUrl, apiKey: 'k', timeouts }),
      },
      models: Object.fromEntries(
        names.map((name) => [name, { to: `host/${name}` as const, maxOutputTokens: 100 }]),
      ),
      groups: { all: { models: ['*'] } },
      defaultGroup: 'all',
    })
  })
  afterAll(async () => {
    await gateway.close()
    await vi.waitFor(() => expect(upstream.connections).toBe(0), 5000)
    await upstream.close()
  })

  const cells = personalities.flatMap(({ name, answers, expect: wanted }) =>
    [false, true]
      .filter((stream) => answers === 'both' || (answers === 'stream') === stream)
      .map((stream) => ({ name, stream, wanted, how: stream ? 'streamed' : 'whole' })),
  )
  it.concurrent.each([
    { name: 'sound', stream: false, wanted: 'sound', how: 'whole' },
    { name: 'sound', stream: true, wanted: 'sound', how: 'streamed' },
    ...cells,
  ])('$name, $how: $wanted', async ({ name, stream, wanted }) => {
    const { status, id, text, said } = await ask(gateway, name, stream)
    const isTold = status >= 400 || /"error":\s*\{/.test(text)
    expect(status, text.slice(0, 300)).toBeGreaterThanOrEqual(200)
    if (wanted === 'failed') expect(isTold, `${status} ${text.slice(0, 300)}`).toBe(true)
    if (wanted === 'sound') expect([status, said, isTold]).toEqual([200, answer, false])
    if (status >= 400) expect(JSON.parse(text)).toMatchObject({ error: { message: expect.any(String) } })
    const rows = await logged(gateway, id)
    expect(rows.map(({ outcome }) => outcome)).toEqual([isTold ? 'failed' : 'completed'])
    for (const count of Object.values(rows[0]?.usage.tokens ?? {})) {
      expect(Number.isSafeInteger(count) && count >= 0, JSON.stringify(rows[0]?.usage)).toBe(true)
    }
  })
})

async function ask(
  gateway: TestGateway,
  model: string,
  stream: boolean,
): Promise<{ readonly status: number; readonly id: string; readonly text: string; readonly said: string }> {
  const response = await gateway.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hello' }] }),
  })
  const text = await response.text()
  return {
    status: response.status,
    id: response.headers.get('x-request-id') ?? '',
    text,
    said: saidIn(text, stream),
  }
}

/** What a client reads, without our codec. */
function saidIn(text: string, stream: boolean): string {
  type Choice = { delta?: { content?: string }; message?: { content?: string } }
  const bodies = stream
    ? text.split(/\r\n|\r|\n/).flatMap((line) => /^data: ?(\{.*)$/.exec(line)?.[1] ?? [])
    : [text]
  return bodies
    .map((body) => {
      try {
        const [choice] = (JSON.parse(body) as { choices?: Choice[] }).choices ?? []
        return choice?.delta?.content ?? choice?.message?.content ?? ''
      } catch {
        return ''
      }
    })
    .join('')
}

/** Rows of one request; waits for the first. */
async function logged(gateway: TestGateway, id: string): Promise<TestGateway['requests']> {
  for (let round = 0; round < 200; round++) {
    const rows = gateway.requests.filter((row) => row.id === id)
    if (rows.length > 0) return rows
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return []
}
