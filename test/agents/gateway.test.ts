import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { resultOf, runClaude } from './claude.ts'
import { agentMissing } from './clients.ts'
import { lastMessage, messagesOf, runCodex } from './codex.ts'
import type { Endpoint } from './codex.ts'
import { createSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import * as tasks from './tasks.ts'

// Each agent through a gateway, to an upstream of each wire that checks every result before it goes on.
const config: string = new URL('gateway.config.ts', import.meta.url).pathname
const upstreams = ['chat', 'responses', 'messages'] as const
const timeout = 120_000
const without = {
  codex: agentMissing('codex'),
  old: agentMissing('codex-compact'),
  claude: agentMissing('claude-code'),
}
let gateway: ChildGateway
let sandbox: Sandbox

beforeAll(async () => {
  gateway = await startGateway(config)
})
afterAll(() => gateway?.stop())
beforeEach(async () => {
  sandbox = await createSandbox(tasks.project)
})
afterEach(async () => {
  await sandbox?.close()
  expect(sandbox?.outside ?? []).toEqual([])
})

const keys = new Map<string, Promise<string>>()

async function endpoint(upstream: (typeof upstreams)[number], model: string): Promise<Endpoint> {
  const key = keys.get(upstream) ?? gateway.key(upstream)
  keys.set(upstream, key)
  return { url: gateway.url, key: await key, model }
}

describe.each(upstreams)('Codex with an upstream of the %s wire', (upstream) => {
  it.skipIf(without.codex).each(['env-key', 'openai-auth', 'base-url'] as const)(
    'edits a file in four turns, configured by %s',
    async (style) => {
      const run = await runCodex(sandbox, await endpoint(upstream, 'gpt-5.5'), tasks.codexEdit, { style })
      expect([run.code, lastMessage(run)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )

  it.skipIf(without.codex)(
    'finds a tool and calls it in its namespace',
    async () => {
      const run = await runCodex(sandbox, await endpoint(upstream, 'gpt-5.5'), tasks.codexSearch)
      expect([run.code, messagesOf(run)]).toEqual([0, expect.arrayContaining(['Somebody else does it.'])])
      expect(run.stdout).toContain('"tool":"spawn_agent"')
      expect(run.stdout).not.toContain('"status":"failed"')
    },
    timeout,
  )

  it.skipIf(without.codex || without.old).each(['codex', 'codex-compact'] as const)(
    'goes on after a compaction (%s)',
    async (client) => {
      const model = await endpoint(upstream, 'gpt-5.5')
      const options = { client, name: 'OpenAI', settings: [tasks.compactFrom] }
      const first = await runCodex(sandbox, model, tasks.codexLong, options)
      expect([first.code, lastMessage(first)]).toEqual([0, expect.stringMatching(/ 5000$/)])
      const second = await runCodex(sandbox, model, tasks.codexEdit, { ...options, resume: true })
      expect([second.code, lastMessage(second)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )
})

describe.each(upstreams)('Claude Code with an upstream of the %s wire', (upstream) => {
  it.skipIf(without.claude).each(['token', 'key'] as const)(
    'edits a file in four turns, by its %s',
    async (credential) => {
      const model = await endpoint(upstream, 'claude-opus-5-5')
      const run = await runClaude(sandbox, model, tasks.claudeEdit(sandbox.folder), { credential })
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'All done here.' })
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )

  it.skipIf(without.claude)(
    'loads a tool by its name',
    async () => {
      const run = await runClaude(sandbox, await endpoint(upstream, 'claude-opus-5-5'), tasks.claudeSearch)
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'There is nothing planned.' })
    },
    timeout,
  )
})
