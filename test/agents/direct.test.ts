import { startSimulator } from '@gantry/provider-simulator'
import type { Simulator } from '@gantry/provider-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resultOf, runClaude } from './claude.ts'
import { agentMissing } from './clients.ts'
import { lastMessage, messagesOf, runCodex } from './codex.ts'
import type { CodexStyle, Endpoint } from './codex.ts'
import { createSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import * as tasks from './tasks.ts'

// The agents against the simulator itself: that it plays its part, and what they send, before a gateway is in between.
const timeout = 120_000
let simulator: Simulator
let sandbox: Sandbox

beforeEach(async () => {
  simulator = await startSimulator({ apiKey: 'the-key' })
  sandbox = await createSandbox(tasks.project)
})
afterEach(async () => {
  const outside = sandbox?.outside ?? []
  await sandbox?.close()
  await simulator?.close()
  expect(outside).toEqual([])
})

function endpoint(model: string): Endpoint {
  return { url: simulator.url.replace(/\/v1$/, ''), key: 'the-key', model }
}

function asked(): readonly string[] {
  return simulator.requests.map(({ method, path, status }) => `${method} ${path} ${status}`)
}

describe('Codex', () => {
  const posted = 'POST /v1/responses 200'

  it.skipIf(agentMissing('codex')).each<[CodexStyle, readonly string[]]>([
    ['env-key', []],
    ['openai-auth', []],
    ['base-url', ['GET /v1/responses 426']],
  ])(
    'edits a file in four turns, configured by %s',
    async (style, before) => {
      const run = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexEdit, { style })
      expect([run.code, lastMessage(run), run.stderr]).toEqual([0, 'All done here.', expect.any(String)])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      expect(asked()).toEqual([...before, posted, posted, posted, posted])
      expect(simulator.requests.map(({ headers }) => headers.get('authorization'))).toEqual(
        asked().map(() => 'Bearer the-key'),
      )
      const sent = types(simulator.requests.at(-1)?.body)
      expect(sent.filter((type) => !type.startsWith('message')).join(' ')).toBe(
        'reasoning function_call function_call_output ' +
          'reasoning custom_tool_call custom_tool_call_output ' +
          'function_call function_call function_call_output function_call_output',
      )
    },
    timeout,
  )

  it.skipIf(agentMissing('codex'))(
    'finds a tool and calls it in its namespace',
    async () => {
      const run = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexSearch)
      expect([run.code, messagesOf(run)]).toEqual([0, expect.arrayContaining(['Somebody else does it.'])])
      const bodies = simulator.requests.map(({ body }) => JSON.stringify(body))
      expect(bodies.some((body) => body.includes('"namespace":"multi_agent_v1"'))).toBe(true)
      expect(bodies.some((body) => body.includes('\\"agent_id\\"'))).toBe(true)
      // The child runs as long as its parent lets it.
      expect(asked().slice(0, 3)).toEqual([posted, posted, posted])
    },
    timeout,
  )

  it.skipIf(agentMissing('codex'))(
    'compacts by a trigger among the items',
    async () => {
      const settings = ['model_auto_compact_token_limit = 3000']
      const run = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexEdit, { name: 'OpenAI', settings })
      expect([run.code, lastMessage(run)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      expect(asked()).toEqual(Array.from({ length: 7 }, () => posted))
      const last = simulator.requests.map(({ body }) => types(body).at(-1))
      expect(last.filter((type) => type === 'compaction_trigger')).toHaveLength(3)
      expect(last.at(-1)).toBe('compaction')
    },
    timeout,
  )

  it.skipIf(agentMissing('codex-compact'))(
    'of an earlier generation compacts by the endpoint for it',
    async () => {
      const settings = ['model_auto_compact_token_limit = 3000']
      const options = { client: 'codex-compact', name: 'OpenAI', settings } as const
      const run = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexEdit, options)
      expect([run.code, lastMessage(run)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      const compacted = 'POST /v1/responses/compact 200'
      expect(asked()).toEqual([posted, compacted, posted, compacted, posted, compacted, posted])
    },
    timeout,
  )

  it.skipIf(agentMissing('codex') || agentMissing('codex-compact')).each([
    ['codex', posted],
    ['codex-compact', 'POST /v1/responses/compact 200'],
  ] as const)(
    'compacts between two prompts (%s)',
    async (client, compacted) => {
      const options = { client, name: 'OpenAI', settings: [tasks.compactFrom] }
      const first = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexLong, options)
      expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('"output_tokens":5000')])
      expect(asked()).toEqual([posted])
      const second = await runCodex(sandbox, endpoint('gpt-5.5'), tasks.codexEdit, {
        ...options,
        resume: true,
      })
      expect([second.code, lastMessage(second)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      expect(asked().slice(1)).toEqual([compacted, posted, posted, posted, posted])
      expect(types(simulator.requests.at(-1)?.body)).toContain('compaction')
    },
    timeout,
  )

  it.skipIf(agentMissing('codex'))(
    'ends at once when its context is full',
    async () => {
      const run = await runCodex(sandbox, endpoint('gpt-5.5'), 'fail 400 context_length_exceeded')
      expect(run.code).toBe(1)
      expect(run.stdout).toContain("ran out of room in the model's context window")
      expect(asked()).toEqual(['POST /v1/responses 400'])
    },
    timeout,
  )
})

