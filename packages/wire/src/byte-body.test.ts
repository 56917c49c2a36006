import { setImmediate as turn } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createPushBody, type PushBody, streamOf } from './byte-body.ts'

function bodyWithLog(): { body: PushBody; log: string[] } {
  const log: string[] = []
  const body = createPushBody({
    pause: () => log.push('source paused'),
    resume: () => log.push('source resumed'),
    cancel: () => log.push('source cancelled'),
  })
  return { body, log }
}

function listen(body: PushBody, log: string[]): void {
  body.on('data', (chunk) => log.push(Buffer.from(chunk).toString().slice(0, 8)))
  body.on('end', () => log.push('end'))
  body.on('error', (error) => log.push(error.message))
  body.on('close', () => log.push('close'))
}

describe('a pushed body', () => {
  it('keeps what comes before somebody listens, and tells the end last', async () => {
    const { body, log } = bodyWithLog()
    body.push(Buffer.from('one'))
    body.end()
    listen(body, log)
    expect(log).toEqual([])
    await turn()
    expect(log).toEqual(['one', 'end', 'close'])
    expect(body.readableEnded).toBe(true)
  })

  it('hands a piece on at once to a reader that waits', async () => {
    const { body, log } = bodyWithLog()
    listen(body, log)
    await turn()
    body.push(Buffer.from('one'))
    expect(log).toEqual(['one'])
    body.end()
    expect(log).toEqual(['one', 'end', 'close'])
  })

  it('pauses its source for a reader that is behind, and resumes it when all is taken', async () => {
    const { body, log } = bodyWithLog()
    body.pause()
    listen(body, log)
    body.push(Buffer.alloc(20_000, 'a'))
    expect(log).toEqual([])
    body.push(Buffer.alloc(20_000, 'b'))
    expect(log).toEqual(['source paused'])
    expect(body.readableLength).toBe(40_000)
    body.resume()
    await turn()
    expect(log).toEqual(['source paused', 'aaaaaaaa', 'bbbbbbbb', 'source resumed'])
  })

  it('stops in the middle for a reader that pauses there', async () => {
    const { body, log } = bodyWithLog()
    for (const piece of ['one', 'two', 'three']) body.push(Buffer.from(piece))
    body.on('data', () => body.pause())
    listen(body, log)
    await turn()
    expect(log).toEqual(['one'])
    body.end()
    body.resume()
    await turn()
    body.resume()
    await turn()
    expect(log).toEqual(['one', 'two', 'three'])
    body.resume()
    await turn()
    expect(log).toEqual(['one', 'two', 'three', 'end', 'close'])
  })

  it('drops what it holds when it is destroyed, cancels its source once and needs no listener', async () => {
    const { body, log } = bodyWithLog()
    body.push(Buffer.from('one'))
    body.destroy(new Error('broken'))
    body.destroy()
    body.push(Buffer.from('two'))
    body.end()
    expect(log).toEqual(['source cancelled'])
    listen(body, log)
    await turn()
    expect(log).toEqual(['source cancelled', 'broken', 'close'])
    const { body: alone } = bodyWithLog()
    alone.destroy(new Error('nobody hears'))
    await turn()
    expect(alone.destroyed).toBe(true)
  })

  it('is a Node stream for what needs one', async () => {
    const { body } = bodyWithLog()
    const read = text(streamOf(body))
    for (const piece of ['one ', 'two']) body.push(Buffer.from(piece))
    await turn()
    body.push(Buffer.from(' three'))
    body.end()
    expect(await read).toBe('one two three')
    const broken = bodyWithLog().body
    const failing = text(streamOf(broken))
    broken.destroy(new Error('broken'))
    await expect(failing).rejects.toThrow('broken')
  })
})
