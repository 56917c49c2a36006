import { describe, expect, it } from 'vitest'
import { exportLine } from './client.ts'
import { clients } from './clients.ts'

const gateway = {
  url: 'https://gw.example.com',
  key: 'sk-gantry_1',
  model: 'claude-sonnet-4-6',
  models: ['gpt-5.5', 'claude-sonnet-4-6', 'claude-haiku-4-5'],
  name: 'My Gateway',
}

describe('codex', () => {
  it('has the base URL with /v1, the responses wire, and the key in auth.json', () => {
    const { files, needs } = clients.codex({ ...gateway, model: 'gpt-5.5' })
    expect(files.map(({ path }) => path)).toEqual(['~/.codex/config.toml', '~/.codex/auth.json'])
    expect(files[0]?.text.split('\n')).toEqual([
      'model_provider = "gantry"',
      'model = "gpt-5.5"',
      '',
      '[model_providers.gantry]',
      'name = "My Gateway"',
      'base_url = "https://gw.example.com/v1"',
      'wire_api = "responses"',
      'requires_openai_auth = true',
    ])
    expect(JSON.parse(files[1]?.text ?? '')).toEqual({ OPENAI_API_KEY: 'sk-gantry_1' })
    expect(needs).toEqual(['/responses'])
  })

  it('is not called OpenAI, and no name ends a string of TOML', () => {
    const nameIn = (name: string): string | undefined =>
      /^name = (.*)$/m.exec(clients.codex({ ...gateway, name }).files[0]?.text ?? '')?.[1]
    expect(nameIn('OpenAI')).toBe('"Gantry"')
    expect(nameIn('a "b" \\ c')).toBe('"a \\"b\\" \\\\ c"')
  })
})

describe('claude-code', () => {
  it('has the base URL without /v1, and a model of the gateway for each tier', () => {
    const { files, environment } = clients['claude-code'](gateway)
    expect(environment).toEqual({
      ANTHROPIC_BASE_URL: 'https://gw.example.com',
      ANTHROPIC_AUTH_TOKEN: 'sk-gantry_1',
      ANTHROPIC_MODEL: 'claude-sonnet-4-6',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'claude-haiku-4-5',
      ANTHROPIC_DEFAULT_SONNET_MODEL: 'claude-sonnet-4-6',
      ANTHROPIC_DEFAULT_OPUS_MODEL: 'claude-sonnet-4-6',
    })
    expect(files.map(({ path }) => path)).toEqual(['~/.claude/settings.json'])
    expect(JSON.parse(files[0]?.text ?? '')).toEqual({ env: environment })
  })
})

describe('cc-switch', () => {
  it('has one link for Claude Code and one for Codex, which any parser of URLs reads back', () => {
    const { links, files } = clients['cc-switch']({ ...gateway, name: 'My & Gateway+', key: 'sk-a&b=c' })
    expect(files).toEqual([])
    const read = (link: string | undefined): { [field: string]: string } => {
      expect(link).toMatch(/^ccswitch:\/\/v1\/import\?[\w=&%.~!'()*-]+$/)
      return Object.fromEntries(new URL(link ?? '').searchParams)
    }
    const both = {
      resource: 'provider',
      name: 'My & Gateway+',
      apiKey: 'sk-a&b=c',
      homepage: 'https://gw.example.com',
      model: 'claude-sonnet-4-6',
      enabled: 'true',
    }
    expect(read(links['claude'])).toEqual({
      ...both,
      app: 'claude',
      endpoint: 'https://gw.example.com',
      haikuModel: 'claude-haiku-4-5',
      sonnetModel: 'claude-sonnet-4-6',
      opusModel: 'claude-sonnet-4-6',
    })
    expect(read(links['codex'])).toEqual({ ...both, app: 'codex', endpoint: 'https://gw.example.com/v1' })
  })
})

describe('opencode', () => {
  it('has a provider with every model', () => {
    const [file] = clients.opencode(gateway).files
    expect(JSON.parse(file?.text ?? '')).toMatchObject({
      provider: {
        gantry: {
          npm: '@ai-sdk/openai-compatible',
          options: { baseURL: 'https://gw.example.com/v1', apiKey: 'sk-gantry_1' },
          models: { 'gpt-5.5': {}, 'claude-sonnet-4-6': {}, 'claude-haiku-4-5': {} },
        },
      },
      model: 'gantry/claude-sonnet-4-6',
    })
  })
})

describe('exportLine', () => {
  it('quotes what a shell would read as more than a text', () => {
    expect(exportLine('A', 'sk-gantry_1')).toBe('export A=sk-gantry_1')
    expect(exportLine('A', "a'; rm -rf $HOME '")).toBe("export A='a'\\''; rm -rf $HOME '\\'''")
  })
})
