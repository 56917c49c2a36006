import { createRequire } from 'node:module'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'
import type { Listening, ServerArgument } from '../servers.ts'
import { paths } from '../wires.ts'

// claude-code-router's engine with one OpenAI-compatible provider and without logs. It converts what comes on the
// messages wire to chat; it has no conversion to a messages upstream.
interface Engine {
  start(): Promise<void>
  /** There once it is set up. */
  readonly llmService?: object
  readonly app: { readonly server: HttpServer }
}
type EngineClass = new (options: object) => Engine

const { upstream, installed } = argumentOf<ServerArgument>()
// Its ES module build calls `require` and does not load in Node; claude-code-router uses this one, too.
const load = createRequire(join(installed ?? '', 'package.json'))
const { default: Engine } = load('@musistudio/llms') as { readonly default: EngineClass }
const engine = new Engine({
  logger: false,
  useJsonFile: false,
  initialConfig: {
    HOST: '127.0.0.1',
    PORT: '0',
    providers: [
      { name: 'bench', api_base_url: upstream + paths.chat, api_key: 'upstream', models: ['bench-chat'] },
    ],
  },
})
while (engine.llmService === undefined) await sleep(5)
await engine.start()
const { port } = engine.app.server.address() as AddressInfo

const ready: Listening = { url: `http://127.0.0.1:${port}`, models: ['bench,bench-chat'] }
serveParent(ready, probe(), () => {})
