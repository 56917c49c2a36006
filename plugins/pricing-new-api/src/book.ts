import { compileGlob, type Glob, type TokenBucket } from '@gantry/core'
import { tokenBuckets } from '@gantry/ledger'
import { type Exact, linePrice, type LinePrice, readExact, times } from './exact.ts'
import { familyRatio } from './families.ts'
import type { Entries, Imported } from './import.ts'

/** Price of one bucket with what it was made of, for the bill. */
export interface BucketPrice extends LinePrice {
  readonly note: string
}

/** What a model costs before its group. */
export type ModelBook =
  | { readonly call: BucketPrice }
  | { readonly buckets: { readonly [bucket in TokenBucket]: BucketPrice }; readonly assumed: boolean }

/** Ratios of an import, ready to be looked up. */
export interface Book {
  /** Undefined: no price. The answer is remembered, because patterns are tried one by one. */
  model(name: string): ModelBook | undefined
  /** USD per call of a tool; undefined: none. */
  tool(name: string, model: string): LinePrice | undefined
  /** Factors in parts per million; none for a group of ratio 1. */
  group(using: string | undefined, own: string | undefined): readonly bigint[]
}

/** Pico-dollars per token at a model ratio of 1: 2 USD per million. */
const picoPerToken = 2_000_000n
const picoPerDollar = 10n ** 12n
const one = readExact(1)
const fiveMinutes = readExact(1.25)
/** One hour of cache costs 6/3.75 of five minutes. */
const hourOfCache = readExact(1.6)

/** USD per thousand calls where the import says nothing (new-api's own defaults). */
const toolDefaults: ReadonlyMap<string, Exact> = new Map(
  Object.entries({
    web_search: 10,
    web_search_preview: 10,
    'web_search_preview:gpt-4o*': 25,
    'web_search_preview:gpt-4.1*': 25,
    file_search: 2.5,
    google_search: 14,
    image_generation: 150,
  }).map(([name, price]) => [name, readExact(price)]),
)

/** Names asked for come from the config's models, so the memory is bounded by them; this is for the rest. */
const mostRemembered = 10_000

/** Makes the book of an import. */
export function createBook({ tables, groups }: Imported): Book {
  const remembered = new Map<string, ModelBook | undefined>()
  const find = Object.fromEntries(
    Object.entries(tables).map(([name, entries]) => [name, finder(entries)]),
  ) as {
    readonly [name in keyof typeof tables]: (model: string) => Exact | undefined
  }
  const make = (model: string): ModelBook | undefined => {
    const fixed = find.model_price(model)
    if (fixed) return { call: { ...linePrice(fixed, picoPerDollar), note: 'price per request' } }
    const ratio = find.model_ratio(model)
    if (!ratio) return undefined
    const named = find.completion_ratio(model) ?? familyRatio(model)
    const completion: Factor = ['completion', named ?? one]
    const create: Factor = ['cache creation', find.create_cache_ratio(model) ?? fiveMinutes]
    const audioIn = find.audio_ratio(model)
    const audioOut = find.audio_completion_ratio(model)
    const audio: Factor = ['audio', audioIn ?? one]
    const factors: { readonly [bucket in TokenBucket]?: readonly Factor[] } = {
      input_image: [['image', find.image_ratio(model) ?? one]],
      input_audio: [audio],
      cache_read: [['cache', find.cache_ratio(model) ?? one]],
      cache_write: [create],
      cache_write_1h: [create, ['an hour', hourOfCache]],
      output: [completion],
      output_image: [completion],
      reasoning: [completion],
      // Without audio ratios new-api counts sound as text.
      output_audio: audioIn || audioOut ? [audio, ['audio completion', audioOut ?? one]] : [completion],
    }
    const buckets = Object.fromEntries(
      tokenBuckets.map((bucket) => {
        const all: readonly Factor[] = [['model', ratio], ...(factors[bucket] ?? [])]
        const price = linePrice(times(...all.map(([, factor]) => factor)), picoPerToken)
        return [
          bucket,
          { ...price, note: `ratio ${all.map(([name, value]) => `${name} ${shown(value)}`).join(' × ')}` },
        ]
      }),
    ) as { readonly [bucket in TokenBucket]: BucketPrice }
    return { buckets, assumed: named === undefined }
  }
  return {
    model(name) {
      if (remembered.has(name)) return remembered.get(name)
      const made = make(name)
      if (remembered.size < mostRemembered) remembered.set(name, made)
      return made
    },
    tool(name, model) {
      const price = toolPrice(tables.tool_price, name, model) ?? toolPrice(toolDefaults, name, model)
      return price && linePrice(price, picoPerDollar / 1000n)
    },
    group(using = '', own) {
      const ratio =
        (own === undefined ? undefined : groups.get(own)?.get(using)) ?? tables.group_ratio.get(using)
      return ratio === undefined ? [] : factorsOf(ratio)
    },
  }
}

// ---

type Factor = readonly [name: string, value: Exact]

/** Exact names first, then patterns, the longest first. */
function finder(entries: Entries): (name: string) => Exact | undefined {
  const patterns = [...entries]
    .filter(([name]) => name.includes('*'))
    .toSorted(([left], [right]) => right.length - left.length)
    .map(([name, value]): [Glob, Exact] => [compileGlob(name), value])
  return (name) => entries.get(name) ?? patterns.find(([glob]) => glob(name))?.[1]
}

/** `tool:model`, else the longest `tool:begin*`, else `tool`. */
function toolPrice(prices: Entries, tool: string, model: string): Exact | undefined {
  const exact = prices.get(`${tool}:${model}`)
  if (exact) return exact
  for (let length = model.length; length > 0; length--) {
    const found = prices.get(`${tool}:${model.slice(0, length)}*`)
    if (found) return found
  }
  return prices.get(tool)
}

/** A group's ratio in parts per million; finer ones as several factors. */
function factorsOf(ratio: Exact): readonly bigint[] {
  const { unitPrice, ratios } = linePrice(ratio, 1_000_000n)
  return unitPrice === 1_000_000n && ratios.length === 0 ? [] : [unitPrice, ...ratios]
}

function shown({ digits, decimals }: Exact): string {
  const text = String(digits).padStart(decimals + 1, '0')
  const fraction = text.slice(text.length - decimals).replace(/0+$/, '')
  return decimals === 0 || fraction === ''
    ? text.slice(0, text.length - decimals)
    : `${text.slice(0, text.length - decimals)}.${fraction}`
}
