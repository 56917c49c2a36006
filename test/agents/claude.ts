import { commandOf } from './clients.ts'
import type { Endpoint } from './codex.ts'
import type { AgentRun, Sandbox } from './sandbox.ts'

/** What a run of Claude Code may want besides. */
export interface ClaudeOptions {
  /** `token` is sent as a bearer, `key` as `x-api-key`. */
  readonly credential?: 'token' | 'key'
  readonly environment?: { readonly [name: string]: string }
}

/** Runs `claude -p` with a prompt, allowed to read, edit and run what it likes; prints its result as JSON. */
export function runClaude(
  sandbox: Sandbox,
  { url, key, model }: Endpoint,
  prompt: string,
  { credential = 'token', environment = {} }: ClaudeOptions = {},
): Promise<AgentRun> {
  const words = ['-p', prompt, '--output-format', 'json', '--model', model]
  const tools = ['--allowedTools', 'Read,Edit,Write,Bash,ToolSearch,CronList']
  return sandbox.run([...commandOf('claude-code'), ...words, ...tools], {
    ANTHROPIC_BASE_URL: url,
    [credential === 'token' ? 'ANTHROPIC_AUTH_TOKEN' : 'ANTHROPIC_API_KEY']: key,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    ...environment,
  })
}

/** What Claude Code says in the end, out of the JSON it prints. */
export function resultOf({ stdout, stderr }: AgentRun): {
  readonly result: string
  readonly is_error: boolean
} {
  const line = stdout.split('\n').find((one) => one.startsWith('{'))
  if (line === undefined) throw new Error(`Claude Code printed no result:\n${stdout}${stderr}`)
  return JSON.parse(line) as { readonly result: string; readonly is_error: boolean }
}
