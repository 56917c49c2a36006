import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../error.ts'
import { handSource, letterLine, plan, pumpStream, readAll, tick } from './fake.test-support.ts'
import type { AttemptResult } from './types.ts'

afterEach(() => {
  vi.useRealTimers()
})

function streamOf(result: AttemptResult): AttemptResult & { kind: 'stream' } {
  if (result.kind !== 'stream') throw new Error(`expected a stream, got ${result.kind}`)
  return result
}

describe('commit point', () => {
  it('gives nothing before the first output, then everything that was held', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    let resolved = false
    void pumped.result.then(() => (resolved = true))
    source.send('..')
    await tick(10)
    expect(resolved).toBe(false)
    source.send('a')
    const result = streamOf(await pumped.result)
    source.send('bZ')
    source.push(null)
    expect(await readAll(result.body)).toBe('..abZ')
    expect(await result.end).toMatchObject({
      outcome: 'completed',
      outputBytes: 2,
      finish: { reason: 'stop' },
    })
  })

  it.each([
    ['an error frame', '.!', 'upstream_failed'],
    ['garbage', '?', 'upstream_failed'],
    ['an empty stream', '', 'upstream_failed'],
    ['only pings', '...', 'upstream_failed'],
  ])('%s before it is a failed attempt, not an answer', async (_name, sent, name) => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    if (sent) source.send(sent)
    source.push(null)
    expect(await pumped.result).toMatchObject({
      kind: 'failed',
      sent: true,
      error: { class: name, source: 'upstream' },
    })
  })

  it('takes an empty answer that has a finish for what it says', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    source.send('Z')
    source.push(null)
    const result = streamOf(await pumped.result)
    expect(await readAll(result.body)).toBe('Z')
    expect(await result.end).toMatchObject({ outcome: 'completed' })
  })

  it('is a failed attempt when the connection is cut', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    source.destroy(new Error('ECONNRESET'))
    expect(await pumped.result).toMatchObject({ kind: 'failed', error: { class: 'upstream_failed' } })
  })
})

describe('after it', () => {
  it.each([
    ['a cut connection', (source: ReturnType<typeof handSource>) => void source.destroy(new Error('reset'))],
    [
      'a clean close before the last frame',
      (source: ReturnType<typeof handSource>) => void source.push(null),
    ],
    ['an error frame', (source: ReturnType<typeof handSource>) => source.send('!')],
    ['garbage', (source: ReturnType<typeof handSource>) => source.send('?')],
    ['a destroyed source without a word', (source: ReturnType<typeof handSource>) => void source.destroy()],
  ])('%s ends with an error the client can read, never as a clean stop', async (_name, breakIt) => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    source.send('ab')
    const result = streamOf(await pumped.result)
    await tick()
    breakIt(source)
    expect(await readAll(result.body)).toMatch(/^ab<upstream_(failed|truncated)>$/)
    expect(await result.end).toMatchObject({ outcome: 'failed', outputBytes: 2 })
    expect(source.destroyed).toBe(true)
  })

  it('a reset after the last frame is a completed answer', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    source.send('aZ')
    const result = streamOf(await pumped.result)
    await tick()
    source.destroy(new Error('reset'))
    expect(await readAll(result.body)).toBe('aZ')
    expect(await result.end).toMatchObject({ outcome: 'completed' })
  })

  it('an upstream that stays open after its last frame is let go', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ timers: { linger: 20 } }), letterLine(), source, true)
    source.send('aZ')
    const result = streamOf(await pumped.result)
    expect(await readAll(result.body)).toBe('aZ')
    expect(source.destroyed).toBe(true)
  })

  it('stops with length when the bill phase says so', async () => {
    const source = handSource()
    const seen: string[] = []
    const pumped = pumpStream(
      plan({
        observe: (usage) => {
          seen.push(usage.source)
          return 'stop'
        },
      }),
      letterLine(),
      source,
      true,
    )
    source.send('a'.repeat(3000))
    const result = streamOf(await pumped.result)
    expect(await readAll(result.body)).toBe(`${'a'.repeat(3000)}<length>`)
    expect(await result.end).toMatchObject({ outcome: 'cut' })
    expect(seen).toEqual(['observed'])
    expect(source.destroyed).toBe(true)
  })

  it('is cut from outside with an error event, at the deadline of a drain', async () => {
    const source = handSource()
    const made = plan()
    const pumped = pumpStream(made, letterLine(), source, true)
    source.send('a')
    const result = streamOf(await pumped.result)
    made.cut(new GatewayError({ class: 'overloaded', message: 'shutting down' }).data)
    expect(await readAll(result.body)).toBe('a<overloaded>')
    expect(await result.end).toMatchObject({ outcome: 'failed', error: { class: 'overloaded' } })
  })
})

