import type { KeyRecord } from '@gantry/core'
import { type Command, command, configArgs, jsonArgs, pageArgs, wholeNumber } from './command.ts'
import { notice } from './notice.ts'
import { print, printJson, table } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry keys list`: keys without their secrets. */
const list: Command = command({
  name: 'list',
  description: 'list keys, without their secrets',
  args: { ...pageArgs, ...jsonArgs, ...configArgs },
  async run({ args }) {
    const limit = wholeNumber('limit', args.limit, { min: 1, max: 1000 })
    const page = await withCommands(args, (run) => run('keys.list', { after: args.after, limit }), 'read')
    if (args.json) return printJson(page)
    if (page.items.length === 0)
      return notice.info('There are no keys. Make one: gantry keys create --account <id>')
    const head = ['ID', 'ACCOUNT', 'GROUP', 'NAME', 'ENDS IN', 'STATE', 'EXPIRES']
    for (const line of table(head, page.items.map(rowOf))) print(line)
    if (page.next !== undefined) notice.info(`There are more: --after ${page.next}`)
  },
})

export default list

function rowOf(key: KeyRecord): readonly string[] {
  const { id, account, group, name = '-', lastFour = '-', expiresAt } = key
  const expires = expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString()
  return [id, account, group, name, lastFour, stateOf(key), expires]
}

function stateOf({ disabled, expiresAt }: KeyRecord): string {
  if (disabled) return 'revoked'
  return expiresAt !== undefined && expiresAt <= Date.now() ? 'expired' : 'active'
}
