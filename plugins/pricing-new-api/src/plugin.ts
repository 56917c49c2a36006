import { readFileSync } from 'node:fs'
import {
  type ConfigProblem,
  defineKey,
  definePlugin,
  group,
  type Key,
  type PluginFactory,
  type ResolvedConfig,
} from '@gantry/core'
import { type Book, createBook } from './book.ts'
import { type Imported, importRatios, problemsIn } from './import.ts'
import { linesOf } from './lines.ts'
import { optionsSchema, type ParsedOptions, type PricingNewApiOptions } from './options.ts'

interface Names {
  readonly pricing: 'new-api'
}

/** The group of the account itself, where it differs from the one a request is made in; nobody has to write it. */
export const userGroup: Key<string> = defineKey('user-group')

/**
 * Prices by the ratios of a new-api: model, completion, cache, image, audio and group ratios, prices per request and per
 * tool call, in its own units. Models that it does not know stay unpriced. Models with a `price` in the config, read by
 * pricing-tokens before this rule, keep that.
 */
export const pricingNewApi: PluginFactory<PricingNewApiOptions, Names> = definePlugin<
  PricingNewApiOptions,
  ParsedOptions,
  Names
>({
  name: 'pricing-new-api',
  schema: optionsSchema,
  create: (options) => {
    let book: Book | undefined
    return {
      name: 'pricing-new-api',
      reads: [group],
      check: (config) => checkImport(options, config),
      setup() {
        book = createBook(load(options).imported)
      },
      provides: {
        pricing: [
          {
            name: 'new-api',
            apply: (lines, context) =>
              book ? linesOf(book, options.asset, lines, context, userGroup) : lines,
          },
        ],
      },
    }
  },
})

// ---

function load({ file, ratios }: ParsedOptions): {
  readonly imported: Imported
  readonly problems: readonly ConfigProblem[]
} {
  const found: (readonly [string, string])[] = []
  const imported = importRatios(
    file === undefined ? ratios : read(file, found),
    (path, message) =>
      // A file that could not be read has one problem.
      void (found[0]?.[0] === '' || found.push([path, message])),
  )
  return { imported, problems: problemsIn(file === undefined ? 'ratios' : 'file', file, found) }
}

function read(file: string, found: (readonly [string, string])[]): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    found.push(['', `${why}: ${error instanceof Error ? error.message : String(error)}`])
    return {}
  }
}

function checkImport(options: ParsedOptions, config: ResolvedConfig): readonly ConfigProblem[] {
  const { imported, problems } = load(options)
  const book = createBook(imported)
  const warnings: ConfigProblem[] = []
  for (const name of Object.keys(config.models ?? {})) {
    const price = book.model(name)
    if (price === undefined || 'call' in price || !price.assumed || config.models[name]?.price !== undefined)
      continue
    warnings.push({
      code: 'ASSUMED_RATIO',
      severity: 'warning',
      path: `models.${name}`,
      message: 'has a model ratio but no completion ratio, so its output costs what its input costs.',
      fix: `Name it in completion_ratio.`,
    })
  }
  for (const [name, entry] of Object.entries(config.groups ?? {})) {
    if (entry?.ratio === undefined || book.group(name, undefined).length === 0) continue
    warnings.push({
      code: 'DOUBLE_RATIO',
      severity: 'warning',
      path: `groups.${name}.ratio`,
      message: 'is also in group_ratio; where pricing-ratio is installed, too, both are multiplied.',
      fix: 'Keep one of them.',
    })
  }
  return [...problems, ...warnings]
}
