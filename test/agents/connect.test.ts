import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from '@gantry/provider-simulator'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { resultOf } from './claude.ts'
import { agentMissing, commandOf } from './clients.ts'
import { lastMessage } from './codex.ts'
import { createSandbox, type Sandbox } from './sandbox.ts'
import * as tasks from './tasks.ts'

// What `gantry connect` prints, put where it says, and nothing else of a client's own settings.
const config: string = new URL('gateway.config.ts', import.meta.url).pathname
const timeout = 120_000
let simulator: Simulator
let gateway: ChildGateway
let key: string
let sandbox: Sandbox

beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'the-upstream-key' })
  gateway = await startGateway(config, { GANTRY_TEST_UPSTREAM: simulator.url })
  key = await gateway.key('chat')
})
afterAll(async () => {
  await gateway?.stop()
  await simulator?.close()
})
beforeEach(async () => {
  sandbox = await createSandbox(tasks.project)
})
afterEach(() => sandbox?.close())

interface Setup {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly environment: { readonly [name: string]: string }
}

/** Asks for the set-up of a client, writes its files into the sandbox's home and gives its environment. */
async function connect(client: string, model: string): Promise<Setup['environment']> {
  const { code, stdout, stderr } = await gateway.command(
    'connect',
    client,
    '--key',
    key,
    '--url',
    gateway.url,
    '--model',
    model,
    '--json',
  )
  expect(code, stderr).toBe(0)
  const setup = JSON.parse(stdout) as Setup
  for (const { path, text } of setup.files) sandbox.settle(path.replace(/^~\//, ''), text)
  return setup.environment
}

describe('A7 Codex', () => {
  it.skipIf(agentMissing('codex'))(
    'works with the files that `gantry connect codex` prints',
    async () => {
      const environment = await connect('codex', 'gpt-5.5')
      const options = ['--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
      const run = await sandbox.run([...commandOf('codex'), 'exec', ...options, tasks.codexEdit], environment)
      expect([run.code, lastMessage(run)], run.stderr).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )
})

describe('A8 Claude Code', () => {
  it.skipIf(agentMissing('claude-code'))(
    'works with what `gantry connect claude-code` prints',
    async () => {
      const environment = await connect('claude-code', 'claude-opus-5-5')
      const words = ['-p', tasks.claudeEdit(sandbox.folder), '--output-format', 'json']
      const run = await sandbox.run(
        [...commandOf('claude-code'), ...words, '--allowedTools', 'Read,Edit,Write,Bash'],
        { ...environment, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' },
      )
      expect([run.code, resultOf(run).result], run.stderr).toEqual([0, 'All done here.'])
      expect(sandbox.read('note.txt')).toBe(tasks.edited)
    },
    timeout,
  )
})
