import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { createPipe, guardTransform } from './event-pipe.ts'

const text = (value: string): GatewayEvent => ({
  type: 'part-delta',
  index: 0,
  delta: { type: 'text', text: value },
})
const valueOf = (event: GatewayEvent): string =>
  event.type === 'part-delta' && event.delta.type === 'text' ? event.delta.text : ''

function run(stages: readonly EventTransform[], events: readonly GatewayEvent[]): string[] {
  const out: string[] = []
  const pipe = createPipe(stages, (event) => void out.push(valueOf(event)))
  for (const event of events) pipe(event)
  return out
}

/** What a stage does to a value, as a list: the oracle is a flat map. */
const kinds: { readonly [name: string]: (value: string) => string[] } = {
  keep: (value) => [value],
  drop: () => [],
  twice: (value) => [`${value}1`, `${value}2`],
  mark: (value) => [`<${value}>`],
}
const stageOf =
  (kind: string): EventTransform =>
  (event) => {
    const made = kinds[kind]!(valueOf(event)).map(text)
    return made.length === 0 ? null : made.length === 1 ? made[0]! : made
  }

it('is a flat map of its stages, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...Object.keys(kinds)), { maxLength: 5 }),
      fc.array(fc.string({ maxLength: 3 }), { maxLength: 5 }),
      (stages, values) => {
        const wanted = stages.reduce((list, kind) => list.flatMap(kinds[kind]!), values)
        expect(run(stages.map(stageOf), values.map(text))).toEqual(wanted)
      },
    ),
  )
})

it('without stages the event goes out as it is', () => {
  const seen: GatewayEvent[] = []
  const event = text('x')
  createPipe([], (one) => void seen.push(one))(event)
  expect(seen[0]).toBe(event)
})

const faults: readonly (readonly [string, () => unknown])[] = [
  [
    'throws',
    () => {
      throw new Error('canary')
    },
  ],
  ['returns a promise', () => Promise.resolve(text('x'))],
  ['returns something that is no event', () => 7],
  ['returns a list with something that is no event', () => [text('x'), {}]],
]

it.each(faults)('a plugin that %s is named for it, and the client is not told how', (_name, transform) => {
  const guarded = guardTransform(transform as never, 'bad-plugin')
  let thrown: unknown
  try {
    run([guarded], [text('x')])
  } catch (error) {
    thrown = error
  }
  expect(GatewayError.is(thrown)).toBe(true)
  const error = thrown as GatewayError
  expect(error.data).toMatchObject({ class: 'internal', code: 'hook_failed' })
  expect(error.data.message).not.toContain('canary')
  expect(String((error.cause as Error).message)).toMatch(/bad-plugin|not an event/)
})

it('a GatewayError of a plugin passes: it says what the client may see', () => {
  const own = new GatewayError({ class: 'content_policy', message: 'No.' })
  const guarded = guardTransform(() => {
    throw own
  }, 'p')
  expect(() => run([guarded], [text('x')])).toThrow(own)
})
