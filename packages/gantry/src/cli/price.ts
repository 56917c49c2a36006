import {
  checkConfig,
  ConfigError,
  didYouMean,
  type Operation,
  type TokenBucket,
  type Usage,
} from '@gantry/core'
import { UserError } from '../user-error.ts'
import { type Command, command, configArgs, jsonArgs, wholeNumber } from './command.ts'
import { notice } from './notice.ts'
import { type Quote, type QuoteLine, quoteRequest } from './price-quote.ts'
import { print, printJson, table } from './print.ts'
import { openSession } from './session.ts'

/** Flag, bucket and what it says in the help; buckets are disjoint. */
const counts = [
  ['in', 'input', 'input tokens, without those that another flag counts'],
  ['cached', 'cache_read', 'input tokens read from a cache'],
  ['cache-write', 'cache_write', 'input tokens written to a cache'],
  ['cache-write-1h', 'cache_write_1h', 'input tokens written to a cache for an hour'],
  ['in-audio', 'input_audio', 'audio tokens in'],
  ['in-image', 'input_image', 'image tokens in'],
  ['in-tool', 'input_tool', 'input tokens of tools the provider ran'],
  ['out', 'output', 'output tokens, without those that another flag counts'],
  ['reasoning', 'reasoning', 'output tokens of thinking'],
  ['out-audio', 'output_audio', 'audio tokens out'],
  ['out-image', 'output_image', 'image tokens out'],
] as const satisfies readonly (readonly [string, TokenBucket, string])[]

type CountFlag = (typeof counts)[number][0]
interface CountArg {
  readonly type: 'string'
  readonly description: string
  readonly valueHint: string
}

const countArgs = Object.fromEntries(
  counts.map(([flag, , description]) => [flag, { type: 'string', description, valueHint: 'count' }]),
) as { [flag in CountFlag]: CountArg }

const operations: readonly Operation[] = ['generate', 'embed', 'compact', 'countTokens']

/** `gantry price`: what a request would cost, line by line, by the rules of the config. */
const price: Command = command({
  name: 'price',
  description: 'explain what a request of a model costs, line by line',
  args: {
    model: { type: 'positional', description: 'a model of the config', required: true },
    ...countArgs,
    unit: {
      type: 'string',
      description: 'things counted one by one: web_search=2,image=1',
      valueHint: 'name=count',
    },
    group: {
      type: 'string',
      alias: 'g',
      description: 'who asks; the defaultGroup if left out',
      valueHint: 'name',
    },
    tier: { type: 'string', description: 'service tier that serves it, like batch', valueHint: 'name' },
    operation: { type: 'string', description: `${operations.join(', ')} (generate)`, valueHint: 'name' },
    at: {
      type: 'string',
      description: 'when it arrives, an ISO time with its zone (now)',
      valueHint: 'time',
    },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const flags: { readonly [name: string]: unknown } = args
    const usage = readUsage(flags)
    const at = readTime(args.at)
    const operation = oneOf('operation', args.operation ?? 'generate', operations)
    const { config } = await openSession(args)
    const blueprint = checkConfig(config)
    if (blueprint.problems.some((problem) => problem.severity === 'error')) {
      throw new ConfigError(blueprint.problems)
    }
    const model = known('model', args.model, [...blueprint.models.keys()])
    const groups = [...blueprint.groups.keys()]
    const group = known('group', args.group ?? config.defaultGroup ?? groups[0] ?? '', groups)
    const quote = await quoteRequest(config, { model, group, operation, usage, at })
    if (args.json) return printJson(quote)
    printQuote(quote)
    if (!blueprint.groups.get(group)?.allows(model)) {
      notice.warn(`The group "${group}" may not use "${model}".`)
    }
  },
})

export default price

// ---

function printQuote({ model, group, priced, lines, totals }: Quote): void {
  if (!priced) {
    print(`${model} has no price for group ${group}.`)
    notice.info('A bill plugin refuses its requests.')
    return
  }
  const head = ['RULE', 'ITEM', 'QUANTITY', 'EACH', 'RATIO', 'COST', 'ASSET', 'NOTE']
  for (const line of table(head, lines.map(cells))) print(line)
  print()
  for (const { asset, exact, charge } of totals) {
    print(
      `${model} for group ${group} costs ${charge} ${asset}${exact === charge ? '' : `, rounded up from ${exact}`}`,
    )
  }
}

function cells({
  rule,
  item,
  quantity,
  unitPrice,
  ratios,
  cost,
  asset,
  model,
  note,
}: QuoteLine): readonly string[] {
  const about = [model, note].filter((one) => one !== undefined)
  return [rule, item, quantity, unitPrice, ratios.join(' × ') || '-', cost, asset, about.join(': ')]
}

function readUsage(flags: { readonly [name: string]: unknown }): Usage {
  const tokens: { [bucket in TokenBucket]?: number } = {}
  for (const [flag, bucket] of counts) {
    const count = wholeNumber(flag, text(flags[flag]), { min: 0, max: 1_000_000_000_000 })
    if (count !== undefined) tokens[bucket] = count
  }
  const tier = text(flags['tier'])
  const units = readUnits(text(flags['unit']))
  return {
    tokens,
    ...(units && { units }),
    ...(tier !== undefined && { serviceTier: tier }),
    source: 'upstream',
    final: true,
  }
}

function readUnits(list: string | undefined): Usage['units'] {
  if (list === undefined) return undefined
  const units = new Map<string, number>()
  for (const part of list.split(',')) {
    const [, name = '', count = ''] = /^([^=]+)=(.*)$/.exec(part.trim()) ?? []
    if (name === '') {
      throw new UserError({ message: `--unit is a list like web_search=2,image=1, not "${list}".` })
    }
    const value = wholeNumber(`unit ${name}`, count, { min: 0, max: 1_000_000_000 }) ?? 0
    units.set(name, (units.get(name) ?? 0) + value)
  }
  return Object.fromEntries(units)
}

/** A time without a zone would be that of whoever's machine this is, so it is refused. */
function readTime(given: string | undefined): Date {
  if (given === undefined) return new Date()
  const at = new Date(given)
  if (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(given) &&
    !Number.isNaN(at.getTime())
  )
    return at
  throw new UserError({
    message: `--at is an ISO time with its zone, like 2027-01-31T18:00Z, not "${given}".`,
  })
}

function known(what: string, name: string, names: readonly string[]): string {
  if (names.includes(name)) return name
  throw new UserError({ message: `There is no ${what} "${name}".`, fix: didYouMean(name, names) })
}

function oneOf<T extends string>(flag: string, given: string, all: readonly T[]): T {
  const found = all.find((one) => one === given)
  if (found !== undefined) return found
  throw new UserError({ message: `--${flag} is one of ${all.join(', ')}, not "${given}".` })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
