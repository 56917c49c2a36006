import { checkConfig, ConfigError, didYouMean } from '@gantry/core'
import { UserError } from '../user-error.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { notice } from './notice.ts'
import { type ListedModel, type ListedPrice, listModels } from './price-list.ts'
import { print, printJson, table } from './print.ts'
import { openSession } from './session.ts'

/** `gantry models`: what a key of a group may ask for, where it goes, and what it costs after the group's ratio. */
const models: Command = command({
  name: 'models',
  description: 'list the models of a group with their targets and prices',
  args: {
    group: { type: 'string', alias: 'g', description: 'only this group (all)', valueHint: 'name' },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const { config } = await openSession(args)
    const blueprint = checkConfig(config)
    if (blueprint.problems.some((problem) => problem.severity === 'error')) {
      throw new ConfigError(blueprint.problems)
    }
    const names = [...blueprint.groups.keys()]
    if (args.group !== undefined && !names.includes(args.group)) {
      throw new UserError({
        message: `There is no group "${args.group}".`,
        fix: didYouMean(args.group, names),
      })
    }
    const listed = await listModels(config, args.group === undefined ? names : [args.group])
    if (args.json) return printJson(listed)
    if (listed.length === 0) return notice.info('No model is open to it.')
    for (const line of modelLines(listed)) print(line)
    notice.info('Prices are per million tokens, after the ratio of the group.')
  },
})

export default models

/** The list for people: one line for each model, asset and group. */
export function modelLines(listed: readonly ListedModel[]): readonly string[] {
  return table(
    ['GROUP', 'MODEL', 'TARGETS', 'INPUT', 'CACHE READ', 'CACHE WRITE', 'OUTPUT', 'CALL', 'ASSET', 'ALSO'],
    listed.flatMap(({ group, model, targets, prices }) => {
      const start = [group, model, targets.join(', ')]
      if (prices.length === 0) return [[...start, 'no price']]
      return prices.map((price) => [...start, ...cells(price)])
    }),
  )
}

function cells({ asset, perCall, perMillionTokens: price }: ListedPrice): readonly string[] {
  if ([perCall, ...Object.values(price)].every((amount) => Number(amount) === 0)) return ['free']
  const own = Object.entries(price).filter(([bucket, amount]) => {
    if (shown.has(bucket)) return false
    return (
      amount !==
      (outputs.has(bucket) ? price.output : bucket === 'cache_write_1h' ? price.cache_write : price.input)
    )
  })
  return [
    price.input ?? '-',
    price.cache_read ?? '-',
    price.cache_write ?? '-',
    price.output ?? '-',
    Number(perCall) === 0 ? '-' : perCall,
    asset,
    own.map(([bucket, amount]) => `${bucket} ${amount}`).join(', '),
  ]
}

const shown: ReadonlySet<string> = new Set(['input', 'cache_read', 'cache_write', 'output'])
const outputs: ReadonlySet<string> = new Set(['output_audio', 'output_image', 'reasoning'])
