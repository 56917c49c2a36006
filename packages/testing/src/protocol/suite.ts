import { describe, it } from 'vitest'
import type { Protocol } from '@gantry/core'
import { loadFixtures, type Capture } from '../fixtures.ts'
import { errorChecks, recordedErrorChecks } from './check-errors.ts'
import { relayChecks, streamChecks } from './check-stream.ts'
import { otherChecks, requestChecks, responseChecks } from './check-whole.ts'
import type { ProtocolCheck, ProtocolException, ProtocolSuiteOptions } from './options.ts'
import { subjectOf } from './subject.ts'

/** Split checks decode a stream hundreds of times. */
const timeoutMs = 60_000

/**
 * The conformance suite of a protocol: registers one vitest test for every check of every capture.
 * Round trips through both ends, streams split everywhere, order of events, errors, usage, the tap of the relay.
 * What an end does not have is not checked: a protocol with a client end only has no round trips.
 */
export function testProtocol(protocol: Protocol, options: ProtocolSuiteOptions): void {
  const groups = Map.groupBy(protocolChecks(protocol, options), ({ group }) => group)
  describe(`protocol ${protocol.name}`, () => {
    for (const [group, checks] of groups) {
      describe(`${group}`, () => {
        for (const check of checks) it(`${check.name}`, { timeout: timeoutMs }, () => check.run())
      })
    }
  })
}

/** The checks that `testProtocol` runs, for another runner or to try the suite itself. */
export function protocolChecks(protocol: Protocol, options: ProtocolSuiteOptions): readonly ProtocolCheck[] {
  const captures = capturesOf(options)
  const found = captures.flatMap((capture) => captureChecks(capture, protocol, options))
  const exceptions = options.except ?? []
  const used = new Set<ProtocolException>()
  const kept = found.filter((check) => {
    const exception = exceptions.find((item) => isExcept(item, check))
    if (exception) used.add(exception)
    return !exception
  })
  return [
    ...kept,
    ...errorChecks(protocol, options),
    {
      group: 'suite',
      name: 'there is something to check, and every exception is still one',
      run() {
        if (kept.length === 0) throw new Error(`No capture of "${options.rules.captures}" can be checked.`)
        const stale = exceptions.filter((item) => !used.has(item)).map(({ capture }) => capture)
        if (stale.length > 0) throw new Error(`Exceptions that match nothing: ${stale.join(', ')}.`)
      },
    },
  ]
}

function captureChecks(
  capture: Capture,
  protocol: Protocol,
  options: ProtocolSuiteOptions,
): readonly ProtocolCheck[] {
  return capture.exchanges.flatMap((exchange, index) => {
    if (exchange.protocol !== options.rules.captures) return []
    const name = index === 0 ? capture.name : `${capture.name}#${index}`
    const operation = options.rules.operation(exchange)
    if (operation === undefined) return []
    const subject = subjectOf(name, exchange, operation, protocol, options)
    return [
      ...requestChecks(subject),
      ...responseChecks(subject),
      ...streamChecks(subject),
      ...relayChecks(subject),
      ...otherChecks(subject),
      ...recordedErrorChecks(name, exchange, protocol),
    ]
  })
}

function isExcept({ capture, checks }: ProtocolException, check: ProtocolCheck): boolean {
  const isNamed = check.group === capture || check.group.startsWith(`${capture}#`)
  return isNamed && (checks === undefined || checks.includes(check.name))
}

function capturesOf({ fixtures }: ProtocolSuiteOptions): readonly Capture[] {
  return typeof fixtures === 'string' || fixtures instanceof URL ? loadFixtures(fixtures) : fixtures
}
