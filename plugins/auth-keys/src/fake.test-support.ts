import {
  type AnyPlugin,
  type Context,
  type GatewayErrorData,
  type Host,
  type Key,
  type KeyRecord,
  type KeyStore,
  type ResolvedConfig,
  type Slots,
  toErrorData,
} from '@gantry/core'

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

/** A host that has at most a key store, and keeps the warnings. */
export function fakeHost(stores: { readonly keys?: KeyStore }): Host & { readonly warnings: string[] } {
  const warnings: string[] = []
  const all = <S extends keyof Slots>(slot: S): readonly Slots[S][] =>
    slot === 'keys' && stores.keys ? [stores.keys as Slots[S]] : []
  return {
    warnings,
    logger: { debug() {}, info() {}, warn: (message) => void warnings.push(message), error() {} },
    config,
    all,
    use(slot) {
      const [first] = all(slot)
      if (!first) throw new Error(`no ${slot}`)
      return first
    },
    price: () => [],
    task() {},
  }
}

/** Runs the auth hook of a plugin over a request with these headers. */
export async function ask(plugin: AnyPlugin, headers: Record<string, string>): Promise<Context> {
  const values = new Map<symbol, unknown>()
  const context: Context = {
    id: 'req_1',
    signal: new AbortController().signal,
    protocol: 'openai-chat',
    operation: 'generate',
    wire: {
      method: 'POST',
      path: '/chat/completions',
      params: {},
      headers: new Headers(headers),
      body: new Uint8Array(),
      json: () => ({}),
    },
    receivedAt: new Date(),
    get: <T>(key: Key<T>) => {
      if (!values.has(key.id)) throw new Error(`nobody wrote ${key.name}`)
      return values.get(key.id) as T
    },
    peek: <T>(key: Key<T>) => values.get(key.id) as T | undefined,
    set: (key, value) => void values.set(key.id, value),
    subrequest: async () => {
      throw new Error('not here')
    },
  }
  const hook = plugin.hooks?.auth
  const handler = typeof hook === 'function' ? hook : hook?.handler
  await handler?.(context)
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
