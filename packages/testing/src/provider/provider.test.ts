import type { AnyPlugin, DirectProvider, GatewayEvent, HttpProvider, ProviderPlugin } from '@gantry/core'
import { defineProvider } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { toyProtocol } from '../protocol/toy/protocol.ts'
import { failingChecks } from '../suite/check.ts'
import type { ProviderSuiteOptions } from './options.ts'
import { providerChecks, testProvider } from './suite.ts'

interface Options {
  readonly baseUrl?: string
  readonly keys?: readonly string[]
}

const names = { endpoint: 'every protocol and credential has a base URL and headers that HTTP allows' }

/** A sound HTTP provider with one thing changed. */
function acme(
  change: (sound: HttpProvider) => Partial<HttpProvider> = () => ({}),
  plugin: Partial<ProviderPlugin> = {},
): (options?: Options) => ProviderPlugin {
  return defineProvider<Options | undefined, Options | undefined>({
    name: 'provider-acme',
    schema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          (value as Options | undefined)?.baseUrl === ''
            ? { issues: [{ message: 'is empty', path: ['baseUrl'] } as { message: string }] }
            : { value: value as Options | undefined },
      },
    },
    create: ({ baseUrl = 'https://api.acme.example/v1', keys = ['k-1', 'k-2'] } = {}) => ({
      name: 'provider-acme',
      provider(name) {
        const sound: HttpProvider = {
          name,
          speaks: ['toy'],
          cancelStopsBilling: 'unknown',
          credentials: keys.length,
          endpoint({ credential = 0 }) {
            if (!keys[credential]) throw new Error(`no credential ${credential}`)
            return { url: baseUrl, headers: { authorization: `Bearer ${keys[credential]}` } }
          },
          classify: (error) =>
            error.message === 'empty purse' ? { ...error, class: 'insufficient_funds' } : error,
        }
        return { ...sound, ...change(sound) }
      },
      ...plugin,
    }),
  })
}

const toy: AnyPlugin = { name: 'protocol-toy', provides: { protocol: [toyProtocol()] } }

const suite = (make: (options?: Options) => ProviderPlugin): ProviderSuiteOptions => ({
  create: () => make(),
  url: 'https://api.acme.example/v1',
  headers: { authorization: 'Bearer k-1' },
  speaks: ['toy'],
  errors: [[{ class: 'rate_limited', message: 'empty purse' }, 'insufficient_funds']],
  wrong: [[() => make({ baseUrl: '' }), 'provider-acme.baseUrl']],
  exchange: {
    create: (baseUrl) => make({ baseUrl, keys: ['k-1'] }),
    protocols: [toy],
    path: '/v1/toy',
    body: { model: 'm', lines: ['hi'] },
    reply: { json: { id: 'r1', say: 'hello' } },
    sent: { authorization: 'Bearer k-1' },
  },
})

testProvider('acme', suite(acme()))

