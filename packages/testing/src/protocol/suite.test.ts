import { describe, expect, it } from 'vitest'
import type { ClientCodec, Frame, GatewayErrorData, GatewayEvent, Protocol, ServerCodec } from '@gantry/core'
import type { ProtocolSuiteOptions } from './options.ts'
import { protocolChecks, testProtocol } from './suite.ts'
import { sseFrames, type FrameReader } from './streams.ts'
import { toyProtocol, type ToyProtocol } from './toy/protocol.ts'
import { toyCaptures, toyRules } from './toy/rules.ts'

const options: ProtocolSuiteOptions = { fixtures: toyCaptures, rules: toyRules, randomSplits: 20 }

testProtocol(toyProtocol(), options)

/** Names of the checks that fail, each once. */
function failing(protocol: Protocol, changed: Partial<ProtocolSuiteOptions> = {}): readonly string[] {
  const names = new Set<string>()
  for (const check of protocolChecks(protocol, { ...options, ...changed })) {
    try {
      check.run()
    } catch {
      names.add(check.name)
    }
  }
  return [...names]
}

function withClient(change: (codec: ClientCodec<'generate'>) => Partial<ClientCodec<'generate'>>): Protocol {
  return toyProtocol((toy: ToyProtocol) => {
    const codec = toy.client.codecs.generate as ClientCodec<'generate'>
    return { ...toy, client: { ...toy.client, codecs: { generate: { ...codec, ...change(codec) } } } }
  })
}

function withServer(change: (codec: ServerCodec<'generate'>) => Partial<ServerCodec<'generate'>>): Protocol {
  return toyProtocol((toy: ToyProtocol) => {
    const codec = toy.server.codecs.generate as ServerCodec<'generate'>
    return { ...toy, server: { ...toy.server, codecs: { generate: { ...codec, ...change(codec) } } } }
  })
}

/** A decoder whose events pass through a change, `end` included. */
function withEvents(change: (event: GatewayEvent) => readonly GatewayEvent[]): Protocol {
  return withClient((codec) => ({
    streamDecoder(context) {
      const decoder = codec.streamDecoder?.(context)
      return {
        push: (frame, emit) => decoder?.push(frame, (event) => change(event).forEach(emit)),
        end: (emit) => decoder?.end((event) => change(event).forEach(emit)),
      }
    },
  }))
}

describe('the suite passes', () => {
  it('a sound protocol, and checks each rule', () => {
    const names = new Set(protocolChecks(toyProtocol(), options).map(({ name }) => name))
    expect(failing(toyProtocol())).toEqual([])
    expect([...names].filter((name) => !name.startsWith('errors:')).toSorted()).toEqual([
      'error: status, class and message are read',
      'request: decoded and encoded it is the same',
      'response: decoded and encoded it is the same',
      'response: it becomes events and back',
      'response: streamed it says the same',
      'response: the tap reads what the decoder reads',
      'response: usage is what the bytes say',
      'stream: byte by byte it gives the same events',
      'stream: cut in the middle it ends as truncated',
      'stream: decoded and encoded it is the same',
      'stream: events come in order',
      'stream: every two-way split gives the same events',
      'stream: random splits give the same events',
      'stream: the tap reads what the decoder reads',
      'stream: usage is what the bytes say',
      'there is something to check, and every exception is still one',
    ])
  })

  it('a protocol with one end only, as far as it goes', () => {
    const clientOnly = toyProtocol(({ server: _server, ...rest }) => rest)
    expect(failing(clientOnly)).toEqual([])
    const names = protocolChecks(clientOnly, options).map(({ name }) => name)
    expect(names).toContain('stream: random splits give the same events')
    expect(names).not.toContain('response: decoded and encoded it is the same')
  })
})

