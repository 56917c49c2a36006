import type { KeyRecord } from '@gantry/core'
import { z } from 'zod'

/** One asset of an account, amounts as decimal strings of the asset. */
export interface Balance {
  readonly asset: string
  /** What was paid in less what was charged. */
  readonly posted: string
  /** Set aside for requests that run. */
  readonly held: string
}

/** An account as the CLI lists it. */
export interface AccountRow {
  readonly account: string
  readonly balances: readonly Balance[]
}

/** A page of a list; `next` is the cursor of the one after. */
export interface ListPage<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

/** A page that is asked for. */
export interface PageInput {
  readonly after?: string | undefined
  /** 1 to 1,000; 100 by default. */
  readonly limit?: number | undefined
}

/** Contract table of what can be asked of a gateway from beside it: the input and output of each command are JSON. */
export interface Commands {
  readonly status: {
    readonly input: {}
    readonly output: { readonly pid: number; readonly url?: string | undefined }
  }
  readonly 'keys.create': {
    readonly input: {
      readonly account: string
      /** The config's `defaultGroup` by default. */
      readonly group?: string | undefined
      readonly name?: string | undefined
      /** Milliseconds since 1970. */
      readonly expiresAt?: number | undefined
    }
    readonly output: {
      readonly secret: string
      readonly record: KeyRecord
      /** Whether a ledger is installed that has no wallet for the account. */
      readonly withoutWallet: boolean
    }
  }
  readonly 'keys.list': { readonly input: PageInput; readonly output: ListPage<KeyRecord> }
  readonly 'keys.revoke': {
    readonly input: { readonly id: string }
    readonly output: { readonly revoked: boolean }
  }
  readonly 'accounts.create': {
    readonly input: {
      readonly account: string
      readonly assets: readonly string[]
      /** Decimal string, the same for each asset; `"0"` by default. */
      readonly overdraft?: string | undefined
    }
    readonly output: AccountRow
  }
  readonly 'accounts.list': { readonly input: PageInput; readonly output: ListPage<AccountRow> }
  readonly 'accounts.transfer': {
    readonly input: {
      readonly account: string
      readonly asset: string
      /** Decimal string; negative takes money out. */
      readonly amount: string
      /** The same reference moves money once. */
      readonly reference: string
    }
    readonly output: AccountRow
  }
}

/** Name of a command. */
export type CommandName = keyof Commands

/** Runs commands: inside a gateway, or in another process over the control socket. */
export type RunCommand = <C extends CommandName>(
  command: C,
  input: Commands[C]['input'],
) => Promise<Commands[C]['output']>

const account = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/,
    'an account id has letters, digits and . _ @ -, at most 128 of them',
  )
const asset = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'an asset is named in lower case, for instance usd')
const amount = z.string().max(32)
const page = z.strictObject({
  after: z.string().max(512).optional(),
  limit: z.number().int().min(1).max(1000).optional(),
})

const inputs: { readonly [C in CommandName]: z.ZodType<Commands[C]['input']> } = {
  status: z.strictObject({}),
  'keys.create': z.strictObject({
    account,
    group: z.string().min(1).max(128).optional(),
    name: z.string().max(200).optional(),
    expiresAt: z.number().int().positive().optional(),
  }),
  'keys.list': page,
  'keys.revoke': z.strictObject({ id: z.string().min(1).max(128) }),
  'accounts.create': z.strictObject({
    account,
    assets: z.array(asset).min(1).max(16),
    overdraft: amount.optional(),
  }),
  'accounts.list': page,
  'accounts.transfer': z.strictObject({ account, asset, amount, reference: z.string().min(1).max(255) }),
}

/** Whether a text names a command. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(inputs, name)
}

/** Checks the input of a command; gives it, or what is wrong with it. */
export function readInput<C extends CommandName>(
  command: C,
  input: unknown,
): { readonly value: Commands[C]['input'] } | { readonly param: string; readonly message: string } {
  const schema: z.ZodType<Commands[C]['input']> = inputs[command]
  const result = schema.safeParse(input)
  if (result.success) return { value: result.data }
  const [issue] = result.error.issues
  return { param: `/${(issue?.path ?? []).join('/')}`, message: issue?.message ?? 'invalid input' }
}
