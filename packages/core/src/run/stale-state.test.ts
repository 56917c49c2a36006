import { describe, expect, it } from 'vitest'
import type { GenerateRequest, Loss, Part } from '../model/index.ts'
import { holdsState, leaveStateOut } from './stale-state.ts'

const custody = { protocol: 'wire', format: 'encrypted', blob: 'x' }
const compaction: Part = { type: 'compaction', custody: { ...custody, blob: 'gantry1.summary' } }
const words: Part = { type: 'text', text: 'words' }

function without(...turns: readonly (readonly Part[])[]): {
  request: GenerateRequest | undefined
  losses: Loss[]
} {
  const losses: Loss[] = []
  let made: GenerateRequest | undefined
  leaveStateOut({
    request: { model: 'm', stream: false, turns: turns.map((parts) => ({ role: 'assistant', parts })) },
    target: { protocol: 'wire', provider: 'p', model: 'm' },
    report: (loss: Loss) => void losses.push(loss),
    replace: (next: GenerateRequest) => void (made = next),
  })
  return { request: made, losses }
}

describe('opaque state that its issuer does not take back', () => {
  it('is left out and reported; what can be read stays', () => {
    const { request, losses } = without(
      [{ type: 'reasoning', segments: [], custody }],
      [{ type: 'reasoning', segments: [{ kind: 'summary', text: 'hm' }], custody }, words],
    )
    expect(request?.turns.map(({ parts }) => parts)).toEqual([
      [{ type: 'reasoning', segments: [{ kind: 'summary', text: 'hm' }] }, words],
    ])
    expect(losses.map(({ what, how }) => `${how} ${what}`)).toEqual(
      Array(2).fill('dropped custody.encrypted'),
    )
  })

  it('is never a compaction: nothing else is left of what it stands for', () => {
    const { request, losses } = without([compaction], [words])
    expect(request?.turns.map(({ parts }) => parts)).toEqual([[compaction], [words]])
    expect(losses).toEqual([])
    const turns = (part: Part): GenerateRequest => ({
      model: 'm',
      stream: false,
      turns: [{ role: 'assistant', parts: [part] }],
    })
    expect(holdsState(turns(compaction))).toBe(false)
    expect(holdsState(turns(words))).toBe(false)
    expect(holdsState(turns({ ...words, custody }))).toBe(true)
  })
})