describe('a client that leaves', () => {
  it('cancels the upstream at once where that stops its meter', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ cancelStopsBilling: true }), letterLine(), source, true)
    source.send('ab')
    const result = streamOf(await pumped.result)
    await tick()
    result.body.destroy()
    expect(await result.end).toMatchObject({ outcome: 'aborted', outputBytes: 2 })
    expect(source.destroyed).toBe(true)
  })

  it.each([false, 'unknown'] as const)(
    'lets it finish in the background where the meter runs on (%s)',
    async (meter) => {
      const source = handSource()
      const drains = { taken: 0, limit: 1 }
      const pumped = pumpStream(plan({ cancelStopsBilling: meter, drains }), letterLine(), source, true)
      source.send('ab')
      const result = streamOf(await pumped.result)
      await tick()
      result.body.destroy()
      await tick()
      expect(drains.taken).toBe(1)
      source.send('cdeZ')
      source.push(null)
      expect(await result.end).toMatchObject({ outcome: 'aborted', outputBytes: 5 })
      expect(drains.taken).toBe(0)
    },
  )

  it('never drains more than there are places, nor longer than the limit', async () => {
    const source = handSource()
    const full = { taken: 1, limit: 1 }
    const pumped = pumpStream(plan({ cancelStopsBilling: false, drains: full }), letterLine(), source, true)
    source.send('a')
    const result = streamOf(await pumped.result)
    result.body.destroy()
    expect(await result.end).toMatchObject({ outcome: 'aborted' })
    expect(source.destroyed).toBe(true)

    const slow = handSource()
    const second = pumpStream(
      plan({ cancelStopsBilling: false, timers: { drain: 20 } }),
      letterLine(),
      slow,
      true,
    )
    slow.send('a')
    const draining = streamOf(await second.result)
    draining.body.destroy()
    expect(await draining.end).toMatchObject({ outcome: 'aborted' })
    expect(slow.destroyed).toBe(true)
  })

  it('before the commit point ends the attempt as aborted, also when it had left before', async () => {
    const gone = new AbortController()
    const source = handSource()
    const pumped = pumpStream(plan({ signal: gone.signal }), letterLine(), source, true)
    gone.abort()
    const result = await pumped.result
    expect(result.kind).toBe('aborted')
    const early = handSource()
    const second = await pumpStream(plan({ signal: gone.signal }), letterLine(), early, true).result
    expect(second.kind).toBe('aborted')
    expect(early.destroyed).toBe(true)
  })

  it('a drain keeps nothing of what it reads', async () => {
    const source = handSource()
    const line = letterLine()
    const gone = new AbortController()
    const pumped = pumpStream(plan({ cancelStopsBilling: false, signal: gone.signal }), line, source, true)
    gone.abort()
    await pumped.result
    source.send('abc')
    await tick()
    expect(line.take()).toEqual([])
    source.destroy()
  })
})

