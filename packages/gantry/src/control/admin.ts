import { keyringOf } from '@gantry/auth-keys'
import {
  type AnyPlugin,
  GatewayError,
  type Host,
  type KeyStore,
  type LedgerStore,
  type Slots,
} from '@gantry/core'
import { formatAmount, parseAmount } from '@gantry/ledger'
import {
  type AccountRow,
  type CommandName,
  type Commands,
  isCommand,
  type PageInput,
  readInput,
  type RunCommand,
} from './commands.ts'

/** What the commands need of a gateway. */
export interface AdminSubject {
  readonly host: Host
  /** Where it serves, when it does. */
  readonly url?: string | undefined
}

type Handlers = {
  readonly [C in CommandName]: (input: Commands[C]['input']) => Promise<Commands[C]['output']>
}

/** Commands of a gateway in this process. Both throw `GatewayError`. */
export interface Admin {
  readonly run: RunCommand
  /** For the control socket: the command and its input are still to be believed. */
  handle(command: string, input: unknown): Promise<unknown>
}

/** Makes the commands of a gateway in this process. */
export function createAdmin(subject: AdminSubject): Admin {
  const handlers = createHandlers(subject)
  const run = async <C extends CommandName>(command: C, input: unknown): Promise<Commands[C]['output']> => {
    const read = readInput(command, input)
    if ('message' in read) throw invalid(read.param, `${read.param.slice(1)}: ${read.message}`)
    return handlers[command](read.value)
  }
  return {
    run,
    async handle(command, input) {
      if (!isCommand(command)) throw invalid('/command', `There is no command "${command.slice(0, 64)}".`)
      return run(command, input)
    },
  }
}

function createHandlers({ host, url }: AdminSubject): Handlers {
  return {
    status: async () => ({ pid: process.pid, url }),
    async 'keys.create'({ account, group = host.config.defaultGroup, name, expiresAt }) {
      if (group === undefined) throw invalid('/group', 'Name a group: the config has no defaultGroup.')
      const issued = await keyring(host).issue({
        account,
        group,
        ...(name === undefined ? {} : { name }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })
      const ledger = find(host, 'ledger')
      const withoutWallet = ledger !== undefined && (await ledger.balance(account)).length === 0
      return { ...issued, withoutWallet }
    },
    'keys.list': async (input) => keys(host).list(pageOf(input)),
    'keys.revoke': async ({ id }) => ({ revoked: await revoke(host, id) }),
    async 'accounts.create'({ account, assets, overdraft = '0' }) {
      const limit = readAmount(overdraft, '/overdraft')
      await ledger(host).createAccount({
        id: account,
        wallets: assets.map((asset) => ({ asset, overdraft: limit })),
      })
      return row(host, account)
    },
    async 'accounts.list'(input) {
      const { items, next } = await accountIds(host, input)
      const rows = await Promise.all(items.map((account) => row(host, account)))
      return { items: rows, next }
    },
    async 'accounts.transfer'({ account, asset, amount, reference }) {
      const moved = readAmount(amount, '/amount')
      if (moved === 0n) throw invalid('/amount', 'The amount is 0, so there is nothing to move.')
      await ledger(host).transfer({
        account,
        asset,
        amount: moved,
        counterAccount: `manual:${asset}`,
        reference,
      })
      return row(host, account)
    },
  }
}

async function revoke(host: Host, id: string): Promise<boolean> {
  const ring = plugins(host).map(keyringOf).find(Boolean)
  return ring ? ring.revoke(id) : keys(host).revoke(id)
}

async function row(host: Host, account: string): Promise<AccountRow> {
  const wallets = await ledger(host).balance(account)
  return {
    account,
    balances: wallets.map(({ asset, posted, held }) => ({
      asset,
      posted: formatAmount(posted),
      held: formatAmount(held),
    })),
  }
}

async function accountIds(
  host: Host,
  input: PageInput,
): Promise<{ readonly items: readonly string[]; readonly next?: string | undefined }> {
  const accounts = await ledger(host).accounts?.(pageOf(input))
  if (accounts) return accounts
  throw new GatewayError({ class: 'unsupported', message: 'This store cannot list its accounts.' })
}

function keyring(host: Host): NonNullable<ReturnType<typeof keyringOf>> {
  const ring = plugins(host).map(keyringOf).find(Boolean)
  if (ring) return ring
  throw new GatewayError({
    class: 'unsupported',
    message: 'No installed plugin makes keys. Add authKeys() or standard() to the plugins.',
  })
}

/** The plugins of a resolved config; core has flattened the list. */
function plugins(host: Host): readonly AnyPlugin[] {
  return (host.config.plugins ?? []).filter(isPlugin)
}

function isPlugin(option: unknown): option is AnyPlugin {
  return typeof option === 'object' && option !== null && 'name' in option
}

function keys(host: Host): KeyStore {
  return find(host, 'keys') ?? missing('keys')
}

function ledger(host: Host): LedgerStore {
  return find(host, 'ledger') ?? missing('accounts')
}

function find<S extends keyof Slots>(host: Host, slot: S): Slots[S] | undefined {
  return host.all(slot).length > 0 ? host.use(slot) : undefined
}

function missing(what: string): never {
  throw new GatewayError({
    class: 'unsupported',
    message: `No store holds ${what}. Give the config a store, for instance sqlite('./gateway.db').`,
  })
}

function pageOf({ after, limit = 100 }: PageInput): { readonly limit: number; readonly after?: string } {
  return after === undefined ? { limit } : { after, limit }
}

function readAmount(text: string, param: string): bigint {
  try {
    return parseAmount(text)
  } catch (error) {
    throw invalid(param, (error as Error).message)
  }
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError({ class: 'invalid_request', message, param })
}
