import { resolve } from 'node:path'
import { didYouMean } from '@gantry/core'
import type { Answers, ProviderChoice } from '../init/template.ts'
import { writeConfig } from '../init/write.ts'
import { UserError } from '../user-error.ts'
import { type Command, command, jsonArgs } from './command.ts'
import { notice } from './notice.ts'
import { print, printJson } from './print.ts'

const choices: { readonly [name in ProviderChoice]: string } = {
  simulator: 'a made-up model, no account',
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  compatible: 'a host that speaks the OpenAI chat wire',
  local: 'Ollama, vLLM, llama.cpp on this machine',
}

/** `gantry init`: a first config, from answers or from flags. */
const init: Command = command({
  name: 'init',
  description: 'write a first config: asks at a terminal, takes flags elsewhere',
  args: {
    folder: { type: 'positional', required: false, description: 'where to (here)' },
    provider: {
      type: 'string',
      description: `with commas between: ${Object.keys(choices).join(', ')}`,
      valueHint: 'names',
    },
    store: { type: 'string', description: 'sqlite or memory (sqlite)', valueHint: 'name' },
    url: { type: 'string', description: 'of compatible or local, with its version', valueHint: 'url' },
    model: { type: 'string', description: 'a model of compatible or local', valueHint: 'name' },
    debug: { type: 'boolean', description: 'show stacks' },
    ...jsonArgs,
  },
  async run({ args }) {
    const asks = args.provider === undefined && process.stdin.isTTY && process.stdout.isTTY
    const given = asks ? await ask() : { ...args, baseUrl: args.url }
    const written = writeConfig(resolve(args.folder ?? '.'), readAnswers(given))
    if (args.json) return printJson(written)
    for (const file of written.files) print(file)
    const { install, installForTypes, variables } = written
    if (install.length > 0) notice.info(`Install what it needs: npm install ${install.join(' ')}`)
    if (installForTypes.length > 0) {
      notice.info(`To check its types: npm install --save-dev ${installForTypes.join(' ')}`)
    }
    if (variables.length > 0) notice.info(`Set ${variables.join(' and ')}, here or in a .env beside it.`)
    notice.info(
      'Then: gantry check --types, gantry accounts create <id>, gantry keys create --account <id>, gantry start',
    )
  },
})

export default init

interface Given {
  readonly provider?: string | undefined
  readonly store?: string | undefined
  readonly baseUrl?: string | undefined
  readonly model?: string | undefined
}

/** Flags or answers, checked. */
export function readAnswers({ provider, store = 'sqlite', baseUrl, model }: Given): Answers {
  if (provider === undefined) {
    throw new UserError({
      message: 'There is no terminal to ask at, so the providers have to be named.',
      details: Object.entries(choices).map(([name, what]) => `${name.padEnd(10)} ${what}`),
      fix: 'For instance: gantry init --provider openai,anthropic',
    })
  }
  const providers = [...new Set(provider.split(',').map((name) => readProvider(name.trim())))]
  if (store !== 'sqlite' && store !== 'memory') {
    throw new UserError({ message: `--store is sqlite or memory, not "${store}".` })
  }
  const own = providers.filter((name) => name === 'compatible' || name === 'local')
  if (own.length > 1) {
    throw new UserError({
      message: 'One of compatible and local at a time: both would take --url and --model.',
      fix: 'Add the other one to the config by hand.',
    })
  }
  if (own.length > 0 && model === undefined) {
    throw new UserError({
      message: `${own[0]} needs the name of a model it has.`,
      fix: 'Add --model <name>.',
    })
  }
  if (own.length === 0 && (model !== undefined || baseUrl !== undefined)) {
    throw new UserError({ message: '--model and --url are for compatible and local.' })
  }
  if (model !== undefined && !/^[\w./:@-]{1,200}$/.test(model)) {
    throw new UserError({
      message: `"${model}" is not the name of a model: letters, digits and . _ - / : @.`,
    })
  }
  if (own[0] === 'compatible' && baseUrl === undefined) {
    throw new UserError({ message: 'compatible needs a base URL.', fix: 'Add --url https://host/v1.' })
  }
  if (baseUrl !== undefined && !/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? '')) {
    throw new UserError({ message: `--url is like https://host/v1, not "${baseUrl}".` })
  }
  return { providers, store, baseUrl, model }
}

function readProvider(name: string): ProviderChoice {
  if (Object.hasOwn(choices, name)) return name as ProviderChoice
  throw new UserError({
    message: `There is no provider "${name}".`,
    details: [`Known: ${Object.keys(choices).join(', ')}`],
    fix: didYouMean(name, Object.keys(choices)),
  })
}

async function ask(): Promise<Given> {
  const provider = await answered(
    notice.prompt('Where do requests go?', {
      type: 'select',
      options: Object.entries(choices).map(([value, hint]) => ({ value, label: value, hint })),
      cancel: 'undefined',
    }),
  )
  const own = provider === 'compatible' || provider === 'local'
  const baseUrl =
    provider === 'compatible'
      ? await answered(
          notice.prompt('Its base URL, with the version?', { type: 'text', cancel: 'undefined' }),
        )
      : undefined
  const model = own
    ? await answered(notice.prompt('A model it has?', { type: 'text', cancel: 'undefined' }))
    : undefined
  const store = await answered(
    notice.prompt('Where do keys and balances live?', {
      type: 'select',
      options: [
        { value: 'sqlite', label: 'sqlite', hint: 'a file, they stay' },
        { value: 'memory', label: 'memory', hint: 'gone when it stops' },
      ],
      cancel: 'undefined',
    }),
  )
  return { provider, baseUrl, model, store }
}

async function answered(question: Promise<string | undefined>): Promise<string> {
  const answer = await question
  if (answer === undefined || answer === '') throw new UserError({ message: 'Nothing was written.' })
  return answer
}
