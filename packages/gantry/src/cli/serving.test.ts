import { describe, expect, it } from 'vitest'
import { listenOptions } from './serving.ts'

describe('listenOptions', () => {
  it('take the address from the flag before the config', () => {
    expect(listenOptions(undefined, undefined)).toEqual({ host: '127.0.0.1' })
    expect(listenOptions({ host: '0.0.0.0', drainTimeoutMs: 5 }, undefined)).toEqual({
      host: '0.0.0.0',
      drainTimeoutMs: 5,
    })
    expect(listenOptions({ host: '0.0.0.0' }, '::1')).toEqual({ host: '::1' })
  })

  it('count no connections of a proxy that is trusted: every client comes over it', () => {
    expect(listenOptions({ trustedProxies: ['10.0.0.0/8'] }, undefined)).toEqual({
      host: '127.0.0.1',
      limits: { uncountedAddresses: ['loopback', '10.0.0.0/8'] },
    })
  })
})
