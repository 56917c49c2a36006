import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSimulator } from '@gantry/provider-simulator'
import type { Simulator, SimulatorRequest } from '@gantry/provider-simulator'
import { runClaude } from './claude.ts'
import { runCodex } from './codex.ts'
import type { CodexOptions } from './codex.ts'
import { createSandbox } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'
import { shortened } from './shorten.ts'
import * as tasks from './tasks.ts'

// Records what the agents send into test/fixtures/agents: `node test/agents/record.ts`, after an update of them.
const target = join(import.meta.dirname, '../fixtures/agents')
const compacting: CodexOptions = { name: 'OpenAI', settings: ['model_auto_compact_token_limit = 3000'] }

interface Scene {
  readonly client: string
  readonly wire: string
  readonly play: (simulator: Simulator, sandbox: Sandbox) => Promise<unknown>
  /** The request to keep, out of all. */
  readonly keep: (requests: readonly SimulatorRequest[]) => SimulatorRequest | undefined
}

const codex =
  (prompt: string, options: CodexOptions = {}): Scene['play'] =>
  (simulator, sandbox) =>
    runCodex(sandbox, endpoint(simulator, 'gpt-5.5'), prompt, options)
const claude =
  (model: string, prompt: (folder: string) => string): Scene['play'] =>
  (simulator, sandbox) =>
    runClaude(sandbox, endpoint(simulator, model), prompt(sandbox.folder))

const last: Scene['keep'] = (requests) => requests.at(-1)
const longest: Scene['keep'] = (requests) =>
  requests.toSorted((one, other) => sizeOf(one) - sizeOf(other)).at(-1)
const at =
  (path: string): Scene['keep'] =>
  (requests) =>
    requests.findLast((request) => request.path === path)
const having =
  (text: string): Scene['keep'] =>
  (requests) =>
    requests.findLast(({ body }) => JSON.stringify(body).includes(text))

const scenes: { readonly [name: string]: Scene } = {
  'codex-0.169-edit': { client: 'codex', wire: 'responses', play: codex(tasks.codexEdit), keep: last },
  'codex-0.169-search': { client: 'codex', wire: 'responses', play: codex(tasks.codexSearch), keep: longest },
  'codex-0.169-compaction': {
    client: 'codex',
    wire: 'responses',
    play: codex(tasks.codexEdit, compacting),
    keep: having('"compaction_trigger"'),
  },
  'codex-0.134-edit': {
    client: 'codex-compact',
    wire: 'responses',
    play: codex(tasks.codexEdit, { client: 'codex-compact' }),
    keep: last,
  },
  'codex-0.134-compact': {
    client: 'codex-compact',
    wire: 'responses',
    play: codex(tasks.codexEdit, { ...compacting, client: 'codex-compact' }),
    keep: at('/v1/responses/compact'),
  },
  'claude-code-2.1.329-edit': {
    client: 'claude-code',
    wire: 'anthropic',
    play: claude('claude-opus-5-5', tasks.claudeEdit),
    keep: last,
  },
  'claude-code-2.1.329-edit-sonnet-4-5': {
    client: 'claude-code',
    wire: 'anthropic',
    play: claude('claude-sonnet-4-5', tasks.claudeEdit),
    keep: last,
  },
  'claude-code-2.1.329-search': {
    client: 'claude-code',
    wire: 'anthropic',
    play: claude('claude-opus-5-5', () => tasks.claudeSearch),
    keep: last,
  },
  'claude-code-2.1.329-count': {
    client: 'claude-code',
    wire: 'anthropic',
    play: claude('claude-opus-5-5', () => '/context'),
    keep: at('/v1/messages/count_tokens'),
  },
}

mkdirSync(target, { recursive: true })
for (const [name, { client, wire, play, keep }] of Object.entries(scenes)) {
  const simulator = await startSimulator()
  const sandbox = await createSandbox(tasks.project)
  try {
    await play(simulator, sandbox)
    const request = keep(simulator.requests)
    if (request?.status !== 200) throw new Error(`${name} did not come about`)
    const { method, path, body } = request
    const kept = { client, wire, method, path, headers: headersOf(request), body }
    const text = JSON.stringify(shortened(kept, sandbox), undefined, 1)
    writeFileSync(join(target, `${name}.json`), `${text}\n`)
  } finally {
    await sandbox.close()
    await simulator.close()
  }
}

function endpoint({ url }: Simulator, model: string): { url: string; key: string; model: string } {
  return { url: url.replace(/\/v1$/, ''), key: 'the-key', model }
}

function headersOf({ headers }: SimulatorRequest): { readonly [name: string]: string } {
  const transport = ['host', 'connection', 'content-length', 'accept-encoding', 'authorization', 'x-api-key']
  return Object.fromEntries([...headers].filter(([name]) => !transport.includes(name)))
}

function sizeOf({ body }: SimulatorRequest): number {
  return JSON.stringify(body).length
}
