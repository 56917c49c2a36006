import type { KeyRecord } from '@gantry/core'
import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import type { StoreSubject } from './subject.ts'

/** What any key store has to do. */
export function keysSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('keys', () => {
    it('finds a key by its hash, whole, right after it was created', async () => {
      const { keys } = store()
      const record = {
        ...recordOf('k1'),
        name: 'laptop',
        expiresAt: 99,
        limits: { rpm: 5 },
        lastFour: 'wxyz',
      }
      const created = keys.create(record, 'hash-1')
      expect(await keys.find('hash-1')).toEqual(record)
      await created
      expect(await keys.find('hash-2')).toBeUndefined()
    })

    it('refuses an id or hash that exists', async () => {
      const { keys } = store()
      await keys.create(recordOf('k1'), 'hash-1')
      await expect(Promise.resolve(keys.create(recordOf('k1'), 'hash-2'))).rejects.toMatchObject({
        data: { class: 'conflict', code: 'key_exists' },
      })
      await expect(Promise.resolve(keys.create(recordOf('k2'), 'hash-1'))).rejects.toThrow('exists')
      expect(await keys.find('hash-2')).toBeUndefined()
    })

    it('revokes, and says whether there was such a key', async () => {
      const { keys } = store()
      await keys.create(recordOf('k1'), 'hash-1')
      expect(await keys.revoke('k1')).toBe(true)
      expect(await keys.find('hash-1')).toMatchObject({ id: 'k1', disabled: true })
      expect(await keys.revoke('k1')).toBe(true)
      expect(await keys.revoke('k9')).toBe(false)
    })

    it('lists page by page, each key once', async () => {
      const { keys } = store()
      for (const id of ['k3', 'k1', 'k5', 'k2', 'k4']) await keys.create(recordOf(id), `hash-${id}`)
      const first = await keys.list({ limit: 2 })
      expect(first.items.map(({ id }) => id)).toEqual(['k1', 'k2'])
      const second = await keys.list({ limit: 2, ...(first.next && { after: first.next }) })
      const third = await keys.list({ limit: 2, ...(second.next && { after: second.next }) })
      expect([...second.items, ...third.items].map(({ id }) => id)).toEqual(['k3', 'k4', 'k5'])
      expect(third.next).toBeUndefined()
    })
  })
}

function recordOf(id: string): KeyRecord {
  return { id, account: 'ann', group: 'g1', disabled: false }
}
