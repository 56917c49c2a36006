import { describe, expect, it } from 'vitest'
import { configText, gantry, project, startGantry } from './harness.ts'

describe('gantry connect', () => {
  it('prints the files of a client for the gateway that runs', async () => {
    const cwd = project({ 'gateway.config.ts': configText() })
    const running = startGantry(['start'], { cwd })
    const [, url = ''] = await running.waitFor(/listens on (http:\/\/127\.0\.0\.1:\d+)/)
    const { code, stdout, stderr } = await gantry(['connect', 'codex', '--key', 'sk-1'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('# ~/.codex/config.toml\nmodel_provider = "gantry"\nmodel = "small"\n')
    expect(stdout).toContain(`base_url = "${url}/v1"`)
    expect(stdout).toContain('# ~/.codex/auth.json\n{\n  "OPENAI_API_KEY": "sk-1"\n}\n')
    expect(stderr).toContain('have to stand before')
  })

  it('says where the config will listen, and which wire it does not serve', async () => {
    const cwd = project({
      'gateway.config.ts': configText({ more: "server: { host: '0.0.0.0', port: 9123 }," }),
    })
    const opencode = await gantry(['connect', 'opencode', '--json'], { cwd, env: { GANTRY_KEY: 'sk-2' } })
    const setup = JSON.parse(opencode.stdout) as { url: string; files: { text: string }[] }
    expect(setup.url).toBe('http://127.0.0.1:9123')
    expect(JSON.parse(setup.files[0]?.text ?? '')).toMatchObject({
      provider: { gantry: { options: { apiKey: 'sk-2' }, models: { small: { name: 'small' } } } },
    })
    expect(opencode.stderr).toBe('')
    const chatOnly = `
      import chat from '@gantry/protocol-openai-chat'
      import { defineGateway } from 'gantry'
      export default defineGateway({
        plugins: [chat()], providers: {}, models: { m: { to: [] } }, groups: { all: { models: ['*'] } },
      })`
    const claude = ['connect', 'claude-code', '--key', 'k']
    const { stderr } = await gantry(claude, { cwd: project({ 'gateway.config.ts': chatOnly }) })
    expect(stderr).toContain('claude-code calls /messages, which no protocol plugin of this config serves.')
    // With an address and a model, no config is needed: the gateway may be anywhere.
    const elsewhere = await gantry([...claude, '--model', 'm', '--url', 'http://gw.example.com'], {
      cwd: project({}),
    })
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, expect.not.stringContaining('WARN')])
  })

  it('makes links and lines that nothing of a key or an address can break out of', async () => {
    const cwd = project({})
    const words = ['connect', 'cc-switch', '--url', 'https://gw.example.com/v1/', '--model', 'm']
    const { stdout } = await gantry([...words, '--key', "sk-a'b&c"], { cwd })
    expect(stdout).toContain("endpoint=https%3A%2F%2Fgw.example.com&apiKey=sk-a'b%26c&")
    expect(stdout).toContain('endpoint=https%3A%2F%2Fgw.example.com%2Fv1&apiKey=')
    const claude = ['connect', 'claude-code', '--url', 'https://gw.example.com', '--model', 'm']
    expect((await gantry([...claude, '--key', "sk-a'b"], { cwd })).stdout).toContain(
      "export ANTHROPIC_AUTH_TOKEN='sk-a'\\''b'",
    )
    for (const key of ['a\nb', 'a\u001b[2Jb']) {
      const refused = await gantry([...claude, '--key', key], { cwd })
      expect([refused.code, refused.stdout]).toEqual([1, ''])
      expect(refused.stderr).toContain('characters that no key has')
    }
  })

  it.each([
    [['connect', 'codx', '--key', 'k'], 'Did you mean "codex"?'],
    [['connect', 'codex'], 'gantry keys create'],
    [['connect', 'codex', '--key', 'k', '--model', 'smal'], 'Did you mean "small"?'],
    [['connect', 'codex', '--key', 'k', '--url', 'gw.example.com'], 'https://gw.example.com'],
    [['connect', 'codex', '--key', 'k', '--url', 'https://u:p@gw.example.com'], '--url is where'],
    [['connect'], 'CLIENT'],
  ])('%j is refused with what to do', async (words, hint) => {
    const ended = await gantry(words, { cwd: project({ 'gateway.config.ts': configText() }) })
    expect([ended.code, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toContain(hint)
  })
})
