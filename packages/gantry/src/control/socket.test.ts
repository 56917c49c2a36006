import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from '@gantry/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../user-error.ts'
import { isLive, sendCommand } from './client.ts'
import { controlPath, prepareFolder, runFolder, socketAt } from './path.ts'
import { openControl } from './server.ts'

let folder = ''
let path = ''
const open: { close(): Promise<void> }[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-socket-'))
  path = join(folder, 'g.sock')
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
  rmSync(folder, { recursive: true })
  vi.unstubAllEnvs()
})

async function listen(handle: (command: string, input: unknown) => Promise<unknown>): Promise<void> {
  open.push(await openControl(path, handle))
}

describe('control socket', () => {
  it('carries a command, its input and its output, for this user only', async () => {
    await listen(async (command, input) => ({ command, input }))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(await isLive(path)).toBe(true)
    expect(await sendCommand(path, 'keys.list', { limit: 3, name: 'ü\n' })).toEqual({
      command: 'keys.list',
      input: { limit: 3, name: 'ü\n' },
    })
  })

  it('carries what the gateway refused', async () => {
    await listen(async () => {
      throw new GatewayError({ class: 'not_found', message: 'No such wallet.', param: '/account' })
    })
    const refused: unknown = await sendCommand(path, 'x', {}).catch((error: unknown) => error)
    expect(GatewayError.is(refused) && refused.data).toMatchObject({
      class: 'not_found',
      status: 404,
      message: 'No such wallet.',
      param: '/account',
    })
  })

  it('is gone after close, and nobody is live then', async () => {
    await listen(async () => ({}))
    await open.pop()?.close()
    expect(existsSync(path)).toBe(false)
    expect(await isLive(path)).toBe(false)
  })

  it('replaces a socket that nobody listens on', async () => {
    await leaveStaleSocket(path)
    expect(existsSync(path)).toBe(true)
    expect(await isLive(path)).toBe(false)
    await listen(async () => 'fresh')
    expect(await sendCommand(path, 'x', {})).toBe('fresh')
  })

  it('refuses to take the place of a gateway that runs', async () => {
    await listen(async () => 'first')
    await expect(openControl(path, async () => 'second')).rejects.toThrow(
      'Another gateway is running here already',
    )
    expect(await sendCommand(path, 'x', {})).toBe('first')
  })

  it('refuses symbolic links and other files, and leaves them alone', async () => {
    const real = join(folder, 'real.sock')
    open.push(await openControl(real, async () => 'real'))
    symlinkSync(real, path)
    await expect(isLive(path)).rejects.toThrow('is a symbolic link')
    await expect(openControl(path, async () => ({}))).rejects.toThrow('is a symbolic link')
    const file = join(folder, 'notes.txt')
    writeFileSync(file, 'mine')
    await expect(openControl(file, async () => ({}))).rejects.toThrow('is not a socket')
    expect(statSync(file).size).toBe(4)
  })

  it.runIf(process.getuid?.() === 0)('refuses a socket of another user', async () => {
    const { chownSync } = await import('node:fs')
    await listen(async () => ({}))
    chownSync(path, 65_534, 65_534)
    expect(() => socketAt(path)).toThrow('belongs to another user')
  })

  it('says where it cannot be, and why', async () => {
    writeFileSync(join(folder, 'file'), '')
    const below = join(folder, 'file', 'g.sock')
    for (const attempt of [() => openControl(below, async () => ({})), () => isLive(below)]) {
      const error = await attempt().catch((thrown: unknown) => thrown)
      expect(UserError.is(error) && error.message).toMatch(
        /^The control socket cannot be used: .*file.* cannot be reached \((?:ENOTDIR|EEXIST)\)\.$/,
      )
    }
    // Longer than any socket may be.
    const long = join(folder, 'x'.repeat(120))
    const error = await openControl(long, async () => ({})).catch((thrown: unknown) => thrown)
    expect(UserError.is(error) && error.message).toMatch(/cannot be listened on \(E[A-Z]+\)\.$/)
  })

  it('bounds what it reads', async () => {
    await listen(async () => ({}))
    await expect(sendCommand(path, 'x', { text: 'x'.repeat(70_000) })).rejects.toThrow(
      /too large|did not answer/,
    )
    expect(await sendCommand(path, 'x', {})).toEqual({})
  })

  it('answers only POST, and survives what is not JSON', async () => {
    await listen(async () => ({}))
    expect(await raw('GET', '')).toContain('takes POST')
    expect(await raw('POST', '{"a":')).toContain('error')
    expect(await sendCommand(path, 'x', {})).toEqual({})
  })

  it('says so when the gateway does not answer', async () => {
    await listen(() => new Promise(() => {}))
    await expect(sendCommand(path, 'x', {}, 50)).rejects.toThrow('did not answer')
  })
})

describe('its place', () => {
  const configPath = '/srv/app/gateway.config.ts'

  it('is the configured one, else beside the database, else in the run folder', () => {
    expect(controlPath({ configPath, configured: 'run/g.sock', storeFile: 'data/g.db' })).toBe(
      '/srv/app/run/g.sock',
    )
    expect(controlPath({ configPath, configured: '/run/g.sock' })).toBe('/run/g.sock')
    expect(controlPath({ configPath, storeFile: 'data/g.db' })).toBe('/srv/app/data/g.db.sock')
    expect(controlPath({ configPath })).toMatch(new RegExp(`^${runFolder()}/[0-9a-f]{16}\\.sock$`))
    expect(controlPath({ configPath })).toBe(controlPath({ configPath }))
    expect(controlPath({ configPath })).not.toBe(controlPath({ configPath: '/srv/other/gateway.config.ts' }))
  })

  it('is never longer than a socket path may be', () => {
    const long = controlPath({ configPath, storeFile: `${'deep/'.repeat(40)}g.db` })
    expect(long.startsWith(runFolder())).toBe(true)
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(103)
  })

  it('makes a run folder of its own, and refuses one that is open to others', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', folder)
    prepareFolder(runFolder())
    expect(statSync(join(folder, 'gantry')).mode & 0o777).toBe(0o700)
    chmodSync(join(folder, 'gantry'), 0o755)
    expect(() => prepareFolder(runFolder())).toThrow('is open to other users')
    rmSync(join(folder, 'gantry'), { recursive: true })
    symlinkSync(tmpdir(), join(folder, 'gantry'))
    expect(() => prepareFolder(runFolder())).toThrow('is not a folder')
  })
})

/** Leaves a socket file behind as a killed process does. */
async function leaveStaleSocket(at: string): Promise<void> {
  const { spawnSync } = await import('node:child_process')
  const script = `require('net').createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, 'SIGKILL'))`
  spawnSync(process.execPath, ['-e', script])
}

function raw(method: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: path, method, path: '/x' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.once('end', () => resolve(text))
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
