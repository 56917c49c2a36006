import { checkConfig, didYouMean, type ResolvedConfig } from '@gantry/core'
import { type ClientName, type ClientSetup, exportLine } from '../connect/client.ts'
import { clients } from '../connect/clients.ts'
import { isLive, sendCommand } from '../control/client.ts'
import { UserError } from '../user-error.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { notice } from './notice.ts'
import { print, printJson } from './print.ts'
import { openSession, type Session } from './session.ts'

const names: string = Object.keys(clients).join(', ')

/** `gantry connect`: prints what a client needs to use the gateway. It changes nothing. */
const connect: Command = command({
  name: 'connect',
  description: 'print what a client needs to use this gateway: files, environment or a link',
  args: {
    client: { type: 'positional', required: true, description: names },
    key: { type: 'string', description: 'a key of this gateway ($GANTRY_KEY)', valueHint: 'key' },
    url: { type: 'string', description: 'where clients reach it (the running one)', valueHint: 'url' },
    model: { type: 'string', description: "what it asks for (the config's defaultModel)", valueHint: 'name' },
    name: { type: 'string', default: 'Gantry', description: 'how the client shows it', valueHint: 'text' },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const client = readClient(args.client)
    const key = readKey(args.key ?? process.env['GANTRY_KEY'])
    const name = readText('name', args.name, 100)
    // A gateway on another machine has no config here.
    const bare = args.url !== undefined && args.model !== undefined && args.config === undefined
    const session = bare ? undefined : await openSession(args)
    const config = session?.config
    const url = args.url === undefined && session ? await ownUrl(session) : readUrl(args.url ?? '')
    const all = Object.keys(config?.models ?? {})
    const model =
      args.model === undefined ? (config?.defaultModel ?? all[0]) : readText('model', args.model, 200)
    if (model === undefined) {
      throw new UserError({ message: 'The config has no models.', fix: 'Name one: --model <name>' })
    }
    if (config && !all.includes(model)) {
      throw new UserError({ message: `There is no model "${model}".`, fix: didYouMean(model, all) })
    }
    const setup = clients[client]({ url, key, model, models: bare ? [model] : all, name })
    if (config) warn(client, setup, config)
    if (args.json) return printJson({ client, url, model, ...setup })
    for (const line of setupLines(setup)) print(line)
    for (const note of setup.notes) notice.info(note)
  },
})

export default connect

/** The setup for people: each part under where it belongs. */
export function setupLines({ files, environment, links }: ClientSetup): readonly string[] {
  const variables = Object.entries(environment)
  const parts = [
    ...files.map(({ path, text }) => [`# ${path}`, text]),
    ...(variables.length > 0
      ? [['# or in the environment', ...variables.map(([name, value]) => exportLine(name, value))]]
      : []),
    ...Object.entries(links).map(([app, link]) => [`# ${app}`, link]),
  ]
  return parts.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

// ---

function readClient(name: string): ClientName {
  if (Object.hasOwn(clients, name)) return name as ClientName
  throw new UserError({
    message: `There is no client "${name}".`,
    details: [`Known: ${names}`],
    fix: didYouMean(name, Object.keys(clients)),
  })
}

/** What is printed ends up in shells and files, so a key is only what a header can carry. */
function readKey(key: string | undefined): string {
  if (key === undefined || key === '') {
    throw new UserError({
      message: 'A client needs a key.',
      fix: 'Make one with gantry keys create --account <id>, then give it with --key <key> or in GANTRY_KEY.',
    })
  }
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key
  throw new UserError({ message: 'The key has characters that no key has.', fix: 'Copy it again.' })
}

function readText(flag: string, text: string, longest: number): string {
  if (text.length > 0 && text.length <= longest && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text)) return text
  throw new UserError({ message: `--${flag} is a plain text of at most ${longest} characters.` })
}

/** Clients add their own `/v1`, some of them none: it is taken off here. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') {
    return url.href.replace(/\/+$/, '').replace(/\/v1$/, '').replace(/\/+$/, '')
  }
  throw new UserError({
    message: `--url is where clients reach the gateway, for instance https://gw.example.com, not "${text}".`,
  })
}

/** Of the gateway that runs, else what the config says. */
async function ownUrl({ socket, config }: Session): Promise<string> {
  if (await isLive(socket)) {
    const { url } = (await sendCommand(socket, 'status', {})) as { readonly url?: string }
    if (url !== undefined) return readUrl(url)
  }
  const { host = '127.0.0.1', port = 8787 } = config.server ?? {}
  // An address to listen on everywhere is none to connect to.
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return readUrl(`http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`)
}

/** A client that speaks a wire this gateway does not serve would fail later, and less clearly. */
function warn(client: ClientName, { needs }: ClientSetup, config: ResolvedConfig): void {
  const served = [...checkConfig(config).slots.protocol.values()].flatMap((protocol) =>
    Object.values(protocol.server?.codecs ?? {}).flatMap((codec) => codec.routes.map(({ path }) => path)),
  )
  for (const path of needs.filter((one) => !served.includes(one))) {
    notice.warn(`${client} calls ${path}, which no protocol plugin of this config serves.`)
  }
}
