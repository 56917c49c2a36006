import { account, type GenerateRequest, group, key, type SettleContext } from '@gantry/core'
import { captureContext } from '@gantry/testing'
import { charge } from './record.ts'

/** A request that is over: billed, converted, on its second attempt. */
export function settled(
  change: Partial<SettleContext> = {},
  charged: bigint | undefined = 1_234_500n,
): SettleContext {
  const first = { provider: 'one', protocol: 'chat', model: 'large', credential: 1 }
  const second = { provider: 'two', protocol: 'messages', model: 'large' }
  const request: GenerateRequest = { model: 'large', stream: true, turns: [] }
  const captured = captureContext({ id: 'r-1', protocol: 'chat', model: 'large', request })
  captured.context.set(account, 'acme')
  captured.context.set(group, 'vip')
  captured.context.set(key, { id: 'key_1', account: 'acme', group: 'vip', name: 'laptop', disabled: false })
  if (charged !== undefined) captured.context.set(charge, charged)
  return captured.settle({
    clientRequestId: 'c-1',
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
    ...change,
  })
}
