import { bootNotes, type Provider } from '@gantry/core'
import { createFakeHost } from '../fake/host.ts'
import { registerChecks, type Check } from '../suite/check.ts'
import { must, show } from '../suite/must.ts'
import { directChecks } from './check-direct.ts'
import { endpointChecks } from './check-endpoint.ts'
import { errorChecks } from './check-errors.ts'
import { exchangeChecks } from './check-exchange.ts'
import type { ProviderSuiteOptions } from './options.ts'

/**
 * The conformance suite of a provider, one vitest test a check: names and options, endpoints and credentials, errors,
 * and one exchange through a gateway if asked for. A provider that makes events itself is asked for some.
 */
export function testProvider(name: string, options: ProviderSuiteOptions): void {
  registerChecks(`provider ${name}`, providerChecks(options))
}

/** The checks that `testProvider` registers, for another runner or to try the suite itself. */
export function providerChecks(options: ProviderSuiteOptions): readonly Check[] {
  const provider: OpenProvider = async (use) => {
    const plugin = options.create()
    await plugin.setup?.(createFakeHost())
    try {
      return await use(plugin.provider('subject'), bootNotes(plugin).secrets)
    } finally {
      await plugin.close?.()
    }
  }
  return [
    ...shapeChecks(options, provider),
    ...optionChecks(options),
    ...endpointChecks(options, provider),
    ...directChecks(provider),
    ...errorChecks(options, provider),
    ...exchangeChecks(options),
  ]
}

/** Runs with a provider that is set up, and closes its plugin. */
export type OpenProvider = <T>(
  use: (provider: Provider, secrets: readonly string[]) => T | PromiseLike<T>,
) => Promise<T>

// ---

function shapeChecks({ create, speaks }: ProviderSuiteOptions, provider: OpenProvider): readonly Check[] {
  const group = 'shape'
  return [
    {
      group,
      name: 'its options are accepted, and the plugin has a name for messages',
      run() {
        const plugin = create()
        must(typeof plugin.name === 'string' && plugin.name !== '', 'The plugin has no name.')
        const problems = bootNotes(plugin).problems.map(({ path, message }) => `${path} ${message}`)
        must(problems.length === 0, `The options of \`create\` are refused: ${problems.join('; ')}`)
      },
    },
    {
      group,
      name: 'it carries the name that the config gives, each time anew',
      run() {
        const plugin = create()
        const names = ['one', 'two', 'one'].map((name) => plugin.provider(name).name)
        must(show(names) === show(['one', 'two', 'one']), `It calls itself ${show(names)}.`)
      },
    },
    {
      group,
      name: 'what it says of itself can be true',
      run: () =>
        provider((found) => {
          must(
            [true, false, 'unknown'].includes(found.cancelStopsBilling),
            `cancelStopsBilling is ${show(found.cancelStopsBilling)}: true, false or "unknown".`,
          )
          if (!('endpoint' in found)) return
          must(
            found.speaks.length > 0 && new Set(found.speaks).size === found.speaks.length,
            `speaks is ${show(found.speaks)}: at least one protocol, each once.`,
          )
          const foreign = Object.keys(found.quirks ?? {}).filter((name) => !found.speaks.includes(name))
          must(foreign.length === 0, `It has quirks for ${foreign.join(', ')}, which it does not speak.`)
          const { credentials = 1, timeouts = {} } = found
          must(Number.isSafeInteger(credentials) && credentials > 0, `credentials is ${credentials}.`)
          for (const [timer, ms] of Object.entries(timeouts) as [string, unknown][]) {
            must(typeof ms === 'number' && ms > 0, `timeouts.${timer} is ${show(ms)}: milliseconds above 0.`)
          }
        }),
    },
    ...(speaks
      ? [
          {
            group,
            name: `it speaks ${speaks.join(', ')}`,
            run: () =>
              provider((found) => {
                const spoken = 'endpoint' in found ? found.speaks : []
                must(show(spoken) === show(speaks), `It speaks ${show(spoken)}.`)
              }),
          },
        ]
      : []),
    {
      group,
      name: 'it can be closed twice, and set up again',
      async run() {
        const plugin = create()
        for (let round = 0; round < 2; round++) {
          await plugin.setup?.(createFakeHost())
          await plugin.close?.()
          await plugin.close?.()
        }
      },
    },
  ]
}

function optionChecks({ wrong = [] }: ProviderSuiteOptions): readonly Check[] {
  return wrong.map(([create, path], index) => ({
    group: 'options',
    name: `wrong options ${index + 1} are refused at ${path}`,
    run() {
      // A factory that throws would hide every other problem of the config.
      const found = bootNotes(create()).problems.map((problem) => problem.path)
      must(show(found) === show([path]), `It reports ${show(found)}.`)
    },
  }))
}
