import { describe, expect, it } from 'vitest'
import type { Turn } from '../model/index.ts'
import { joinRuns } from './turns.ts'

const turn = (role: Turn['role'], text: string, more: Partial<Turn> = {}): Turn => ({
  role,
  parts: [{ type: 'text', text }],
  ...more,
})
const byRole = (item: Turn): string => item.role
const texts = (item: Turn): string => item.parts.map((part) => (part.type === 'text' ? part.text : '')).join()

describe('joinRuns', () => {
  it('joins neighbours of one key and keeps their order', () => {
    const joined = joinRuns(
      [turn('user', 'a'), turn('user', 'b'), turn('assistant', 'c'), turn('user', 'd')],
      byRole,
    )
    expect(joined.map((item) => [item.role, texts(item)])).toEqual([
      ['user', 'a,b'],
      ['assistant', 'c'],
      ['user', 'd'],
    ])
  })

  it('joins what the key calls equal: results go with the user', () => {
    const joined = joinRuns([turn('tool', 'a'), turn('tool', 'b'), turn('user', 'c')], ({ role }) =>
      role === 'tool' ? 'user' : role,
    )
    expect(joined.map(texts)).toEqual(['a,b,c'])
  })

  it('keeps the first turn of a run and merges extra', () => {
    const [joined] = joinRuns(
      [
        turn('user', 'a', { id: 'one', at: '/messages/0', extra: { chat: { x: 1, y: 1 } } }),
        turn('user', 'b', { id: 'two', at: '/messages/1', extra: { chat: { y: 2 } } }),
      ],
      byRole,
    )
    expect(joined).toMatchObject({ id: 'one', at: '/messages/0', extra: { chat: { x: 1, y: 2 } } })
  })

  it('returns single turns as they are', () => {
    const turns = [turn('user', 'a'), turn('assistant', 'b')]
    expect(joinRuns(turns, byRole).every((item, index) => item === turns[index])).toBe(true)
    expect(joinRuns([], byRole)).toEqual([])
  })

  it('takes a hundred thousand turns', () => {
    const turns = Array.from({ length: 100_000 }, () => turn('user', 'x'))
    const started = performance.now()
    expect(joinRuns(turns, byRole)[0]?.parts.length).toBe(100_000)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
