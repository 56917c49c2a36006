import { expect } from 'vitest'
import { GatewayError, type ErrorClass, type GatewayErrorData, type Protocol } from '@gantry/core'
import { responseBytes, type CapturedExchange } from '../fixtures.ts'
import type { ProtocolCheck, ProtocolSuiteOptions } from './options.ts'

const requestId = 'req_conformance'

const classes: readonly ErrorClass[] = [
  'invalid_request',
  'context_length',
  'too_large',
  'unsupported',
  'content_policy',
  'authentication',
  'permission',
  'not_found',
  'conflict',
  'insufficient_funds',
  'rate_limited',
  'overloaded',
  'timeout',
  'cancelled',
  'upstream_failed',
  'upstream_truncated',
  'internal',
]

/** What an upstream may send instead of its own error envelope. */
const hostileBodies: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['a page', Buffer.from('<!doctype html><html><body>Bad gateway</body></html>')],
  ['half of a JSON body', Buffer.from('{"error":{"message":"the ser')],
  ['null', Buffer.from('null')],
  ['a string', Buffer.from('"nope"')],
  ['an array', Buffer.from('[{"error":1}]')],
  ['another shape', Buffer.from('{"detail":[{"msg":"no"}],"error":"flat"}')],
  [
    'fields of the wrong type',
    Buffer.from('{"error":{"message":{},"type":[],"code":7,"param":null},"type":"error"}'),
  ],
  ['keys of prototypes', Buffer.from('{"error":{"__proto__":{"message":"x"},"constructor":1}}')],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
  ['a megabyte', Buffer.alloc(1_000_000, 'x')],
]

const statuses: readonly number[] = [
  400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529,
]

/** Checks of both directions of errors that need no capture. */
export function errorChecks(protocol: Protocol, options: ProtocolSuiteOptions): readonly ProtocolCheck[] {
  const { server, client } = protocol
  const checks: ProtocolCheck[] = []
  if (server) {
    for (const name of classes) {
      checks.push({
        group: 'errors',
        name: `errors: ${name} has an envelope`,
        run: () => checkEncoded(server, name, options),
      })
    }
  }
  if (client) {
    for (const [what, body] of hostileBodies) {
      checks.push({
        group: 'errors',
        name: `errors: ${what} for a body is read as an error`,
        run() {
          for (const status of statuses) checkDecoded(client.decodeError(status, new Headers(), body), status)
        },
      })
    }
  }
  return checks
}

/** A recorded error response says what it is. */
export function recordedErrorChecks(
  group: string,
  { response }: CapturedExchange,
  protocol: Protocol,
): readonly ProtocolCheck[] {
  const { client } = protocol
  if (!client || response.status < 400) return []
  return [
    {
      group,
      name: 'error: status, class and message are read',
      run() {
        const error = client.decodeError(
          response.status,
          new Headers(response.headers),
          responseBytes(response),
        )
        checkDecoded(error, response.status)
        const text = new TextDecoder().decode(responseBytes(response))
        const firstWords = error.message.slice(0, 20)
        expect(unescaped(text), 'the message comes from the body').toContain(firstWords)
      },
    },
  ]
}

function checkEncoded(
  server: NonNullable<Protocol['server']>,
  name: ErrorClass,
  options: ProtocolSuiteOptions,
): void {
  const error: GatewayErrorData = new GatewayError({
    class: name,
    message: `The ${name} sentence.`,
    param: '/messages/0/content',
    retryAfterMs: 1_500,
  }).data
  const encoded = server.encodeError(error, { requestId })
  expect(encoded.status, 'status').toBeGreaterThanOrEqual(400)
  expect(encoded.status, 'status').toBeLessThan(600)
  const text = JSON.stringify(encoded.body)
  expect(text, 'the message is in the body').toContain(`The ${name} sentence.`)
  expect(text, 'the request id is in the body').toContain(requestId)
  for (const value of Object.values(encoded.headers ?? {})) expect(value, 'a header').not.toMatch(/[\r\n]/)
  options.errorShape?.(encoded, error, { requestId })
  checkNothingLeaks(server, error)
}

/** What an upstream said about itself goes to no client of another protocol. */
function checkNothingLeaks(server: NonNullable<Protocol['server']>, error: GatewayErrorData): void {
  const secret = 'sk-of-the-upstream'
  const foreign = {
    ...error,
    source: 'upstream' as const,
    provider: 'hidden-provider',
    native: { protocol: 'another-protocol', value: { error: { message: secret } } },
  }
  expect(
    JSON.stringify(server.encodeError(foreign, { requestId })),
    'native of another protocol',
  ).not.toContain(secret)
}

function checkDecoded(error: GatewayErrorData, status: number): void {
  expect(classes, `class for status ${status}`).toContain(error.class)
  expect(error.source).toBe('upstream')
  expect(typeof error.retryable).toBe('boolean')
  expect(typeof error.message === 'string' && error.message !== '', 'a message').toBe(true)
  expect(error.message.length, 'length of the message').toBeLessThanOrEqual(10_000)
  expect(expected(status), `class for status ${status}`).toContain(error.class)
}

/** Classes that a status can mean; the body may say more than the status. */
function expected(status: number): readonly ErrorClass[] {
  switch (status) {
    case 401:
      return ['authentication']
    case 402:
      return ['insufficient_funds']
    case 403:
      return ['permission', 'authentication', 'insufficient_funds', 'content_policy']
    case 404:
      return ['not_found']
    case 408:
    case 504:
      return ['timeout']
    case 409:
      return ['conflict']
    case 413:
      return ['too_large', 'context_length']
    case 429:
      return ['rate_limited', 'insufficient_funds', 'overloaded']
    case 503:
    case 529:
      return ['overloaded', 'upstream_failed']
    case 500:
    case 502:
      return ['upstream_failed', 'internal', 'overloaded']
    default:
      return [
        'invalid_request',
        'unsupported',
        'context_length',
        'content_policy',
        'insufficient_funds',
        'not_found',
        'too_large',
      ]
  }
}

/** JSON text with its escapes resolved, roughly: enough to find a message in it. */
function unescaped(text: string): string {
  return text.replaceAll('\\"', '"').replaceAll('\\n', '\n').replaceAll('\\\\', '\\')
}
