import { commandOf } from './clients.ts'
import type { AgentRun, Sandbox } from './sandbox.ts'

/** Where an agent finds its model. */
export interface Endpoint {
  /** Without a version and without a slash at the end. */
  readonly url: string
  readonly key: string
  readonly model: string
}

/**
 * How Codex is told: a provider with its key in the environment; the same with the key in `auth.json`, as the gateways
 * that ship `config.toml` files write it; or the built-in provider with another base URL, which tries a WebSocket first.
 */
export type CodexStyle = 'env-key' | 'openai-auth' | 'base-url'

/** What a run of Codex may want besides. */
export interface CodexOptions {
  readonly client?: 'codex' | 'codex-compact'
  readonly style?: CodexStyle
  /** The provider's display name: with `OpenAI` Codex compacts remotely. */
  readonly name?: string
  /** Further lines at the top of `config.toml`. */
  readonly settings?: readonly string[]
  /** What the base URL ends with; `/v1` as most write it. */
  readonly base?: '/v1' | ''
  /** Goes on with the last conversation of this sandbox. */
  readonly resume?: boolean
}

/** Runs `codex exec` with a prompt; the project's folder is its own to write in. */
export function runCodex(
  sandbox: Sandbox,
  endpoint: Endpoint,
  prompt: string,
  options: CodexOptions = {},
): Promise<AgentRun> {
  const { client = 'codex', style = 'env-key', resume = false } = options
  sandbox.settle('.codex/config.toml', configOf(endpoint, style, options))
  if (style !== 'env-key')
    sandbox.settle('.codex/auth.json', JSON.stringify({ OPENAI_API_KEY: endpoint.key }))
  // What runs here is what the prompt says; its sandbox needs a kernel that not every machine has.
  const flags = ['--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
  const words = resume ? ['exec', 'resume', '--last', ...flags, prompt] : ['exec', ...flags, prompt]
  const environment: Record<string, string> = style === 'env-key' ? { GANTRY_KEY: endpoint.key } : {}
  return sandbox.run([...commandOf(client), ...words], environment)
}

/** Without these it asks for plugins at GitHub, and for apps and experiments at its maker’s. */
const quiet = [
  'analytics.enabled = false',
  'check_for_update_on_startup = false',
  'features.apps = false',
  'features.plugins = false',
]

function configOf(
  { url, model }: Endpoint,
  style: CodexStyle,
  { name = 'Gantry', settings = [], base: ending = '/v1' }: CodexOptions,
): string {
  const base = JSON.stringify(`${url}${ending}`)
  const top = [`model = ${JSON.stringify(model)}`, ...quiet, ...settings]
  if (style === 'base-url') return [...top, `openai_base_url = ${base}`, ''].join('\n')
  return [
    'model_provider = "gantry"',
    ...top,
    '[model_providers.gantry]',
    `name = ${JSON.stringify(name)}`,
    `base_url = ${base}`,
    'wire_api = "responses"',
    style === 'env-key' ? 'env_key = "GANTRY_KEY"' : 'requires_openai_auth = true',
    // A failure is to be seen, not waited out.
    'request_max_retries = 1',
    'stream_max_retries = 1',
    '',
  ].join('\n')
}

/** What Codex said, out of its events. A child that ends makes it say one thing more. */
export function messagesOf({ stdout }: AgentRun): readonly string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly item?: { readonly type: string; readonly text?: string } })
    .flatMap(({ item }) => (item?.type === 'agent_message' && item.text !== undefined ? [item.text] : []))
}

/** The last thing that Codex said. */
export function lastMessage(run: AgentRun): string | undefined {
  return messagesOf(run).at(-1)
}
