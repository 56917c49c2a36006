import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootNotes, definePlugin, env, type Plugin, type SettleContext } from '@gantry/core'
import { createFakeHost, runHook } from '@gantry/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { settled } from './fake.test-support.ts'
import { logPino, type LogPinoOptions } from './index.ts'

const folders: string[] = []

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

/** A booted plugin that writes into a list. */
async function start(
  options: LogPinoOptions = {},
  plugins: readonly Plugin[] = [],
): Promise<{
  readonly plugin: Plugin
  readonly lines: string[]
  log(context: SettleContext): void
}> {
  const lines: string[] = []
  const plugin = logPino({ destination: { write: (line) => lines.push(line) }, ...options })
  await plugin.setup?.(createFakeHost({ config: { plugins } }))
  return { plugin, lines, log: (context) => void runHook(plugin, 'log', context) }
}

async function file(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'log-pino-'))
  folders.push(folder)
  return join(folder, 'deep', 'gateway.log')
}

describe('JSON lines', () => {
  test('one request is one line', async () => {
    const { lines, log } = await start()
    log(settled())
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('\n')).toBe(true)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      msg: 'request',
      id: 'r-1',
      key: { id: 'key_1', name: 'laptop' },
      cost: '0.0012345',
    })
  })

  test.each([
    [200, 'completed', 'info'],
    [429, 'refused', 'warn'],
    [499, 'aborted', 'info'],
    [502, 'failed', 'error'],
    [200, 'failed', 'error'],
  ] as const)('%d %s is %s', async (status, outcome, level) => {
    const { lines, log } = await start()
    log(settled({ status, outcome }))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level })
  })

  test('the level of the options decides what is written', async () => {
    const { plugin, lines, log } = await start({ level: 'warn' })
    log(settled())
    plugin.logger?.info('no')
    plugin.logger?.warn('yes', { n: 1 })
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'warn', msg: 'yes', n: 1 },
    ])
  })

  test('errors, circles and bigints in fields do not break a line', async () => {
    const { plugin, lines } = await start()
    const circle: { self?: unknown } = {}
    circle.self = circle
    plugin.logger?.error('failed', {
      cause: new Error('why', { cause: new Error('deeper') }),
      circle,
      amount: 5n,
    })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      cause: { message: 'why', cause: { message: 'deeper' } },
      circle: { self: '[circular]' },
      amount: '5',
    })
  })
})

describe('readable lines', () => {
  test('one request is one line', async () => {
    const { lines, log } = await start({ pretty: true })
    log(settled())
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd().split('\n')).toHaveLength(1)
    expect(lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: laptop {2}vip {2}large → two\/large/)
  })

  test('messages of the gateway keep their fields', async () => {
    const { plugin, lines } = await start({ pretty: true })
    plugin.logger?.warn('no target is left', { model: 'm' })
    expect(lines[0]).toContain('WARN: no target is left {"model":"m"}')
  })
})

describe('secrets and prompts', () => {
  const secret = 'canary-secret-0123456789'
  const prompt = 'canary-prompt-in-the-body'
  const vendor = definePlugin<{ apiKey: unknown }>({ name: 'vendor', create: () => ({ name: 'vendor' }) })

  test.each([true, false])('none of them leaks, whatever is logged (pretty: %s)', async (pretty) => {
    const known = vendor({ apiKey: env('GANTRY_TEST_NOT_SET', secret) })
    const { plugin, lines, log } = await start({ pretty, redact: ['canary-extra-value'] }, [known])
    const error = {
      class: 'invalid_request',
      status: 400,
      message: prompt,
      code: secret,
      retryable: false,
      source: 'upstream',
      native: { protocol: 'chat', value: { prompt } },
    } as const
    log(
      settled({
        error,
        attempts: [{ target: { provider: 'a', protocol: 'chat', model: secret }, error, ms: 1 }],
        model: `m-${secret}`,
        clientRequestId: 'Bearer canary-extra-value',
        wire: {
          body: new TextEncoder().encode(prompt),
          headers: new Headers({ authorization: secret }),
        } as SettleContext['wire'],
      }),
    )
    for (const level of ['info', 'warn', 'error'] as const) {
      plugin.logger?.[level](`failed with ${secret}`, {
        headers: { authorization: `Bearer ${secret}` },
        url: `https://h/?key=${encodeURIComponent(secret)}`,
        cause: new Error(`bad key ${secret}`),
        body: new TextEncoder().encode(prompt),
      })
    }
    expect(lines.length).toBeGreaterThanOrEqual(4)
    expect(lines.join('')).not.toMatch(/canary/)
  })
})

describe('the destination', () => {
  test('a file is made with its folder, appended to, and complete after close', async () => {
    const path = await file()
    for (const round of [0, 1]) {
      const { plugin, log } = await start({ destination: path })
      for (let index = 0; index < 2000; index++) log(settled({ id: `${round}-${index}` }))
      await plugin.close?.()
    }
    const written = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(written.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(
      [0, 1].flatMap((round) => Array.from({ length: 2000 }, (_, index) => `${round}-${index}`)),
    )
  })

  test('a file that cannot be written is an error at setup', async () => {
    const path = await file()
    await start({ destination: path }).then(({ plugin }) => plugin.close?.())
    await expect(start({ destination: join(path, 'below-a-file', 'x.log') })).rejects.toThrow(
      /ENOTDIR|EEXIST/,
    )
  })

  test('nothing is opened before setup', async () => {
    const path = await file()
    logPino({ destination: path })
    await expect(readFile(path)).rejects.toThrow('ENOENT')
  })

  test('closing twice is fine', async () => {
    const { plugin } = await start({ destination: await file() })
    await plugin.close?.()
    await expect(Promise.resolve(plugin.close?.())).resolves.toBeUndefined()
  })

  test('a reader that stopped reading keeps nobody from ending', async () => {
    // A process of its own: what would keep it alive is a write that is tried again and again.
    const script = `
      process.stdout.on('error', () => {})
      const { logPino } = await import('./src/index.ts')
      const plugin = logPino()
      await plugin.setup({ config: { providers: {} } })
      for (let index = 0; index < 2000; index++) plugin.logger.info('x'.repeat(500))
      await new Promise((resolve) => setTimeout(resolve, 300))
      await plugin.close()
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('..', import.meta.url),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(15_000) })) as [number | null]
      expect(code).toBe(0)
    } finally {
      child.kill('SIGKILL')
      child.stdout.destroy()
    }
  }, 20_000)

  test('what was written before a fault and is still there is written at close', async () => {
    const path = await file()
    const { plugin } = await start({ destination: path })
    const { promise: failed, resolve } = Promise.withResolvers<void>()
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => (resolve(), true))
    const write = vi.spyOn(fs, 'write').mockImplementationOnce(((...given: unknown[]) => {
      const done = given.at(-1) as (error: Error) => void
      setImmediate(() => done(Object.assign(new Error('no space left'), { code: 'ENOSPC' })))
    }) as typeof fs.write)
    plugin.logger?.info('the last line')
    await failed
    await plugin.close?.()
    write.mockRestore()
    said.mockRestore()
    expect(await readFile(path, 'utf8')).toContain('the last line')
  })

  test('wrong options are named', () => {
    const codes = (options: object): readonly string[] =>
      bootNotes(logPino(options)).problems.map(({ path }) => path ?? '')
    expect(codes({ level: 'loud' })).toEqual(['log-pino.level'])
    expect(codes({ destination: {} })).toEqual(['log-pino.destination'])
  })
})
