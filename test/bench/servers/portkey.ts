import { type AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { argumentOf, serveParent } from '../ipc.ts'
import { probe } from '../probe.ts'
import type { Listening, ServerArgument } from '../servers.ts'

// Portkey's gateway as its own command starts it, without the web page that keeps a log. It needs no configuration:
// each request names provider and host, and loopback is a host it trusts.
const { upstream, wires, installed } = argumentOf<ServerArgument>()
const folder = join(installed ?? '', 'node_modules/@portkey-ai/gateway/build')

// Its command takes a port but says neither which one it got nor lets an address be chosen.
const listen = Server.prototype.listen
const listening = new Promise<Server>((resolve) => {
  Server.prototype.listen = function onLoopback(this: Server, ...words: unknown[]): Server {
    Server.prototype.listen = listen
    const done = words.find((word): word is (...about: unknown[]) => void => typeof word === 'function')
    return this.listen(0, '127.0.0.1', () => {
      done?.(this.address())
      resolve(this)
    })
  }
})

process.argv = [process.execPath, join(folder, 'start-server.js'), '--headless', '--port=0']
// Its @hono/node-server warns on every start that this Node hides from it what one of its shortcuts needs.
const { warn } = console
console.warn = () => {}
await import(pathToFileURL(join(folder, 'start-server.js')).href)
console.warn = warn
const { port } = (await listening).address() as AddressInfo

const ready: Listening = {
  url: `http://127.0.0.1:${port}`,
  headers: {
    'x-portkey-provider': wires.upstream === 'chat' ? 'openai' : 'anthropic',
    'x-portkey-custom-host': `${upstream}/v1`,
  },
}
serveParent(ready, probe(), () => {})
