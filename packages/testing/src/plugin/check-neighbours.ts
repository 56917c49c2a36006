import type { AnyPlugin, HookMap, Hooks } from '@gantry/core'
import { plainRequest } from '../gateway/plain.ts'
import { createTestGateway, type TestGateway } from '../gateway/test-gateway.ts'
import type { Check } from '../suite/check.ts'
import { must, show, within } from '../suite/must.ts'
import { moments, synchronous } from './moments.ts'
import { configOf } from './open.ts'
import type { PluginSuiteOptions } from './options.ts'

/**
 * Checks of the plugin in a whole gateway, beside another plugin whose hooks fail. Not of a provider: the plain gateway
 * has its own, and what a provider needs of a gateway `testProvider` tries in its exchange.
 */
export function neighbourChecks(options: PluginSuiteOptions): readonly Check[] {
  if ('provider' in options.create()) return []
  const check = (name: string, fault: Fault | undefined): Check => ({
    group: 'in a gateway',
    name,
    run: () => besideFault(options, fault),
  })
  return [
    check('a plain request is answered, whole and streamed', undefined),
    ...moments.flatMap((moment) =>
      (['throws', 'hangs', 'wrong type'] as const)
        .filter((kind) => kind !== 'hangs' || !synchronous.includes(moment))
        .map((kind) =>
          check(`another plugin's ${moment} ${kind}: one end for that request, nothing for the next`, {
            moment,
            kind,
          }),
        ),
    ),
  ]
}

// ---

interface Fault {
  readonly moment: keyof Hooks
  readonly kind: 'throws' | 'hangs' | 'wrong type'
}

/** What the faulty neighbour gets before it is given up. */
const deadline = 40

async function besideFault(options: PluginSuiteOptions, fault: Fault | undefined): Promise<void> {
  const state = { on: false }
  const plugins = [...(options.others?.() ?? []), options.create(), ...(fault ? [faulty(fault, state)] : [])]
  const config = configOf(options)
  const gateway = await createTestGateway(
    { ...config, plugins: [...(config.plugins ?? []), ...plugins] },
    {
      transport: 'process',
      deadlines: Object.fromEntries(
        moments.map((moment) => [moment, fault?.kind === 'hangs' ? deadline : 500]),
      ),
      settleRetries: [1, 1],
    },
  )
  try {
    let count = 0
    for (const stream of [false, true]) {
      if (fault) {
        state.on = true
        // Whatever it is, it has an end.
        await ask(gateway, options, stream)
        state.on = false
        await gateway.settled(++count)
      }
      const { status, text } = await ask(gateway, options, stream)
      must(
        status === 200 && text.includes(stream ? 'done' : 'r1'),
        `A plain request got ${status}: ${text.slice(0, 500)}`,
      )
      await gateway.settled(++count)
    }
    must(gateway.requests.length === count, `${count} requests were logged ${gateway.requests.length} times.`)
  } finally {
    await gateway.close()
  }
}

async function ask(
  gateway: TestGateway,
  { request = {} }: PluginSuiteOptions,
  stream: boolean,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await within(
    5000,
    'The request',
    gateway.fetch(...plainRequest({ stream, ...(request.headers && { headers: request.headers }) })),
  )
  const text = await within(5000, 'The answer', response.text().catch(String))
  return { status: response.status, text }
}

function faulty({ moment, kind }: Fault, state: { readonly on: boolean }): AnyPlugin {
  const handler = (): unknown => {
    if (!state.on) return undefined
    if (kind === 'throws') throw new Error('a plugin of this test fails')
    return kind === 'hangs' ? new Promise(() => {}) : { show: show(moment) }
  }
  // The point is a hook that breaks its type.
  return { name: 'neighbour', hooks: { [moment]: handler } as HookMap }
}
