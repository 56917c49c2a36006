import simulator from '@gantry/provider-simulator'
import pricingTokens from '@gantry/pricing-tokens'
import routeFailover from '@gantry/route-failover'
import type { RequestTrace } from '@gantry/core'
import { expect, it } from 'vitest'
import { compose } from '../support/compose.ts'

it('a converted, failed-over request shows every moment, what went out, and why', async () => {
  const traces: RequestTrace[] = []
  const composed = await compose({
    plugins: [routeFailover(), pricingTokens()],
    hooks: {
      auth: () => {},
      'bill.reserve': (context) => void context.bound(),
      'transform.request': (context) => context.replace({ ...context.request, maxOutputTokens: 77 }),
      'transform.event': () => (event) => event,
      'bill.observe': () => {},
      'bill.settle': () => {},
    },
    config: {
      providers: {
        dead: simulator({ apiKey: 'canary-key-of-a-provider', deadKeys: ['canary-key-of-a-provider'] }),
        claude: simulator({ speaks: 'anthropic-messages' }),
      },
      models: { m: { to: ['dead/x', 'claude/y'], price: { input: '1', output: '2' }, maxOutputTokens: 100 } },
    },
    gateway: { trace: (one) => void traces.push(one) },
  })
  try {
    const response = await composed.chat({
      model: 'm',
      seed: 1,
      stream: true,
      messages: [{ role: 'user', content: 'say traced' }],
    })
    expect(await response.text()).toContain('[DONE]')
    await expect.poll(() => traces.length).toBe(1)
    const [trace] = traces
    const moments = new Set(
      trace!.entries.map((entry) => (entry.kind === 'hook' ? entry.moment : entry.kind)),
    )
    expect([...moments].toSorted()).toEqual(
      [
        'auth',
        'route',
        'bill.reserve',
        'transform.request',
        'transform.event',
        'upstream-request',
        'bill.observe',
        'route.outcome',
        'bill.settle',
        'log',
      ].toSorted(),
    )
    expect(trace!.attempts.map((one) => [one.target.provider, one.error?.split(':')[0]])).toEqual([
      ['dead', 'authentication'],
      ['claude', undefined],
    ])
    const [first, second] = trace!.entries.filter((entry) => entry.kind === 'upstream-request')
    expect(first).toMatchObject({ target: { provider: 'dead' }, headers: { authorization: '****' } })
    expect(second?.body).toContain('"max_tokens":77')
    expect(second?.spliced).toBe(false)
    expect(trace!.client.body).toContain('say traced')
    const changed = trace!.entries.flatMap((entry) => (entry.kind === 'hook' ? entry.changed : []))
    expect(changed.join('\n')).toContain('request.maxOutputTokens: nothing → 77')
    expect(trace!.targets.every((target) => target.why !== undefined)).toBe(true)
    expect(trace!.losses.map((loss) => loss.what)).toContain('sampling.seed')
    expect(trace!.lines.map((line) => line.item)).toEqual(['input', 'output'])
    expect(
      JSON.stringify(trace, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('canary-key')
  } finally {
    await composed.close()
  }
})
