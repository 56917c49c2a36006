import { describe, expect, it } from 'vitest'
import { definePlugin } from '../define.ts'
import type { AnyPlugin } from '../contract/index.ts'
import { createGateway } from '../gateway.ts'
import { adoptKept } from './keep.ts'

const events: string[] = []
const keeper = definePlugin<{ id: string; by?: () => void }, { id: string }>({
  name: 'keeper',
  create: ({ id }) => ({
    name: 'keeper',
    keep: true,
    setup: () => void events.push(`setup ${id}`),
    adopt: () => void events.push(`adopt ${id}`),
    close: () => void events.push(`close ${id}`),
  }),
})
const other = definePlugin({
  name: 'other',
  create: () => ({
    name: 'other',
    setup: () => void events.push('setup other'),
    close: () => void events.push('close other'),
  }),
})
const failing: AnyPlugin = {
  name: 'failing',
  setup: () => {
    throw new Error('no')
  },
}

function config(...plugins: AnyPlugin[]): { plugins: AnyPlugin[]; providers: {}; models: {}; groups: {} } {
  return { plugins, providers: {}, models: {}, groups: {} }
}

describe('what outlives a generation', () => {
  it('is taken over while its options are equal, and closed by the last one only', async () => {
    events.length = 0
    const first = await createGateway(config(keeper({ id: 'a' }), other()))
    const second = await createGateway(config(keeper({ id: 'a' }), other()), { previous: first })
    await first.close()
    expect(events).toEqual(['setup a', 'setup other', 'setup other', 'adopt a', 'close other'])
    expect(second.plugins[0]).toBe(first.plugins[0])
    await second.close()
    expect(events.slice(5)).toEqual(['close other', 'close a'])
  })

  it('is made anew when its options change', async () => {
    events.length = 0
    const first = await createGateway(config(keeper({ id: 'a' })))
    const second = await createGateway(config(keeper({ id: 'b' })), { previous: first })
    await first.close()
    await second.close()
    expect(events).toEqual(['setup a', 'setup b', 'close a', 'close b'])
  })

  it('stays with the generation that serves when the next one fails', async () => {
    events.length = 0
    const first = await createGateway(config(keeper({ id: 'a' })))
    await expect(createGateway(config(keeper({ id: 'a' }), failing), { previous: first })).rejects.toThrow(
      'no',
    )
    expect(events).toEqual(['setup a'])
    await first.close()
    expect(events).toEqual(['setup a', 'close a'])
  })
})

it('is found in nested lists, in a store and in a store map; options with functions are never equal', () => {
  const running = [keeper({ id: 'a' }), keeper({ id: 'f', by: () => {} })]
  const made = adoptKept(
    {
      plugins: [[keeper({ id: 'a' })], false, keeper({ id: 'f', by: () => {} })],
      store: { keys: keeper({ id: 'a' }) },
      providers: { x: keeper({ id: 'a' }) },
    },
    running,
  )
  const adopted = made.config as {
    plugins: [[unknown], false, unknown]
    store: { keys: unknown }
    providers: { x: unknown }
  }
  expect(adopted.plugins[0][0]).toBe(running[0])
  expect(adopted.plugins[2]).not.toBe(running[1])
  expect(adopted.store.keys).toBe(running[0])
  expect(adopted.providers.x).toBe(running[0])
  expect([...made.adopted]).toEqual([running[0]])
})
