import { randomUUID } from 'node:crypto'
import { GatewayError } from '@gantry/core'
import { UserError } from '../user-error.ts'
import { accountLines } from './account-lines.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { notice } from './notice.ts'
import { plain, print, printJson } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry accounts credit`: puts money in. */
export const credit: Command = transfer('credit', 'put money into an account', '')

/** `gantry accounts debit`: takes money out. */
export const debit: Command = transfer('debit', 'take money out of an account', '-')

function transfer(name: 'credit' | 'debit', description: string, sign: '' | '-'): Command {
  return command({
    name,
    description,
    args: {
      account: { type: 'positional', required: true, description: 'its id' },
      amount: { type: 'positional', required: true, description: 'a decimal number, for instance 12.50' },
      asset: { type: 'string', default: 'usd', description: 'the asset', valueHint: 'name' },
      reference: {
        type: 'string',
        description: 'your own id of this transfer; the same one never counts twice',
        valueHint: 'id',
      },
      ...jsonArgs,
      ...configArgs,
    },
    async run({ args }) {
      const { account, asset } = args
      if (!/^\d+(\.\d+)?$/.test(args.amount)) {
        throw new UserError({
          message: `The amount "${plain(args.amount)}" is not a plain positive number like 12.50.`,
        })
      }
      const reference = args.reference ?? `cli-${randomUUID()}`
      const input = { account, asset, amount: `${sign}${args.amount}`, reference }
      const after = await withCommands(
        args,
        (run) =>
          run('accounts.transfer', input).catch((error: unknown) =>
            Promise.reject(repeatable(error, reference)),
          ),
        'write',
      )
      if (args.json) return printJson({ ...after, reference })
      notice.success(
        `${name === 'credit' ? 'Credited' : 'Debited'} ${args.amount} ${asset}, reference ${plain(reference)}.`,
      )
      for (const line of accountLines([after])) print(line)
    },
  })
}

/** What was refused was not done. Where the answer was lost nobody knows, and a repetition must not count twice. */
function repeatable(error: unknown, reference: string): unknown {
  if (!UserError.is(error) && !(GatewayError.is(error) && error.data.status >= 500)) return error
  return new UserError({
    message: error.message,
    fix: `It may have been done all the same. Repeat it with --reference ${plain(reference)}, which never counts twice.`,
    cause: error,
  })
}
