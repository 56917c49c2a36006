import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { resultOf, runClaude } from './claude.ts'
import { agentMissing } from './clients.ts'
import { lastMessage, messagesOf, runCodex } from './codex.ts'
import { createSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import * as tasks from './tasks.ts'
import { startThrough, upstreams } from './through.ts'
import type { Through } from './through.ts'

// Each agent through a gateway, to an upstream of each wire that checks every result before it goes on.
const timeout = 120_000
const without = {
  codex: agentMissing('codex'),
  old: agentMissing('codex-compact'),
  claude: agentMissing('claude-code'),
}
let through: Through
let sandbox: Sandbox

beforeAll(async () => {
  through = await startThrough()
})
afterAll(() => through?.close())
beforeEach(async () => {
  sandbox = await createSandbox(tasks.project)
  through.forget()
})
afterEach(async () => {
  await sandbox?.close()
  expect(sandbox?.outside ?? []).toEqual([])
})

/** The model's thoughts, as each wire that has custody of them gives them back; the upstream has checked them. */
const thoughts: { readonly [upstream: string]: RegExp } = {
  responses: /"type":"reasoning"/g,
  messages: /"type":"thinking","thinking":|"signature":"/g,
}

describe.each(upstreams)('Codex with an upstream of the %s wire', (upstream, path) => {
  const posted = `POST ${path} 200`

  it.skipIf(without.codex).each(['env-key', 'openai-auth', 'base-url'] as const)(
    'edits a file in four turns, configured by %s',
    async (style) => {
      const run = await runCodex(sandbox, await through.endpoint(upstream, 'gpt-5.5'), tasks.codexEdit, {
        style,
      })
      expect(through.asked()).toEqual([posted, posted, posted, posted])
      expect([run.code, lastMessage(run)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      if (thoughts[upstream]) expect(through.sent(thoughts[upstream])).toBeGreaterThanOrEqual(2)
    },
    timeout,
  )

  it.skipIf(without.codex)(
    'edits a file, its base URL being without a version',
    async () => {
      const model = await through.endpoint(upstream, 'gpt-5.5')
      const run = await runCodex(sandbox, model, tasks.codexEdit, { base: '' })
      expect([run.code, lastMessage(run)]).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )

  it.skipIf(without.codex)(
    'finds a tool and calls it in its namespace',
    async () => {
      const run = await runCodex(sandbox, await through.endpoint(upstream, 'gpt-5.5'), tasks.codexSearch)
      expect(through.asked().slice(0, 3)).toEqual([posted, posted, posted])
      expect([run.code, messagesOf(run)]).toEqual([0, expect.arrayContaining(['Somebody else does it.'])])
      expect(run.stdout).toContain('"tool":"spawn_agent"')
      expect(run.stdout).not.toContain('"status":"failed"')
    },
    timeout,
  )

  it.skipIf(without.codex || without.old).each(['codex', 'codex-compact'] as const)(
    'goes on after a compaction (%s)',
    async (client) => {
      const model = await through.endpoint(upstream, 'gpt-5.5')
      const options = { client, name: 'OpenAI', settings: [tasks.compactFrom] }
      const first = await runCodex(sandbox, model, tasks.codexLong, options)
      expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('"output_tokens":5000')])
      const second = await runCodex(sandbox, model, tasks.codexEdit, { ...options, resume: true })
      expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('All done here.')])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      // One for the first prompt, one to compact, four for the second.
      expect(through.asked()).toHaveLength(6)
    },
    timeout,
  )
})

describe.each(upstreams)('Claude Code with an upstream of the %s wire', (upstream, path) => {
  const posted = `POST ${path} 200`

  it.skipIf(without.claude).each(['token', 'key'] as const)(
    'edits a file in four turns, by its %s',
    async (credential) => {
      const model = await through.endpoint(upstream, 'claude-opus-5-5')
      const run = await runClaude(sandbox, model, tasks.claudeEdit(sandbox.folder), { credential })
      expect(through.asked()).toEqual([posted, posted, posted, posted])
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'All done here.' })
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
      if (thoughts[upstream]) expect(through.sent(thoughts[upstream])).toBeGreaterThanOrEqual(2)
    },
    timeout,
  )

  it.skipIf(without.claude)(
    'loads a tool by its name',
    async () => {
      const run = await runClaude(
        sandbox,
        await through.endpoint(upstream, 'claude-opus-5-5'),
        tasks.claudeSearch,
      )
      expect(through.asked()).toEqual([posted, posted, posted])
      expect(resultOf(run)).toMatchObject({ is_error: false, result: 'There is nothing planned.' })
    },
    timeout,
  )
})
