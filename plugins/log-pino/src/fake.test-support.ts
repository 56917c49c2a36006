import { account, group, key, type Key, type SettleContext } from '@gantry/core'
import { charge } from './record.ts'

/** A request that is over: billed, converted, on its second attempt. */
export function settled(
  change: Partial<SettleContext> = {},
  charged: bigint | undefined = 1_234_500n,
): SettleContext {
  const values = new Map<symbol, unknown>([
    [account.id, 'acme'],
    [group.id, 'vip'],
    [key.id, { id: 'key_1', account: 'acme', group: 'vip', name: 'laptop', disabled: false }],
    [charge.id, charged],
  ])
  const first = { provider: 'one', protocol: 'chat', model: 'large', credential: 1 }
  const second = { provider: 'two', protocol: 'messages', model: 'large' }
  const context: Partial<SettleContext> = {
    id: 'r-1',
    clientRequestId: 'c-1',
    protocol: 'chat',
    operation: 'generate',
    model: 'large',
    stream: true,
    status: 200,
    relayed: false,
    outcome: 'completed',
    target: second,
    usage: {
      tokens: { input: 10, cache_read: 4, output: 20, reasoning: 5 },
      source: 'upstream',
      final: true,
    },
    finish: { reason: 'stop' },
    attempts: [
      {
        target: first,
        error: { class: 'overloaded', status: 503, message: 'busy', retryable: true, source: 'upstream' },
        ms: 12.345,
      },
      { target: second, ms: 800 },
    ],
    losses: [{ pointer: '/seed', what: 'sampling.seed', how: 'dropped', target: 'messages' }],
    lines: [],
    ms: 812.345,
    firstOutputMs: 120.04,
    peek: <T>(wanted: Key<T>): T | undefined => values.get(wanted.id) as T | undefined,
    ...change,
  }
  return context as SettleContext
}