describe('back-pressure and silence', () => {
  it('pauses the upstream for a slow reader and goes on when it reads', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    source.send('a'.repeat(100_000))
    const result = streamOf(await pumped.result)
    await tick()
    expect(source.paused()).toBe(true)
    source.send('b'.repeat(1000))
    await tick(10)
    expect(source.paused()).toBe(true)
    source.send('Z')
    source.push(null)
    expect((await readAll(result.body)).length).toBe(101_001)
    expect(await result.end).toMatchObject({ outcome: 'completed' })
  })

  it('keeps silence alive', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ timers: { keepAlive: 15 } }), letterLine(), source, true)
    source.send('a')
    const result = streamOf(await pumped.result)
    await tick(50)
    source.send('Z')
    source.push(null)
    expect(await readAll(result.body)).toMatch(/^a~{2,}Z$/)
  })

  it('sends the head after commitAfter, and from then on errors are in the stream', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ timers: { commitAfter: 15 } }), letterLine(), source, true)
    const result = streamOf(await pumped.result)
    source.push(null)
    expect(await readAll(result.body)).toMatch(/^~+<upstream_\w+>$/)
    expect(await result.end).toMatchObject({ outcome: 'failed' })
  })

  it('never sends it when commitAfter is 0', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ timers: { commitAfter: 0 } }), letterLine(), source, true)
    let resolved = false
    void pumped.result.then(() => (resolved = true))
    await tick(30)
    expect(resolved).toBe(false)
    source.destroy()
    await pumped.result
  })

  it('cuts an upstream that sends nothing but pings for too long', async () => {
    const source = handSource()
    const pumped = pumpStream(plan({ timers: { pingsOnly: 20 } }), letterLine(), source, true)
    source.send('a')
    const result = streamOf(await pumped.result)
    for (let sent = 0; sent < 10 && !source.destroyed; sent++) {
      source.send('.')
      await tick(5)
    }
    expect(await readAll(result.body)).toMatch(/^a\.+<timeout>$/)
    expect(await result.end).toMatchObject({ outcome: 'failed', error: { class: 'timeout' } })
  })
})

describe('nothing stays behind', () => {
  it('an answer without output that lingers past commitAfter is over once, with no timer left', async () => {
    const source = handSource()
    const before = timers()
    const pumped = pumpStream(
      plan({ timers: { linger: 20, commitAfter: 40, keepAlive: 10 } }),
      letterLine(),
      source,
      true,
    )
    source.send('Z')
    const result = streamOf(await pumped.result)
    expect(await readAll(result.body)).toMatch(/^Z~*$/)
    await result.end
    await tick(60)
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it.each([
    ['completed', 'aZ'],
    ['failed', 'a!'],
    ['failed before output', '!'],
  ])('%s: no timer and no listener of the signal', async (_name, sent) => {
    const before = timers()
    const signal = new AbortController().signal
    const source = handSource()
    const made = plan({ signal })
    const listeners = getEventListeners(signal, 'abort').length
    const pumped = pumpStream(made, letterLine(), source, true)
    expect(getEventListeners(signal, 'abort').length).toBe(listeners + 1)
    source.send(sent)
    source.push(null)
    const result = await pumped.result
    if (result.kind === 'stream') {
      result.body.resume()
      await result.end
    }
    await tick()
    expect(getEventListeners(signal, 'abort').length).toBe(listeners)
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('an upstream that never begins cannot fill the memory', async () => {
    const source = handSource()
    const pumped = pumpStream(plan(), letterLine(), source, true)
    const block = '.'.repeat(1024 * 1024)
    for (let sent = 0; sent < 20 && !source.destroyed; sent++) {
      source.send(block)
      await tick()
    }
    expect(await pumped.result).toMatchObject({ kind: 'failed', error: { class: 'upstream_failed' } })
    expect(source.destroyed).toBe(true)
  })

  it('a client that does not read gets no keep-alives piled up', async () => {
    const source = handSource()
    const line = letterLine()
    const pumped = pumpStream(plan({ timers: { keepAlive: 5 } }), line, source, true)
    source.send('a'.repeat(100_000))
    const result = streamOf(await pumped.result)
    await tick(60)
    expect(result.body.readableLength).toBe(100_000)
    result.body.destroy()
    await result.end
  })

  it('bytes that reach nobody do not put the next keep-alive off', async () => {
    const source = handSource()
    const hidden = letterLine()
    const quiet = Object.assign(Object.create(hidden) as typeof hidden, { push: () => {} })
    const pumped = pumpStream(plan({ timers: { keepAlive: 30, commitAfter: 5 } }), quiet, source, true)
    const result = streamOf(await pumped.result)
    for (let sent = 0; sent < 10; sent++) {
      source.send('a')
      await tick(10)
    }
    source.destroy()
    expect((await readAll(result.body)).match(/~/g)?.length).toBeGreaterThanOrEqual(3)
  })

  it('a line that fails at failing cuts the connection rather than end it cleanly', async () => {
    const source = handSource()
    const line = letterLine()
    line.fail = () => {
      throw new Error('no words')
    }
    const pumped = pumpStream(plan(), line, source, true)
    source.send('a')
    const result = streamOf(await pumped.result)
    source.destroy(new Error('reset'))
    await expect(readAll(result.body)).rejects.toThrow()
    expect(await result.end).toMatchObject({ outcome: 'failed' })
  })
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}