describe('the suite fails', () => {
  it('a request codec that forgets a field', () => {
    const broken = withClient((codec) => ({
      encodeRequest(request, context) {
        const encoded = codec.encodeRequest(request, context)
        return { ...encoded, body: { model: request.model } }
      },
    }))
    expect(failing(broken)).toEqual(['request: decoded and encoded it is the same'])
  })

  it('a codec that reports losses to itself', () => {
    const broken = withClient((codec) => ({
      encodeRequest(request, context) {
        context.report({ pointer: '/lines', what: 'part.text', how: 'dropped', target: 'toy' })
        return codec.encodeRequest(request, context)
      },
    }))
    expect(failing(broken)).toEqual(['request: decoded and encoded it is the same'])
    expect(failing(broken, { allowLoss: ({ what }) => what === 'part.text' })).toEqual([])
  })

  it('a codec that writes into what it is given', () => {
    const broken = withClient((codec) => ({
      decodeResponse(body, context) {
        Object.assign(body, { seen: true })
        return codec.decodeResponse(body, context)
      },
    }))
    expect(failing(broken)).toContain('response: decoded and encoded it is the same')
  })

  it('a response codec that changes a text', () => {
    const broken = withServer((codec) => ({
      encodeResponse: (response, context) => ({ ...codec.encodeResponse(response, context), say: 'other' }),
    }))
    expect(failing(broken)).toEqual(['response: decoded and encoded it is the same'])
  })

  it('usage that counts twice', () => {
    const broken = withClient((codec) => ({
      decodeResponse(body, context) {
        const response = codec.decodeResponse(body, context)
        const input = (response.usage?.tokens.input ?? 0) * 2
        return {
          ...response,
          ...(response.usage && {
            usage: { ...response.usage, tokens: { ...response.usage.tokens, input } },
          }),
        }
      },
    }))
    expect(failing(broken)).toContain('response: usage is what the bytes say')
    const inStream = withEvents((event) =>
      event.type === 'usage' ? [{ ...event, usage: { ...event.usage, tokens: { input: 1 } } }] : [event],
    )
    expect(failing(inStream)).toContain('stream: usage is what the bytes say')
  })

  it('a decoder that forgets to end a part', () => {
    expect(failing(withEvents((event) => (event.type === 'part-end' ? [] : [event])))).toContain(
      'stream: events come in order',
    )
  })

  it('a decoder that says finish twice', () => {
    expect(failing(withEvents((event) => (event.type === 'finish' ? [event, event] : [event])))).toContain(
      'stream: events come in order',
    )
  })

  it('a decoder that takes a cut for an end', () => {
    const broken = withEvents((event) => (event.type === 'error' ? [{ type: 'end' }] : [event]))
    expect(failing(broken)).toEqual(['stream: cut in the middle it ends as truncated'])
  })

  it('a decoder that loses an argument', () => {
    const broken = withEvents((event) =>
      event.type === 'part-delta' && event.delta.type === 'arguments' && event.delta.text === '1}'
        ? []
        : [event],
    )
    expect(failing(broken)).toContain('stream: decoded and encoded it is the same')
  })

  it('an encoder that writes its frames in another order', () => {
    const broken = withServer((codec) => ({
      streamEncoder(context) {
        const encoder = codec.streamEncoder?.(context)
        const held: Parameters<NonNullable<typeof encoder>['push']>[0][] = []
        return {
          push(event, write) {
            if (event.type === 'start') held.push(event)
            else encoder?.push(event, write)
            if (event.type === 'usage' || event.type === 'finish')
              held.splice(0).forEach((late) => encoder?.push(late, write))
          },
        }
      },
    }))
    expect(failing(broken)).toContain('stream: decoded and encoded it is the same')
  })

  it('state that streams share', () => {
    let streams = 0
    const broken = withClient((codec) => ({
      streamDecoder(context) {
        const decoder = codec.streamDecoder?.(context)
        const own = ++streams
        return {
          push: (frame, emit) =>
            decoder?.push(frame, (event) =>
              emit(event.type === 'start' ? { ...event, id: `stream ${own}` } : event),
            ),
          end: (emit) => decoder?.end(emit),
        }
      },
    }))
    expect(failing(broken)).toContain('stream: random splits give the same events')
  })

  it.each<[string, FrameReader]>([
    [
      'reads each slice for itself',
      (onFrame) => ({ push: (chunk) => readAlone(chunk, onFrame), end: () => {} }),
    ],
    [
      'decodes the text of each slice for itself',
      (onFrame) => {
        const inner = sseFrames(onFrame)
        const encoder = new TextEncoder()
        return {
          push: (chunk) => inner.push(encoder.encode(new TextDecoder().decode(chunk))),
          end: () => inner.end(),
        }
      },
    ],
  ])('a frame reader that %s', (_what, reader) => {
    const names = failing(toyProtocol(), { reader })
    expect(names).toContain('stream: every two-way split gives the same events')
    expect(names).toContain('stream: byte by byte it gives the same events')
    expect(names).toContain('stream: random splits give the same events')
  })

  it('a tap that reads something else than the decoder', () => {
    const broken = toyProtocol((toy) => ({
      ...toy,
      client: {
        ...toy.client,
        relay: {
          path: () => '',
          headers: () => ({}),
          splices: () => [],
          tap: () => ({
            wants: () => true,
            frame: () => 'pass',
            body: () => {},
            result: () => ({ committed: true, complete: true, outputBytes: 0 }),
          }),
        },
      },
    }))
    expect(failing(broken)).toEqual([
      'response: the tap reads what the decoder reads',
      'stream: the tap reads what the decoder reads',
    ])
  })

  it.each<[string, (error: GatewayErrorData) => object | number]>([
    ['has no message', () => ({ failed: { request: 'req_conformance' } })],
    ['has no request id', (error) => ({ failed: { why: error.message } })],
    ['has a status that is none', () => 200],
    [
      'shows what another upstream said',
      (error) => ({ why: error.message, request: 'req_conformance', native: error.native?.value }),
    ],
  ])('an error envelope that %s', (_what, encode) => {
    const broken = toyProtocol((toy) => ({
      ...toy,
      server: {
        ...toy.server,
        encodeError(error, context) {
          const encoded = encode(error)
          return typeof encoded === 'number'
            ? { ...toy.server.encodeError(error, context), status: encoded }
            : { status: error.status, body: encoded as { [key: string]: string } }
        },
      },
    }))
    expect(failing(broken).length).toBe(17)
  })

  it('an error envelope that differs from what the protocol itself demands', () => {
    const names = failing(toyProtocol(), {
      errorShape: ({ body }) => {
        if (!('error' in body)) throw new Error('the envelope is { error }')
      },
    })
    expect(names).toHaveLength(17)
  })

  it('an error decoder that trusts the body', () => {
    const broken = toyProtocol((toy) => ({
      ...toy,
      client: {
        ...toy.client,
        decodeError(status, headers, body) {
          const parsed = JSON.parse(Buffer.from(body).toString()) as { failed: { why: string } }
          return { ...toy.client.decodeError(status, headers, body), message: parsed.failed.why }
        },
      },
    }))
    const names = failing(broken)
    expect(names).toContain('errors: nothing for a body is read as an error')
    expect(names).toContain('errors: a page for a body is read as an error')
    expect(names).not.toContain('error: status, class and message are read')
  })

  it('exceptions that are none any more, and fixtures with nothing to check', () => {
    const stale = { capture: 'gone', why: 'it was recorded badly' }
    expect(failing(toyProtocol(), { except: [stale] })).toEqual([
      'there is something to check, and every exception is still one',
    ])
    expect(failing(toyProtocol(), { fixtures: [] })).toEqual([
      'there is something to check, and every exception is still one',
    ])
  })
})

describe('exceptions', () => {
  it('leave out one check of one capture', () => {
    const broken = withClient(() => ({ encodeRequest: () => ({ path: '', body: {} }) }))
    const except = ['whole', 'stream'].map((capture) => ({
      capture,
      checks: ['request: decoded and encoded it is the same'],
      why: 'this protocol is broken on purpose',
    }))
    expect(failing(broken, { except })).toEqual([])
  })
})

/** A reader that forgets everything between two slices. */
function readAlone(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
  const reader = sseFrames(onFrame)
  reader.push(chunk)
  reader.end()
}
