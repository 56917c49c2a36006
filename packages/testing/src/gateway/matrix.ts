import { afterEach, describe } from 'vitest'
import type { GatewayConfig } from '@gantry/core'
import {
  createTestGateway,
  type TestGateway,
  type TestGatewayOptions,
  type Transport,
} from './test-gateway.ts'

/** Makes a gateway on the transport under test; it is closed after the test. */
export type MakeTestGateway = <R extends string, M extends string, G extends string>(
  config: GatewayConfig<R, M, G>,
  options?: Omit<TestGatewayOptions, 'transport'>,
) => Promise<TestGateway>

/** Registers the same tests twice: over `gateway.fetch` in process, and over a real port. */
export function describeMatrix(
  name: string,
  tests: (make: MakeTestGateway, transport: Transport) => void,
): void {
  describe.each<Transport>(['process', 'socket'])(`${name} (%s)`, (transport) => {
    let open: TestGateway[] = []
    afterEach(async () => {
      const made = open
      open = []
      await Promise.all(made.map((gateway) => gateway.close()))
    })
    tests(async (config, options) => {
      const gateway = await createTestGateway(config, { ...options, transport })
      open.push(gateway)
      return gateway
    }, transport)
  })
}
