import type { AnyPlugin } from '@gantry/core'
import { collectChecks, registerChecks, type Check, type Registrar } from '../suite/check.ts'
import { countersSuite } from './counters-suite.ts'
import { keysSuite } from './keys-suite.ts'
import { kvSuite } from './kv-suite.ts'
import { ledgerSuite } from './ledger-suite.ts'
import { settledSuite } from './settled-suite.ts'
import { openStore, type StoreCapability, type StoreSubject } from './subject.ts'
import { transferSuite } from './transfer-suite.ts'
import { usageSuite } from './usage-suite.ts'

/** What a store is tested for. */
export interface StoreSuiteOptions {
  /** What it has to provide; keys, kv, ledger and usage by default. More than these is a failure: nothing goes untested. */
  readonly capabilities?: readonly StoreCapability[]
}

/**
 * The conformance suite of a store, one vitest test a check. `create` makes an empty one for each of them.
 * Call it at the top level of a test file: `testStore('memory', () => memory())`.
 */
export function testStore(
  name: string,
  create: () => AnyPlugin | Promise<AnyPlugin>,
  options: StoreSuiteOptions = {},
): void {
  registerChecks(`store ${name}`, storeChecks(create, options))
}

/** The checks that `testStore` registers, for another runner or to try the suite itself. A check rejects when its rule is broken. */
export function storeChecks(
  create: () => AnyPlugin | Promise<AnyPlugin>,
  { capabilities = ['keys', 'kv', 'ledger', 'usage'] }: StoreSuiteOptions = {},
): readonly Check[] {
  let open: StoreSubject | undefined
  const store = (): StoreSubject => {
    if (!open) throw new Error('the store is not open')
    return open
  }
  const checks = collectChecks((registrar) => {
    pluginSuite(registrar, store, capabilities)
    if (capabilities.includes('keys')) keysSuite(registrar, store)
    if (capabilities.includes('kv')) kvSuite(registrar, store)
    if (capabilities.includes('counters')) countersSuite(registrar, store)
    if (capabilities.includes('ledger')) {
      transferSuite(registrar, store)
      ledgerSuite(registrar, store)
    }
    if (capabilities.includes('usage')) usageSuite(registrar, store)
    if (capabilities.includes('ledger') && capabilities.includes('usage')) settledSuite(registrar, store)
  })
  return checks.map((check) => ({
    ...check,
    async run() {
      const subject = await openStore(await create())
      open = subject
      try {
        await check.run()
      } finally {
        await subject.close()
        open = undefined
      }
    },
  }))
}

function pluginSuite(
  { describe, it }: Registrar,
  store: () => StoreSubject,
  capabilities: readonly StoreCapability[],
): void {
  describe('plugin', () => {
    it('provides what it is tested for, and nothing else', () => {
      const { provides } = store()
      const missing = capabilities.filter((slot) => !provides.includes(slot))
      const untested = provides.filter((slot) => !capabilities.includes(slot))
      if (missing.length > 0) throw new Error(`It provides no ${missing.join(', no ')}.`)
      if (untested.length > 0)
        throw new Error(`It also provides ${untested.join(', ')}: name it in \`capabilities\`.`)
    })

    it('closes twice without a word', async () => {
      await store().close()
      await store().close()
    })
  })
}
