import { GatewayError, statusOf, type ErrorClass, type GatewayErrorData, type Provider } from '@gantry/core'
import type { Check } from '../suite/check.ts'
import { must, show } from '../suite/must.ts'
import type { ProviderSuiteOptions } from './options.ts'
import type { OpenProvider } from './suite.ts'

/** Checks of `classify`; a provider without one leaves everything as the protocol has read it. */
export function errorChecks({ errors = [] }: ProviderSuiteOptions, open: OpenProvider): readonly Check[] {
  const classes = Object.keys(statusOf) as ErrorClass[]
  return [
    {
      group: 'errors',
      name: 'every error stays an error, keeps its words, and is not judged twice',
      run: () =>
        open((provider) => {
          for (const name of classes) {
            for (const message of ['', 'quota', 'x'.repeat(5000), '\u0000 odd']) {
              const error = dataOf({ class: name, message, source: 'upstream' })
              const found = classify(provider, error)
              must(found.message === message, `The message of ${name} is changed to ${show(found.message)}.`)
              must(classes.includes(found.class), `${name} becomes ${show(found.class)}.`)
              must(
                show(classify(provider, found)) === show(found),
                `${name} is classified anew: ${show(found)}.`,
              )
            }
          }
        }),
    },
    ...errors.map(([input, expected], index): Check => ({
      group: 'errors',
      name: `error ${index + 1} is ${expected}: ${input.message.slice(0, 60)}`,
      run: () =>
        open((provider) => {
          const found = classify(provider, dataOf({ source: 'upstream', ...input }))
          must(found.class === expected, `It is ${found.class}.`)
        }),
    })),
  ]
}

// ---

function classify(provider: Provider, error: GatewayErrorData): GatewayErrorData {
  return provider.classify?.(Object.freeze(error)) ?? error
}

function dataOf(input: ConstructorParameters<typeof GatewayError>[0]): GatewayErrorData {
  return new GatewayError(input).data
}
