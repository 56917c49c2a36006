import type { RequestTrace } from '@gantry/core'
import { startDevLoop } from '../dev/reload.ts'
import { traceLines } from '../dev/trace-print.ts'
import { type Command, command, configArgs, listenArgs, wholeNumber } from './command.ts'
import { debugLogger, quietLogger } from './logger.ts'
import { print } from './print.ts'
import { runUntilStopped } from './serving.ts'
import { openSession } from './session.ts'

/** Requests of an old generation get this long unless the config says otherwise. */
const drainTimeoutMs = 600_000

/** `gantry dev`: serves the config, and each edit of it without cutting a stream. */
const dev: Command = command({
  name: 'dev',
  description: 'serve the gateway of a config, and every edit of it without cutting a stream',
  args: {
    ...listenArgs,
    trace: { type: 'boolean', description: 'print every moment of each request, prompts included' },
    ...configArgs,
  },
  async run({ args }) {
    const port = wholeNumber('port', args.port, { min: 0, max: 65_535 })
    const session = await openSession(args)
    const logger = args.debug ? debugLogger : quietLogger
    const trace = args.trace ? { trace: (one: RequestTrace) => traceLines(one).forEach(print) } : {}
    await runUntilStopped(session, {
      host: args.host,
      ports: port === undefined ? undefined : [port],
      logger,
      debug: args.debug,
      ...trace,
      onReady: ({ url, gateway, replace, accompany }) => {
        print(`Gantry listens on ${url}`)
        print(`Watching ${session.path} and what it imports.`)
        accompany(
          startDevLoop({
            path: session.path,
            gateway,
            fromEnvFile: session.fromEnvFile,
            options: { logger, debug: args.debug, ...trace },
            drainTimeoutMs: session.config.server?.drainTimeoutMs ?? drainTimeoutMs,
            replace,
            print,
          }),
        )
      },
    })
  },
})

export default dev
