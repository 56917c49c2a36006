import { randomUUID } from 'node:crypto'
import { findScenario, listScenarios } from '../play/scenario.ts'
import { scenarioModules } from '../play/modules.ts'
import { requestLog, welcome } from '../play/player.ts'
import { type Command, command, configArgs, wholeNumber } from './command.ts'
import { debugLogger, quietLogger } from './logger.ts'
import { print, table } from './print.ts'
import { runUntilStopped } from './serving.ts'
import { openSession } from './session.ts'

const firstPort = 8787
const portsTried = 100

/** `gantry play`: a gateway to try, on loopback, with an account and keys made for it. */
const play: Command = command({
  name: 'play',
  description: 'try a scenario of the playground: a gateway, an account, a key, and what to paste',
  args: {
    scenario: { type: 'positional', required: false, description: 'one of --list (basic)' },
    list: { type: 'boolean', description: 'say which scenarios there are' },
    port: {
      type: 'string',
      alias: 'p',
      description: 'port (8787, or the next that is free)',
      valueHint: 'number',
    },
    ...configArgs,
  },
  async run({ args }) {
    if (args.list) {
      const rows = listScenarios().map(({ name, description }) => [name, description])
      for (const line of table(['SCENARIO', 'WHAT IT SHOWS'], rows)) print(line)
      return
    }
    const port = wholeNumber('port', args.port, { min: 0, max: 65_535 })
    // Keys made here are for playing: a pepper of the moment is better than the public one, and needs no warning.
    process.env['GANTRY_PEPPER'] ??= randomUUID()
    const scenario = args.config === undefined ? findScenario(args.scenario ?? 'basic') : undefined
    const session = await openSession(
      { config: args.config ?? scenario?.path },
      scenario?.ours ? await scenarioModules() : {},
    )
    const logger = args.debug ? debugLogger : quietLogger
    const plugins = [...(session.config.plugins ?? []), requestLog(print, logger)]
    const config = { ...session.config, plugins }
    await runUntilStopped(
      { ...session, config },
      {
        host: '127.0.0.1',
        ports: port === undefined ? portsFrom(firstPort) : [port],
        logger,
        debug: args.debug,
        async onReady({ url, run }) {
          const { lines } = await welcome(config, url, run)
          for (const line of lines) print(line)
          print('Each request shows up below. Ctrl-C stops.')
        },
      },
    )
  },
})

export default play

function portsFrom(first: number): readonly number[] {
  return Array.from({ length: portsTried }, (_, offset) => first + offset)
}