describe('Claude Code', () => {
  const posted = 'POST /v1/messages 200'

  it.skipIf(agentMissing('claude-code')).each([
    ['claude-opus-5-5', 'token', 'authorization', 'Bearer the-key'],
    ['claude-sonnet-4-5', 'key', 'x-api-key', 'the-key'],
  ] as const)(
    'edits a file in four turns with %s, by its %s',
    async (model, credential, header, value) => {
      const run = await runClaude(sandbox, endpoint(model), tasks.claudeEdit(sandbox.folder), { credential })
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'All done here.' })
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      expect(asked()).toEqual([posted, posted, posted, posted])
      for (const { headers } of simulator.requests) expect(headers.get(header)).toBe(value)
      const last = JSON.stringify(simulator.requests.at(-1)?.body)
      // Thinking came back with its signature, which the simulator has checked.
      expect(last.match(/"type":"thinking"/g)).toHaveLength(2)
      expect(last.match(/"type":"tool_result"/g)).toHaveLength(4)
    },
    timeout,
  )

  it.skipIf(agentMissing('claude-code'))(
    'loads a tool by its name',
    async () => {
      const run = await runClaude(sandbox, endpoint('claude-opus-5-5'), tasks.claudeSearch)
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'There is nothing planned.' })
      expect(JSON.stringify(simulator.requests.at(-1)?.body)).toContain('"type":"tool_reference"')
    },
    timeout,
  )

  it.skipIf(agentMissing('claude-code'))(
    'counts its context, and asks which models there are',
    async () => {
      const environment = {
        CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
      }
      const model = endpoint('claude-opus-5-5')
      const run = await runClaude(sandbox, model, '/context', { environment })
      expect(resultOf(run).result).toContain('System tools')
      const counted = asked().filter((one) => one === 'POST /v1/messages/count_tokens 200')
      expect(counted.length).toBeGreaterThan(10)
      expect(asked()).toContain('GET /v1/models 200')
    },
    timeout,
  )

  it.skipIf(agentMissing('claude-code'))(
    'is told what went wrong',
    async () => {
      const run = await runClaude(sandbox, endpoint('claude-opus-5-5'), 'fail 403')
      expect(resultOf(run)).toMatchObject({ is_error: true, result: expect.stringContaining('403') })
    },
    timeout,
  )
})

function types(body: unknown): readonly string[] {
  const { input } = body as { readonly input?: readonly { readonly type: string; readonly role?: string }[] }
  return (input ?? []).map(({ type, role }) => (role === undefined ? type : `${type} ${role}`))
}
