import { type Command, command, configArgs, listenArgs, wholeNumber } from './command.ts'
import { debugLogger } from './logger.ts'
import { print } from './print.ts'
import { openSession } from './session.ts'
import { runUntilStopped } from './serving.ts'

/** `gantry start`: serves the config until it is told to stop. */
const start: Command = command({
  name: 'start',
  description: 'serve the gateway of a config',
  args: {
    ...listenArgs,
    ...configArgs,
  },
  async run({ args }) {
    const port = wholeNumber('port', args.port, { min: 0, max: 65_535 })
    const session = await openSession(args)
    await runUntilStopped(session, {
      host: args.host,
      ports: port === undefined ? undefined : [port],
      logger: args.debug ? debugLogger : undefined,
      debug: args.debug,
      onReady: ({ url }) => print(`Gantry listens on ${url}`),
    })
  },
})

export default start
