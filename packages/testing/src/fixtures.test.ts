import { describe, expect, it } from 'vitest'
import { loadFixtures, readCapture, responseBytes, toWireRequest } from './fixtures.ts'

const recorded = new URL('../../../test/fixtures/', import.meta.url)

describe('loadFixtures', () => {
  it.each([
    ['chat', 78],
    ['anthropic', 101],
  ])('reads every recorded capture of %s', (folder, count) => {
    const captures = loadFixtures(new URL(folder, recorded))
    expect(captures).toHaveLength(count)
    expect(captures.every(({ exchanges }) => exchanges.length > 0)).toBe(true)
    expect(new Set(captures.map(({ name }) => name)).size).toBe(count)
  })

  it('names the folder that holds none', () => {
    expect(() => loadFixtures(new URL('./fake', import.meta.url))).toThrow('No captures in')
  })
})

describe('readCapture', () => {
  const exchange = { provider: 'p', protocol: 'x', response: { status: 200, headers: {}, json: {} } }

  it('keeps numbers as they were recorded, and a missing request is null', () => {
    const text = `{"protocol":"x","exchanges":[{"protocol":"x","response":{"status":200,"headers":{},"json":{"n":12345678901234567890}}}]}`
    const capture = readCapture('big.json', text)
    expect(capture).toMatchObject({ name: 'big', tags: [], exchanges: [{ request: null }] })
    const response = capture.exchanges[0]?.response
    expect(response && new TextDecoder().decode(responseBytes(response))).toBe('{"n":12345678901234567890}')
  })

  it.each([
    ['[]', 'is not an object'],
    ['{"exchanges":[]}', 'has no protocol'],
    ['{"protocol":"x"}', 'has no exchanges'],
    ['{"protocol":"x","exchanges":[1]}', 'exchange 0 is not an object'],
    ['{"protocol":"x","exchanges":[{}]}', 'exchange 0 has no response status'],
    [
      JSON.stringify({
        protocol: 'x',
        exchanges: [{ ...exchange, response: { ...exchange.response, sse: '' } }],
      }),
      'exchange 0 has json and sse',
    ],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => readCapture('a.json', text)).toThrow(`Capture a.json: ${message}.`)
  })
})

describe('toWireRequest', () => {
  it('is what a server codec gets', () => {
    const wire = toWireRequest({ method: 'POST', path: '/x', headers: { 'X-A': 'b' }, body: { a: 1 } })
    expect(wire.headers.get('x-a')).toBe('b')
    expect(wire.json()).toEqual({ a: 1 })
    expect(new TextDecoder().decode(wire.body)).toBe('{"a":1}')
  })
})
