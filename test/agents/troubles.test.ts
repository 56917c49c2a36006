import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { resultOf, runClaude } from './claude.ts'
import { agentMissing } from './clients.ts'
import { runCodex } from './codex.ts'
import { createSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import * as tasks from './tasks.ts'
import { startThrough, upstreams } from './through.ts'
import type { Through } from './through.ts'

// What agents make of an upstream's trouble: they act on exact forms, and a broken answer must never look like a whole one.
const timeout = 120_000
const without = { codex: agentMissing('codex'), claude: agentMissing('claude-code') }
const full = 'fail 400 context_length_exceeded'
const broken = 'count 9\nfail after 3 server_error'
let through: Through
let sandbox: Sandbox

beforeAll(async () => {
  // So slow that the beginning of an answer is out before its end goes wrong.
  through = await startThrough(20)
})
afterAll(() => through?.close())
beforeEach(async () => {
  sandbox = await createSandbox(tasks.project)
  through.forget()
})
afterEach(() => sandbox?.close())

describe.each(upstreams)('with an upstream of the %s wire', (upstream, path) => {
  it.skipIf(without.codex)(
    'Codex ends at once when its context is full',
    async () => {
      const run = await runCodex(sandbox, await through.endpoint(upstream, 'gpt-5.5'), full)
      expect([run.code, run.stdout]).toEqual([1, expect.stringContaining('ran out of room')])
      expect(through.asked()).toEqual([expect.stringContaining(`POST ${path} 400`)])
    },
    timeout,
  )

  it.skipIf(without.codex)(
    'Codex asks again for an answer that broke off, and fails when that does, too',
    async () => {
      const run = await runCodex(sandbox, await through.endpoint(upstream, 'gpt-5.5'), broken)
      expect([run.code, run.stdout]).toEqual([1, expect.stringContaining('"type":"turn.failed"')])
      expect(run.stdout).not.toContain('"type":"turn.completed"')
      expect(through.asked()).toEqual([`POST ${path} 200`, `POST ${path} 200`])
    },
    timeout,
  )

  it.skipIf(without.codex)(
    'Codex does not ask again where the upstream’s account is empty, and is not told whose it is',
    async () => {
      const model = await through.endpoint(upstream, 'gpt-5.5')
      const run = await runCodex(sandbox, model, 'fail 429 insufficient_quota')
      expect(run.code).toBe(1)
      expect(run.stdout).not.toMatch(/credit balance|your current quota|plan and billing/i)
    },
    timeout,
  )

  it.skipIf(without.claude)(
    'Claude Code is told that its prompt is too long',
    async () => {
      const run = await runClaude(sandbox, await through.endpoint(upstream, 'claude-opus-5-5'), full, once)
      expect(resultOf(run)).toMatchObject({
        is_error: true,
        result: expect.stringMatching(/^Prompt is too long/),
      })
      expect(through.asked()).toEqual([expect.stringContaining(`POST ${path} 400`)])
    },
    timeout,
  )

  it.skipIf(without.claude)(
    'Claude Code takes no broken answer for a whole one',
    async () => {
      const run = await runClaude(sandbox, await through.endpoint(upstream, 'claude-opus-5-5'), broken, once)
      expect(resultOf(run)).toMatchObject({ is_error: true })
    },
    timeout,
  )
})

const once = { environment: { CLAUDE_CODE_MAX_RETRIES: '1' } }
