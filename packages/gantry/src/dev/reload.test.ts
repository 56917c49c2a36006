import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGateway, type Gateway } from '@gantry/core'
import { afterEach, expect, it } from 'vitest'
import { loadConfig } from '../config/load.ts'
import { startDevLoop } from './reload.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const events: string[] = []
Object.assign(globalThis, { gantryDevEvents: events })

/** A config whose kept store and plugin of the moment say when they come and go. */
function text(name: string): string {
  return `
    const note = (what) => globalThis.gantryDevEvents?.push(what)
    export default {
      plugins: [{ name: '${name}', setup() { note('setup ${name}') }, close() { note('close ${name}') } }],
      providers: {}, models: {}, groups: {},
    }`
}

async function start(): Promise<{ folder: string; gateway: Gateway; served: Gateway[]; lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-dev-'))
  folders.push(folder)
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
  const path = join(folder, 'gateway.config.mjs')
  writeFileSync(path, text('one'))
  const { config } = await loadConfig(path)
  return { folder, gateway: await createGateway(config), served: [], lines: [] }
}

it('an edit that is under way when the loop halts is finished or taken back, never left running', async () => {
  events.length = 0
  const { folder, gateway, served, lines } = await start()
  const loop = startDevLoop({
    path: join(folder, 'gateway.config.mjs'),
    gateway,
    fromEnvFile: [],
    options: {},
    drainTimeoutMs: 1000,
    replace: (next) => void served.push(next),
    print: (line) => void lines.push(line),
  })
  writeFileSync(join(folder, 'gateway.config.mjs'), text('two'))
  // Long enough that the edit was seen and its probe has begun, too short for it to end.
  await new Promise((resolve) => setTimeout(resolve, 200))
  await loop.halt()
  const known = served.length
  await loop.close()
  await (served.at(-1) ?? gateway).close()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(served.length).toBe(known)
  for (const name of ['one', 'two']) {
    const came = events.filter((event) => event === `setup ${name}`).length
    expect(events.filter((event) => event === `close ${name}`).length, name).toBe(came)
  }
})

it('after halt no edit is taken', async () => {
  const { folder, gateway, served } = await start()
  const loop = startDevLoop({
    path: join(folder, 'gateway.config.mjs'),
    gateway,
    fromEnvFile: [],
    options: {},
    drainTimeoutMs: 1000,
    replace: (next) => void served.push(next),
    print: () => {},
  })
  await loop.halt()
  writeFileSync(join(folder, 'gateway.config.mjs'), text('late'))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await loop.close()
  await gateway.close()
  expect(served).toEqual([])
})
