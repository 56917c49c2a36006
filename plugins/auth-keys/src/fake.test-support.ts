import {
  type AnyPlugin,
  type Context,
  type GatewayErrorData,
  type KeyRecord,
  type KeyStore,
  type ResolvedConfig,
  toErrorData,
} from '@gantry/core'
import { captureContext, createFakeHost, type FakeHost, runHook } from '@gantry/testing'

/** A config with two groups. */
export const config: ResolvedConfig = {
  providers: {},
  models: {},
  groups: { standard: { models: ['*'] }, vip: { models: ['*'] } },
  store: { name: 'fake', provides: { keys: [] } },
}

/** A key store in a map, which counts its look-ups. */
export interface FakeKeys extends KeyStore {
  records: Map<string, KeyRecord>
  asked: number
  find(hash: string): Promise<KeyRecord | undefined>
}

/** Makes a key store in a map. */
export function fakeKeys(): FakeKeys {
  const records = new Map<string, KeyRecord>()
  const store: FakeKeys = {
    name: 'fake',
    records,
    asked: 0,
    async find(hash) {
      store.asked++
      return records.get(hash)
    },
    create: async (record, hash) => void records.set(hash, record),
    async revoke(id) {
      for (const [hash, record] of records) {
        if (record.id !== id) continue
        records.set(hash, { ...record, disabled: true })
        return true
      }
      return false
    },
    list: async () => ({ items: [...records.values()] }),
  }
  return store
}

/** A host that has at most a key store. */
export function fakeHost(stores: { readonly keys?: KeyStore }): FakeHost {
  const plugins = stores.keys ? [{ name: 'store-fake', provides: { keys: [stores.keys] } }] : []
  return createFakeHost({ config, plugins })
}

/** Runs the auth hook of a plugin over a request with these headers. */
export async function ask(plugin: AnyPlugin, headers: Record<string, string>): Promise<Context> {
  const { context } = captureContext({ headers })
  await runHook(plugin, 'auth', context)
  return context
}

/** What an attempt failed with. */
export async function failure(attempt: Promise<unknown>): Promise<GatewayErrorData> {
  try {
    await attempt
  } catch (error) {
    return toErrorData(error)
  }
  throw new Error('it was let in')
}
