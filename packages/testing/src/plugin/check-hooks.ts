import {
  GatewayError,
  type AnyPlugin,
  type AttemptContext,
  type GatewayEvent,
  type Hooks,
} from '@gantry/core'
import { orderGuard } from '@gantry/core/codec'
import { captureContext, type CapturedContext } from '../fake/context.ts'
import { hookOf } from '../fake/run-hook.ts'
import { plainEvents } from '../gateway/plain.ts'
import { deepFreeze } from '../protocol/streams.ts'
import type { Check } from '../suite/check.ts'
import { must, show, within } from '../suite/must.ts'
import { answers, isAllowed, moments, synchronous } from './moments.ts'
import { withPlugin } from './open.ts'
import type { PluginSuiteOptions } from './options.ts'

/** Checks of each hook by itself: what it answers, what it throws, that it ends. */
export function hookChecks(options: PluginSuiteOptions): readonly Check[] {
  const { create, refuses = [] } = options
  const present = moments.filter((moment) => create().hooks?.[moment])
  return [
    ...present.flatMap((moment): readonly Check[] => [
      {
        group: moment,
        name: 'it lets a plain request pass, in time, and answers what its moment may answer',
        run: () => withPlugin(options, (plugin) => passes(plugin, moment, captureContext(options.request))),
      },
      {
        group: moment,
        name: 'it ends when the client has left: with an answer, or an error',
        run: () =>
          withPlugin(options, async (plugin) => {
            const captured = captureContext(options.request)
            captured.abort()
            await passes(plugin, moment, captured).catch(checkThrown)
          }),
      },
    ]),
    {
      group: 'hooks',
      name: 'what they write is in `writes`, and what auth promises is there after it',
      run: () =>
        withPlugin(options, async (plugin) => {
          const captured = captureContext(options.request)
          const said = (plugin.writes ?? []).map(({ name }) => name)
          for (const moment of present) {
            await passes(plugin, moment, captured)
            // What begins with the plugin's own name is between its hooks: nobody else reads it.
            const silent = [...captured.written.keys()].filter(
              (name) => !said.includes(name) && !name.startsWith(`${plugin.name}.`),
            )
            must(
              silent.length === 0,
              `${moment} writes ${silent.join(', ')} without naming it in \`writes\`.`,
            )
            if (moment !== 'auth') continue
            const missing = said.filter((name) => !captured.written.has(name))
            must(missing.length === 0, `After auth ${missing.join(', ')} of its \`writes\` is missing.`)
          }
        }),
    },
    ...refuses.map(({ moment, request, class: expected }, index): Check => ({
      group: moment,
      name: `it refuses request ${index + 1} as ${expected}`,
      run: () =>
        withPlugin(options, async (plugin) => {
          const outcome = await passes(plugin, moment, captureContext(request)).then(
            () => 'it lets it pass',
            (error: unknown) => (GatewayError.is(error) ? error.data.class : String(error)),
          )
          must(outcome === expected, `Expected ${expected}: ${outcome}.`)
        }),
    })),
  ]
}

// ---

/** Core's own deadlines are between one and ten seconds; a hook on a fake host has nothing to wait for. */
const patienceMs = 1000

async function passes(plugin: AnyPlugin, moment: keyof Hooks, captured: CapturedContext): Promise<void> {
  const handler = hookOf(plugin, moment) as (...given: readonly object[]) => unknown
  const answer = handler(...givenTo(moment, captured))
  const later = isThenable(answer)
  must(!later || !synchronous.includes(moment), `${moment} answers a promise; this moment is synchronous.`)
  const settled: unknown = later ? await within(patienceMs, moment, answer) : answer
  must(isAllowed(moment, settled), `${moment} answers ${show(settled)}; ${answers[moment]}.`)
  if (moment === 'transform.event' && typeof settled === 'function') checkTransform(settled as Transform)
}

type Transform = NonNullable<ReturnType<Hooks['transform.event']>>

function givenTo(moment: keyof Hooks, captured: CapturedContext): readonly object[] {
  const usage = { tokens: { input: 3, output: 2 }, source: 'upstream', final: true } as const
  switch (moment) {
    case 'auth':
      return [captured.context]
    case 'route':
      return [captured.route()]
    case 'bill.reserve':
      return [captured.reserve()]
    case 'transform.request':
    case 'transform.event':
      return [frozen(captured.attempt())]
    case 'bill.observe':
      return [captured.attempt(), deepFreeze(usage)]
    case 'route.outcome':
      return [captured.attempt(), { committed: true, sent: true, ms: 5, firstOutputMs: 2, usage }]
    case 'bill.settle':
    case 'log':
      return [captured.settle({ usage })]
  }
}

/** The request is shared by attempts: a hook that writes into it fails. */
function frozen(context: AttemptContext): AttemptContext {
  deepFreeze(context.request)
  return context
}

/** A plain stream through the function: every answer is events, and what comes out is still a stream. */
function checkTransform(transform: Transform): void {
  const guard = orderGuard()
  for (const event of plainEvents(['hel', 'lo'])) {
    const answer: unknown = transform(deepFreeze(event))
    must(answer !== undefined, `The event function answers nothing for ${event.type}; null drops an event.`)
    must(!isThenable(answer), 'The event function answers a promise; it is called between two chunks.')
    for (const one of listOf(answer)) {
      must(
        typeof one === 'object' && one !== null && 'type' in one,
        `The event function answers ${show(one)}.`,
      )
      guard.push(one as GatewayEvent)
    }
  }
  guard.end()
}

function listOf(answer: unknown): readonly unknown[] {
  if (answer === null) return []
  return Array.isArray(answer) ? answer : [answer]
}

function checkThrown(thrown: unknown): void {
  must(thrown instanceof Error, `It throws ${show(thrown)}, which is no error.`)
  must(!/did not end within|answers/.test(thrown.message), thrown.message)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
