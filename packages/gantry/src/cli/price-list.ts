import {
  checkConfig,
  createGateway,
  group as groupKey,
  type GroupPlan,
  type Host,
  type Key,
  type ModelPlan,
  type PriceLine,
  type ResolvedConfig,
  type TokenBucket,
  type Usage,
} from '@gantry/core'
import { chargeOf, formatAmount, linesByAsset, tokenBuckets } from '@gantry/ledger'
import { silentLogger } from './logger.ts'
import { withoutSetup } from './still.ts'

/** A model as a key of one group sees it. */
export interface ListedModel {
  readonly group: string
  readonly model: string
  /** `provider/model`, in the order they are tried; only those the group may use. */
  readonly targets: readonly string[]
  /** By asset, after the group's ratio. Empty: no price, so a bill plugin refuses it. */
  readonly prices: readonly ListedPrice[]
}

/** Decimal strings of the asset. */
export interface ListedPrice {
  readonly asset: string
  readonly perCall: string
  readonly perMillionTokens: { readonly [bucket in TokenBucket]?: string }
}

const million = 1_000_000n

/**
 * What keys of these groups may ask for, where it goes and what it costs. Prices are asked of the pricing rules, so
 * rules of the config's own count too; a price that depends on more than the group and the first target is shown for a
 * request of one token of one kind, a million times: a request of a million tokens may have the price of a long input.
 */
export async function listModels(
  config: ResolvedConfig,
  groups: readonly string[],
): Promise<readonly ListedModel[]> {
  const blueprint = checkConfig(config)
  const prices = (plugin: object): boolean =>
    Boolean((plugin as { provides?: { pricing?: readonly unknown[] } }).provides?.pricing?.length)
  const gateway = await createGateway(withoutSetup(config, prices), { logger: silentLogger })
  try {
    const listed: ListedModel[] = []
    for (const name of groups) {
      const plan = blueprint.groups.get(name)
      if (!plan) continue
      for (const model of blueprint.models.values()) {
        const targets = targetsOf(model, plan)
        if (!plan.allows(model.name) || targets.length === 0) continue
        listed.push({
          group: name,
          model: model.name,
          targets: targets.map((target) => `${target.provider}/${target.model}`),
          prices: pricesOf(gateway.host, model.name, name, targets[0]),
        })
      }
    }
    return listed
  } finally {
    await gateway.close()
  }
}

// ---

function targetsOf(model: ModelPlan, { providers }: GroupPlan): ModelPlan['targets'] {
  return model.targets
    .filter((target) => !providers || providers.has(target.provider))
    .toSorted((one, other) => one.priority - other.priority)
}

function pricesOf(
  host: Host,
  model: string,
  group: string,
  target: ModelPlan['targets'][number] | undefined,
): readonly ListedPrice[] {
  const ask = (moment: 'reserve' | 'settle', tokens: Usage['tokens']): readonly PriceLine[] =>
    host.price({
      moment,
      operation: 'generate',
      model,
      ...(target && {
        target: { provider: target.provider, model: target.model, protocol: target.protocol ?? '' },
      }),
      usage: { tokens, source: 'estimated', final: true },
      at: new Date(),
      peek: <T>(key: Key<T>): T | undefined => (key.id === groupKey.id ? (group as T) : undefined),
    })
  if (ask('reserve', {}).length === 0) return []
  const call = charges(ask('settle', {}))
  const calls = charges(ask('settle', {}), million)
  const assets = new Map([...call].map(([asset]) => [asset, new Map<TokenBucket, bigint>()]))
  for (const bucket of tokenBuckets) {
    for (const [asset, charge] of charges(ask('settle', { [bucket]: 1 }), million)) {
      const own = assets.get(asset) ?? new Map<TokenBucket, bigint>()
      own.set(bucket, charge - (calls.get(asset) ?? 0n))
      assets.set(asset, own)
    }
  }
  return [...assets].map(([asset, buckets]) => ({
    asset,
    perCall: formatAmount(call.get(asset) ?? 0n),
    perMillionTokens: Object.fromEntries([...buckets].map(([bucket, nano]) => [bucket, formatAmount(nano)])),
  }))
}

/** What lines cost by asset; `times` is exact, before anything is rounded. */
function charges(lines: readonly PriceLine[], times: bigint = 1n): ReadonlyMap<string, bigint> {
  const scaled = lines.map((line) => ({ ...line, quantity: line.quantity * times }))
  return new Map([...linesByAsset(scaled)].map(([asset, own]) => [asset, chargeOf(own)]))
}
