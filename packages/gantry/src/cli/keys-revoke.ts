import { UserError } from '../user-error.ts'
import { type Command, command, configArgs } from './command.ts'
import { notice } from './notice.ts'
import { plain } from './print.ts'
import { withCommands } from './session.ts'

/** `gantry keys revoke`: ends a key at once. */
const revoke: Command = command({
  name: 'revoke',
  description: 'end a key, at once',
  args: {
    id: { type: 'positional', required: true, description: 'the id that keys list shows, key_…' },
    ...configArgs,
  },
  async run({ args }) {
    const { revoked } = await withCommands(args, (run) => run('keys.revoke', { id: args.id }), 'write')
    if (!revoked) {
      throw new UserError({
        message: `There is no key "${plain(args.id)}".`,
        fix: 'gantry keys list shows the ids.',
      })
    }
    notice.success(`${plain(args.id)} is revoked.`)
  },
})

export default revoke
