import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { project, gantry, startGantry } from './harness.ts'

const body = JSON.stringify({
  stream: true,
  messages: [{ role: 'user', content: 'Say hello in a few words.' }],
})

async function ask(url: string, key: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  })
  return { status: response.status, text: await response.text() }
}

describe('gantry play', () => {
  it.each([
    ['basic', 'sim/small', 'relayed'],
    ['claude', 'sim/claude-sim', 'converted'],
  ])('%s streams to a chat client and logs the request on one line', async (scenario, target, how) => {
    const cwd = project({})
    const play = startGantry(['play', scenario, '--port', '0'], { cwd })
    const [, url = ''] = await play.waitFor(/^Base URL +(http:\/\/127\.0\.0\.1:\d+\/v1)$/m)
    const [, key = ''] = await play.waitFor(/^Key +(sk-gantry_\w{38}) +\(group standard\)$/m)
    const [, vip = ''] = await play.waitFor(/^ +(sk-gantry_\w{38}) +\(group vip\)$/m)
    await play.waitFor(/Ctrl-C stops/)
    for (const word of [
      'curl -N',
      "from 'openai'",
      'from openai import OpenAI',
      'codex -m',
      'claude --model',
      '10 usd',
    ]) {
      expect(play.stdout()).toContain(word)
    }

    const answer = await ask(url, key)
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/data: \[DONE\]\s*$/)
    const line = new RegExp(
      `^\\d\\d:\\d\\d:\\d\\d  play-standard  standard  (\\S+) → ${target} ${how}  ttft \\d+ ms  (\\d+) in (\\d+) out  ([0-9.]+) usd  completed 200 in \\d+ ms$`,
      'm',
    )
    const [, model, input = '', output = '', cost = ''] = await play.waitFor(line)
    expect(target).toContain(String(model))

    // By hand, in pico: tokens × price per million, then one rounding up to nano.
    const prices =
      scenario === 'basic'
        ? { input: 150_000n, output: 600_000n }
        : { input: 3_000_000n, output: 15_000_000n }
    const pico = BigInt(input) * prices.input + BigInt(output) * prices.output
    expect(nano(cost)).toBe(ceil(pico, 1000n))

    expect((await ask(url, vip)).status).toBe(200)
    const [, less = ''] = await play.waitFor(/play-vip  vip .*?([0-9.]+) usd  completed/)
    expect(nano(less)).toBe(ceil(pico * 800_000n, 1000n * 1_000_000n))

    expect((await ask(url, 'sk-gantry_wrong')).status).toBe(401)
    await play.waitFor(/no key .* refused 401 authentication/)
    expect(play.stdout()).not.toContain('\u001b')
    expect((await play.stop()).code).toBe(0)
  })

  it('takes the next port where the first is taken, and stops on SIGINT', async () => {
    const taken = createServer()
    await new Promise<void>((done) => {
      // When another process of this machine has it, it is taken all the same.
      taken.once('error', () => done())
      taken.listen(8787, '127.0.0.1', done)
    })
    const play = startGantry(['play'], { cwd: project({}) })
    const [, port = ''] = await play.waitFor(/^Base URL +http:\/\/127\.0\.0\.1:(\d+)\/v1$/m)
    expect(Number(port)).toBeGreaterThan(8787)
    expect(Number(port)).toBeLessThan(8887)
    expect((await play.stop('SIGINT')).code).toBe(0)
    taken.close()
  })

  it('lists the scenarios there are', async () => {
    const { code, stderr } = await gantry(['play', 'basics'], { cwd: project({}) })
    expect(code).toBe(1)
    expect(stderr).toContain('There is no scenario "basics".')
    expect(stderr).toMatch(/^ +basic$/m)
    expect(stderr).toMatch(/^ +claude$/m)
  })
})

function nano(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}

function ceil(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}
