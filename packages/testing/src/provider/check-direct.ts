import type { DirectProvider, GatewayEvent, GenerateRequest } from '@gantry/core'
import { orderGuard } from '@gantry/core/codec'
import { captureContext } from '../fake/context.ts'
import type { Check } from '../suite/check.ts'
import { must, within } from '../suite/must.ts'
import type { OpenProvider } from './suite.ts'

/** Checks of a provider that makes events itself; an HTTP provider passes them without being asked. */
export function directChecks(open: OpenProvider): readonly Check[] {
  const check = (name: string, use: (provider: DirectProvider) => Promise<void>): Check => ({
    group: 'events',
    name,
    run: () => open((provider) => ('generate' in provider ? use(provider) : undefined)),
  })
  return [
    check('come in order, with an end', async (provider) => {
      const events: GatewayEvent[] = []
      const emit = (event: GatewayEvent): void => void events.push(event)
      await within(patienceMs, 'generate', provider.generate(requestOf(), emit, new AbortController().signal))
      const guard = orderGuard()
      for (const event of events) guard.push(event)
      guard.end()
    }),
    check('stop soon after the client has left', async (provider) => {
      const controller = new AbortController()
      let late = 0
      let over = false
      const emit = (_event: GatewayEvent): void => {
        if (over) late++
        controller.abort()
      }
      await within(
        patienceMs,
        'generate after an abort',
        settled(provider.generate(requestOf(), emit, controller.signal)),
      )
      over = true
      await new Promise((resolve) => setTimeout(resolve, 20))
      must(late === 0, `${late} events came after generate had ended.`)
    }),
  ]
}

// ---

const patienceMs = 2000

function requestOf(): GenerateRequest {
  return captureContext().attempt().request
}

async function settled(work: void | PromiseLike<void>): Promise<void> {
  try {
    await work
  } catch {
    // An aborted request may well end with an error.
  }
}
