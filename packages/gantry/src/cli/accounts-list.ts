import { accountLines } from './account-lines.ts'
import { type Command, command, configArgs, jsonArgs, pageArgs, wholeNumber } from './command.ts'
import { notice } from './notice.ts'
import { print, printJson } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry accounts list`: what each account has, and what of it is held, by asset. */
const list: Command = command({
  name: 'list',
  description: 'list accounts with what they have and what of it is held',
  args: { ...pageArgs, ...jsonArgs, ...configArgs },
  async run({ args }) {
    const limit = wholeNumber('limit', args.limit, { min: 1, max: 1000 })
    const page = await withCommands(args, (run) => run('accounts.list', { after: args.after, limit }), 'read')
    if (args.json) return printJson(page)
    if (page.items.length === 0) {
      return notice.info('There are no accounts. Make one: gantry accounts create <id>')
    }
    for (const line of accountLines(page.items)) print(line)
    if (page.next !== undefined) notice.info(`There are more: --after ${page.next}`)
  },
})

export default list
