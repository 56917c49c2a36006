import { type Command, command, configArgs, jsonArgs } from './command.ts'
import { readExpiry } from './expiry.ts'
import { notice } from './notice.ts'
import { plain, print, printJson } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry keys create`: makes a key and shows it, once. */
const create: Command = command({
  name: 'create',
  description: 'make a key for an account; it is shown once',
  args: {
    account: { type: 'string', required: true, description: 'who pays', valueHint: 'id' },
    group: {
      type: 'string',
      description: 'a group of the config; its defaultGroup if left out',
      valueHint: 'name',
    },
    name: { type: 'string', description: 'a note to know the key by', valueHint: 'text' },
    expires: {
      type: 'string',
      description: 'when it ends: 90d, 12h, 2027-01-31, or an ISO time',
      valueHint: 'when',
    },
    ...jsonArgs,
    ...configArgs,
  },
  async run({ args }) {
    const expiresAt = args.expires === undefined ? undefined : readExpiry(args.expires)
    const { account, group, name } = args
    const made = await withCommands(
      args,
      (run) => run('keys.create', { account, group, name, expiresAt }),
      'write',
    )
    if (args.json) return printJson(made)
    const { record, secret, withoutWallet } = made
    print(secret)
    notice.success(`${record.id} for ${record.account} in group ${record.group}${until(record.expiresAt)}.`)
    notice.info('This is the only time the key is shown.')
    if (withoutWallet) {
      const id = plain(account)
      notice.warn(
        `${id} has no balance yet: gantry accounts create ${id}, then gantry accounts credit ${id} <amount>`,
      )
    }
  },
})

export default create

function until(expiresAt: number | undefined): string {
  return expiresAt === undefined ? '' : `, until ${new Date(expiresAt).toISOString()}`
}
