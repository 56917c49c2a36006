import { accountLines } from './account-lines.ts'
import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { notice } from './notice.ts'
import { print, printJson } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry accounts create`: an account with a wallet for each asset. */
const create: Command = command({
  name: 'create',
  description: 'make an account, with a wallet for each asset',
  args: {
    account: { type: 'positional', required: true, description: 'its id: letters, digits, . _ @ -' },
    asset: {
      type: 'string',
      default: 'usd',
      description: 'assets it holds, with commas between',
      valueHint: 'name',
    },
    overdraft: {
      type: 'string',
      description: 'how far it may go below 0, for instance 5.00',
      valueHint: 'amount',
    },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const assets = args.asset.split(',').map((asset) => asset.trim())
    const input = { account: args.account, assets, overdraft: args.overdraft }
    const made = await withCommands(args, (run) => run('accounts.create', input), 'write')
    if (args.json) return printJson(made)
    notice.success(`Account ${made.account} is there.`)
    for (const line of accountLines([made])) print(line)
  },
})

export default create
