/** What `init` can put into a config. */
export type ProviderChoice = 'simulator' | 'openai' | 'anthropic' | 'compatible' | 'local'

/** What was asked, and what was answered. */
export interface Answers {
  /** At least one, in the order they shall be tried. */
  readonly providers: readonly ProviderChoice[]
  readonly store: 'sqlite' | 'memory'
  /** Base URL of `compatible`, with its version. */
  readonly baseUrl?: string | undefined
  /** A model that `compatible` or `local` has. */
  readonly model?: string | undefined
}

/** How one provider stands in a config. */
interface Part {
  readonly package: string
  readonly import: string
  readonly provider: string
  readonly model: string
  readonly entry: string
  /** Variables it reads. */
  readonly variables: readonly string[]
}

/** A config for these answers, formatted as the rest of the house is. */
export function configText(answers: Answers): string {
  const parts = answers.providers.map((choice) => partOf(choice, answers))
  const needsEnv = parts.some((part) => part.variables.length > 0)
  const store = answers.store === 'sqlite' ? "sqlite('./data/gateway.db')" : 'memory()'
  const first = parts[0]?.model ?? ''
  return [
    ...[
      ...parts.map((part) => part.import),
      `import ${answers.store} from '@gantry/store-${answers.store}'`,
    ].toSorted((one, other) => (from(one) < from(other) ? -1 : 1)),
    `import { defineGateway${needsEnv ? ', env' : ''} } from 'gantry'`,
    "import { standard } from 'gantry/presets'",
    '',
    'export default defineGateway({',
    "  server: { host: '127.0.0.1', port: 8787 },",
    '  // Protocols, keys, failover, prices, ledger, logs. A plugin of the same name after it replaces its part.',
    '  plugins: [standard()],',
    `  store: ${store},`,
    '  providers: {',
    ...parts.map((part) => `    ${part.provider},`),
    '  },',
    '  // Prices are per million tokens. Compare them with the page of the vendor.',
    '  models: {',
    ...parts.map((part) => `    ${quoted(part.model)}: ${part.entry},`),
    '  },',
    `  defaultModel: ${quoted(first)},`,
    '  // What a key may use, and the ratio its prices are multiplied by.',
    '  groups: {',
    "    standard: { models: ['*'], ratio: 1 },",
    "    vip: { models: ['*'], ratio: '0.8' },",
    '  },',
    "  defaultGroup: 'standard',",
    '})',
    '',
  ].join('\n')
}

/** Packages that the config imports. */
export function packagesOf(answers: Answers): readonly string[] {
  return [
    'gantry',
    ...answers.providers.map((choice) => partOf(choice, answers).package),
    `@gantry/store-${answers.store}`,
  ]
    .filter((name, index, all) => all.indexOf(name) === index)
    .toSorted()
}

/** Environment variables that the config reads. */
export function variablesOf(answers: Answers): readonly string[] {
  return answers.providers.flatMap((choice) => partOf(choice, answers).variables)
}

/** Settings under which `gantry check --types` has nothing to say of a fresh config. */
export const tsconfigText: string = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'esnext',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: ['node'],
    },
    include: ['*.ts', '*.mts'],
  },
  undefined,
  2,
)}\n`

function partOf(choice: ProviderChoice, { baseUrl = '', model }: Answers): Part {
  switch (choice) {
    case 'simulator':
      return {
        package: '@gantry/provider-simulator',
        import: "import simulator from '@gantry/provider-simulator'",
        provider: 'sim: simulator()',
        model: 'sim-small',
        entry: "{ to: 'sim/small', price: { input: '0.15', cacheRead: '0.075', output: '0.6' } }",
        variables: [],
      }
    case 'openai':
      return {
        package: '@gantry/provider-openai',
        import: "import openai from '@gantry/provider-openai'",
        provider: "openai: openai({ apiKey: env('OPENAI_API_KEY') })",
        model: 'gpt-5.5',
        entry: "{ to: 'openai/gpt-5.5', price: { input: '1.25', cacheRead: '0.125', output: '10' } }",
        variables: ['OPENAI_API_KEY'],
      }
    case 'anthropic':
      return {
        package: '@gantry/provider-anthropic',
        import: "import anthropic from '@gantry/provider-anthropic'",
        provider: "anthropic: anthropic({ apiKey: env('ANTHROPIC_API_KEY') })",
        model: 'claude-sonnet-4-6',
        entry: [
          '{',
          "      to: 'anthropic/claude-sonnet-4-6',",
          "      price: { input: '3', cacheRead: '0.3', cacheWrite: '3.75', output: '15' },",
          '      maxOutputTokens: 64_000,',
          '    }',
        ].join('\n'),
        variables: ['ANTHROPIC_API_KEY'],
      }
    case 'compatible': {
      const name = model ?? 'my-model'
      return {
        package: '@gantry/provider-openai-compatible',
        import: "import openaiCompatible from '@gantry/provider-openai-compatible'",
        provider: `upstream: openaiCompatible({ baseUrl: ${quoted(baseUrl)}, apiKey: env('UPSTREAM_API_KEY') })`,
        model: name,
        entry: `{ to: ${quoted(`upstream/${name}`)}, price: { input: '1', output: '2' } }`,
        variables: ['UPSTREAM_API_KEY'],
      }
    }
    case 'local': {
      const name = model ?? 'my-model'
      return {
        package: '@gantry/provider-openai-compatible',
        import: "import { local } from '@gantry/provider-openai-compatible'",
        provider: baseUrl === '' ? 'local: local()' : `local: local({ baseUrl: ${quoted(baseUrl)} })`,
        model: name,
        entry: `{ to: ${quoted(`local/${name}`)}, price: 'free' }`,
        variables: [],
      }
    }
  }
}

function from(line: string): string {
  return line.slice(line.indexOf(' from '))
}

/** A text of a config in single quotes. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
