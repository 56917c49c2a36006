import type { ClientName, ClientSetup, Describe, GatewayAddress } from './client.ts'

/** The clients there are, by name. */
export const clients: { readonly [name in ClientName]: Describe } = {
  codex,
  'claude-code': claudeCode,
  'cc-switch': ccSwitch,
  opencode,
}

/** Codex CLI: the key goes to `auth.json`, because the provider `requires_openai_auth`; it speaks Responses only. */
function codex({ url, key, model, name }: GatewayAddress): ClientSetup {
  return {
    files: [
      {
        path: '~/.codex/config.toml',
        text: [
          'model_provider = "gantry"',
          `model = ${quoted(model)}`,
          '',
          '[model_providers.gantry]',
          // Not "OpenAI": that name makes Codex compact on the server.
          `name = ${quoted(name === 'OpenAI' ? 'Gantry' : name)}`,
          `base_url = ${quoted(`${url}/v1`)}`,
          'wire_api = "responses"',
          'requires_openai_auth = true',
        ].join('\n'),
      },
      { path: '~/.codex/auth.json', text: json({ OPENAI_API_KEY: key }) },
    ],
    environment: {},
    links: {},
    notes: ['The first two lines of config.toml have to stand before its first [table].'],
    needs: ['/responses'],
  }
}

/** Claude Code: the address is without `/v1`, which it adds itself. */
function claudeCode({ url, key, model, models }: GatewayAddress): ClientSetup {
  const environment = {
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: key,
    ANTHROPIC_MODEL: model,
    // It calls these by names of its own otherwise, some of them without being asked.
    ANTHROPIC_DEFAULT_HAIKU_MODEL: tier('haiku', model, models),
    ANTHROPIC_DEFAULT_SONNET_MODEL: tier('sonnet', model, models),
    ANTHROPIC_DEFAULT_OPUS_MODEL: tier('opus', model, models),
  }
  return {
    files: [{ path: '~/.claude/settings.json', text: json({ env: environment }) }],
    environment,
    links: {},
    notes: ['Take ANTHROPIC_API_KEY out of the environment: two credentials would be sent.'],
    needs: ['/messages'],
  }
}

/** CC Switch: one link for each client it can set up; opening it imports the provider and switches to it. */
function ccSwitch({ url, key, model, models, name }: GatewayAddress): ClientSetup {
  const link = (app: string, endpoint: string, more: { readonly [field: string]: string } = {}): string => {
    const fields = {
      resource: 'provider',
      app,
      name,
      endpoint,
      apiKey: key,
      homepage: url,
      model,
      ...more,
      enabled: 'true',
    }
    // Percent signs throughout: the importer takes a plus for a plus.
    const query = Object.entries(fields).map(([field, value]) => `${field}=${encodeURIComponent(value)}`)
    return `ccswitch://v1/import?${query.join('&')}`
  }
  return {
    files: [],
    environment: {},
    links: {
      claude: link('claude', url, {
        haikuModel: tier('haiku', model, models),
        sonnetModel: tier('sonnet', model, models),
        opusModel: tier('opus', model, models),
      }),
      codex: link('codex', `${url}/v1`),
    },
    notes: ['A link holds the key: who sees it can spend with it.'],
    needs: ['/messages', '/responses'],
  }
}

/** opencode: a provider of its own over the chat wire, with the models it may offer. */
function opencode({ url, key, model, models, name }: GatewayAddress): ClientSetup {
  return {
    files: [
      {
        path: '~/.config/opencode/opencode.json',
        text: json({
          $schema: 'https://opencode.ai/config.json',
          provider: {
            gantry: {
              npm: '@ai-sdk/openai-compatible',
              name,
              options: { baseURL: `${url}/v1`, apiKey: key },
              models: Object.fromEntries(models.map((one) => [one, { name: one }])),
            },
          },
          model: `gantry/${model}`,
        }),
      },
    ],
    environment: {},
    links: {},
    notes: [],
    needs: ['/chat/completions'],
  }
}

/** The first model that is named after a tier of Claude's; the chosen one where there is none. */
function tier(name: string, model: string, models: readonly string[]): string {
  return model.includes(name) ? model : (models.find((one) => one.includes(name)) ?? model)
}

function json(value: object): string {
  return JSON.stringify(value, undefined, 2)
}

/** A basic string of TOML, which JSON's are too. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
