import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import authKeys, { keyringOf } from '@gantry/auth-keys'
import billLedger from '@gantry/bill-ledger'
import logPino from '@gantry/log-pino'
import { parseAmount } from '@gantry/ledger'
import pricingTokens from '@gantry/pricing-tokens'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import routeFailover from '@gantry/route-failover'
import sqlite from '@gantry/store-sqlite'
import { createFakeUpstream, faults, type FakeUpstream, type Reply } from '@gantry/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

const providerKey = 'sk-canaryprovider-4f9a2b7c8d1e6f3a5b0c9d8e'
const prompt = 'canary-in-the-prompt-7261'
const answer = 'canary-in-the-answer-9184'

let composed: Composed
let upstream: FakeUpstream
let directory: string
let log = ''
let secret = ''

beforeEach(async () => {
  log = ''
  directory = await mkdtemp(join(tmpdir(), 'gantry-canary-'))
  upstream = await createFakeUpstream()
  const timeouts = { connectMs: 500, firstByteMs: 200, idleMs: 200, totalMs: 1000 }
  const auth = authKeys({ pepper: 'canary-pepper-of-this-test' })
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log += chunk.toString()
      done()
    },
  })
  composed = await compose({
    plugins: [auth, routeFailover(), pricingTokens(), billLedger(), logPino({ level: 'debug', destination })],
    config: {
      store: sqlite(join(directory, 'gateway.db')),
      providers: {
        chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: providerKey, timeouts }),
        claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: providerKey, timeouts }),
      },
      models: {
        chat: { to: 'chat/m', price: { input: '1', output: '1' } },
        claude: { to: 'claude/m', price: { input: '1', output: '1' }, maxOutputTokens: 100 },
      },
      groups: { all: { models: ['*'] } },
      defaultGroup: 'all',
    },
  })
  const ledger = composed.gateway.host.use('ledger')
  await ledger.createAccount({ id: 'customer', wallets: [{ asset: 'usd', overdraft: 0n }] })
  await ledger.transfer({
    account: 'customer',
    asset: 'usd',
    amount: parseAmount('10'),
    counterAccount: 'clearing:usd',
    reference: 'r',
  })
  secret = (await keyringOf(auth)!.issue({ account: 'customer', group: 'all' })).secret
})
afterEach(async () => {
  await composed.close()
  await upstream.close()
  await rm(directory, { recursive: true, force: true })
})

const echo = `provider said: key ${providerKey}, header Authorization: Bearer ${providerKey}, url https://host/?key=${providerKey}`

const replies: readonly (() => Reply)[] = [
  () => ({
    json: {
      id: 'x',
      choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 },
    },
  }),
  () => ({
    json: {
      id: 'x',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: answer }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 5, output_tokens: 5 },
    },
  }),
  ...[400, 401, 402, 403, 404, 413, 422, 429, 500, 503, 529].map(
    (status) => () =>
      faults.status(status, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message:
            status < 429 && status !== 401 && status !== 402 && status !== 403
              ? `${echo} in reply to ${prompt}`
              : echo,
          code: 'x',
        },
      }),
  ),
  () => ({ headers: { 'content-type': 'text/html' }, body: `<html>${echo}</html>` }),
  () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: `<html>${echo}</html>` }),
  () => ({ json: { error: { message: echo } } }),
  () => ({ headers: { 'content-type': 'application/json' }, body: `{"half": "${echo}` }),
  () => ({ events: [{ data: `{"error":{"message":"${echo}"}}` }] }),
  () => ({
    events: [{ event: 'error', data: `{"type":"error","error":{"type":"api_error","message":"${echo}"}}` }],
  }),
  () => ({
    events: [
      { data: `{"choices":[{"index":0,"delta":{"role":"assistant","content":"${answer}"}}]}` },
      { data: `garbage ${echo}` },
    ],
  }),
  () => faults.silent(),
]

it('no key, prompt or answer is found where it does not belong, whatever the upstream does', async () => {
  const shown: string[] = []
  for (const reply of replies) {
    for (const model of ['chat', 'claude']) {
      for (const stream of [false, true]) {
        upstream.reply(reply())
        const response = await composed.chat(
          { model, stream, messages: [{ role: 'user', content: prompt }] },
          { headers: { authorization: `Bearer ${secret}` } },
        )
        shown.push(JSON.stringify([...response.headers]), await response.text())
      }
    }
  }
  const bad = await composed.chat(
    { model: 'chat', messages: [] },
    { headers: { authorization: `Bearer ${secret}x` } },
  )
  shown.push(await bad.text())
  await expect.poll(() => composed.settled.length).toBe(replies.length * 4 + 1)
  const client = shown.join('\n')
  expect(client).not.toContain(providerKey)
  expect(client).not.toContain('canaryprovider')
  expect(client).not.toContain(secret)
  expect(client).toContain(answer)

  expect(log.length).toBeGreaterThan(1000)
  for (const canary of [providerKey, 'canaryprovider', secret, prompt, answer, 'canary-pepper']) {
    expect(log, canary).not.toContain(canary)
  }
  await composed.gateway.close()
  const files = await readdir(directory)
  expect(files).toContain('gateway.db')
  for (const file of files) {
    const bytes = await readFile(join(directory, file))
    for (const canary of [providerKey, secret, prompt, answer, 'canary-pepper']) {
      expect(bytes.includes(canary), `${canary} in ${file}`).toBe(false)
    }
  }
}, 60_000)