/** A sound provider that makes its own events, with one thing changed. */
function direct(
  generate: (sound: DirectProvider['generate']) => DirectProvider['generate'] = (sound) => sound,
): ProviderPlugin {
  const sound: DirectProvider['generate'] = async (_request, emit, signal) => {
    const events: readonly GatewayEvent[] = [
      { type: 'start', id: 'r1' },
      { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
      { type: 'part-delta', index: 0, delta: { type: 'text', text: 'hi' } },
      { type: 'part-end', index: 0 },
      { type: 'finish', finish: { reason: 'stop' } },
      { type: 'end' },
    ]
    for (const event of events) {
      if (signal.aborted) return
      emit(event)
      await Promise.resolve()
    }
  }
  return {
    name: 'provider-direct',
    provider: (name) => ({ name, cancelStopsBilling: true, generate: generate(sound) }),
  }
}

testProvider('that makes events', { create: () => direct() })

describe('a broken provider fails the suite', () => {
  const url = (value: string): Partial<HttpProvider> => ({ endpoint: () => ({ url: value, headers: {} }) })
  const headers = (value: { [name: string]: string }): Partial<HttpProvider> => ({
    endpoint: () => ({ url: 'https://api.acme.example/v1', headers: value }),
  })
  it.each<[string, (options?: Options) => ProviderPlugin, string]>([
    [
      'keeps its own name',
      acme(() => ({ name: 'acme' })),
      'it carries the name that the config gives, each time anew',
    ],
    [
      'guesses about billing',
      acme(() => Object.assign({}, { cancelStopsBilling: undefined })),
      'what it says of itself can be true',
    ],
    [
      'has quirks of a wire it does not speak',
      acme(() => ({ quirks: { other: {} } })),
      'what it says of itself can be true',
    ],
    ['counts credentials wrong', acme(() => ({ credentials: 0 })), 'what it says of itself can be true'],
    [
      'has a timer of no time',
      acme(() => ({ timeouts: { idleMs: 0 } })),
      'what it says of itself can be true',
    ],
    ['speaks another wire', acme(() => ({ speaks: ['other'] })), 'it speaks toy'],
    ['ends its URL with a slash', acme(() => url('https://api.acme.example/v1/')), names.endpoint],
    ['puts a query into its URL', acme(() => url('https://api.acme.example/v1?key=k-1')), names.endpoint],
    ['has no URL', acme(() => url('api.acme.example')), names.endpoint],
    ['shouts its headers', acme(() => headers({ Authorization: 'k' })), names.endpoint],
    ['breaks a line in a header', acme(() => headers({ authorization: 'k\r\nx: y' })), names.endpoint],
    ['sets the host', acme(() => headers({ host: 'x' })), names.endpoint],
    [
      'always uses its first key',
      acme((sound) => ({ endpoint: (target, at) => sound.endpoint({ ...target, credential: 0 }, at) })),
      'every credential is another one, and one that it does not have is refused',
    ],
    [
      'wraps its credentials around',
      acme((sound) => ({
        endpoint: (target, at) => sound.endpoint({ ...target, credential: (target.credential ?? 0) % 2 }, at),
      })),
      'every credential is another one, and one that it does not have is refused',
    ],
    [
      'lets a model choose the host',
      acme(() => ({
        endpoint: ({ model }) => ({
          url: `https://api.acme.example${model.includes('@') ? model : ''}`,
          headers: {},
        }),
      })),
      'no request can move it to another host',
    ],
    [
      'lets a client choose the host',
      acme(() => ({
        endpoint: (_, { wire }) => ({
          url: `https://${wire.headers.get('x-forwarded-host') ?? 'api.acme.example'}`,
          headers: {},
        }),
      })),
      'no request can move it to another host',
    ],
    [
      "passes the client's key on",
      acme(() => ({
        endpoint: (_, { wire }) => ({
          url: 'https://api.acme.example',
          headers: { authorization: wire.headers.get('authorization') ?? 'k' },
        }),
      })),
      "the client's own credentials stay here",
    ],
    [
      'answers in turn',
      acme((sound) => {
        let turn = 0
        return { endpoint: (target, at) => sound.endpoint({ ...target, credential: turn++ % 2 }, at) }
      }),
      'the same question has the same answer',
    ],
    ['lives elsewhere', acme(() => url('https://other.example/v1')), 'it is what it is said to be'],
    [
      'rewrites errors',
      acme(() => ({ classify: (error) => ({ ...error, message: 'oops' }) })),
      'every error stays an error, keeps its words, and is not judged twice',
    ],
    [
      'judges twice',
      acme(() => ({
        classify: (error) => ({ ...error, class: error.class === 'timeout' ? 'overloaded' : 'timeout' }),
      })),
      'every error stays an error, keeps its words, and is not judged twice',
    ],
    [
      'knows no empty purse',
      acme(() => ({ classify: (error) => error })),
      'error 1 is insufficient_funds: empty purse',
    ],
    [
      'forgets its key on the way',
      acme((sound) => ({
        endpoint: async (target, at) => ({ ...(await sound.endpoint(target, at)), headers: {} }),
      })),
      'a request arrives at the base URL with the credential, and its answer comes back',
    ],
    [
      'cannot be closed twice',
      acme(undefined, { close: closesOnce() }),
      'it can be closed twice, and set up again',
    ],
    [
      'accepts anything',
      (options) => acme()(options?.baseUrl === '' ? {} : options),
      'wrong options 1 are refused at provider-acme.baseUrl',
    ],
    [
      'refuses its own options',
      () => acme()({ baseUrl: '' }),
      'its options are accepted, and the plugin has a name for messages',
    ],
    [
      'never begins',
      () =>
        direct(
          (sound) => (request, emit, signal) =>
            sound(request, (event) => event.type !== 'start' && emit(event), signal),
        ),
      'come in order, with an end',
    ],
    [
      'never ends',
      () =>
        direct(
          (sound) => (request, emit, signal) =>
            sound(request, (event) => event.type !== 'end' && emit(event), signal),
        ),
      'come in order, with an end',
    ],
    [
      'talks on when nobody listens',
      () =>
        direct((sound) => (request, emit, signal) => {
          setTimeout(() => emit({ type: 'keep-alive' }), 5)
          return sound(request, emit, signal)
        }),
      'stop soon after the client has left',
    ],
    [
      'waits for ever when nobody listens',
      () =>
        direct((sound) => async (request, emit, signal) => {
          await sound(request, emit, signal)
          if (signal.aborted) await new Promise(() => {})
        }),
      'stop soon after the client has left',
    ],
  ])('one that %s', async (_, make, expected) => {
    expect(await failingChecks(providerChecks(suite(make)))).toContain(expected)
  })
})

function closesOnce(): () => void {
  let closed = 0
  return () => {
    if (closed++ > 0) throw new Error('it is closed')
  }
}
