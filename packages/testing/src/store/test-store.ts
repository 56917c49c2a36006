import type { AnyPlugin } from '@gantry/core'
import { afterEach, beforeEach, describe } from 'vitest'
import { keysSuite } from './keys-suite.ts'
import { kvSuite } from './kv-suite.ts'
import { ledgerSuite } from './ledger-suite.ts'
import { openStore, type StoreSubject } from './subject.ts'
import { transferSuite } from './transfer-suite.ts'
import { usageSuite } from './usage-suite.ts'

/**
 * The conformance suite of a store that provides keys, ledger, usage and kv. `create` makes an empty one for each test.
 * Call it at the top level of a test file: `testStore('memory', () => memory())`.
 */
export function testStore(name: string, create: () => AnyPlugin | Promise<AnyPlugin>): void {
  describe(`store ${name}`, () => {
    let subject: StoreSubject | undefined
    const store = (): StoreSubject => {
      if (!subject) throw new Error('the store is not open')
      return subject
    }
    beforeEach(async () => {
      subject = await openStore(await create())
    })
    afterEach(async () => {
      await subject?.close()
      subject = undefined
    })
    keysSuite(store)
    kvSuite(store)
    transferSuite(store)
    ledgerSuite(store)
    usageSuite(store)
  })
}
