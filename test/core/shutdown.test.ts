import { expect, it } from 'vitest'
import { startGateway, writeConfig } from '../support/gateway.ts'

it('SIGTERM lets a stream finish, takes nothing new, settles, and exits with 0', async () => {
  const config = await writeConfig(`
    import simulator from '@gantry/provider-simulator'
    import { defineGateway } from 'gantry'
    import { standard } from 'gantry/presets'
    export default defineGateway({
      server: { controlSocket: process.env.GANTRY_TEST_DIRECTORY + '/control.sock' },
      plugins: [standard({ auth: false, bill: false })],
      providers: { sim: simulator({ pace: 40 }) },
      models: { m: { to: 'sim/m', price: 'free' } },
      groups: { all: { models: ['*'] } },
      defaultGroup: 'all',
    })`)
  const gateway = await startGateway(config)
  const ask = (): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'count 40' }] }),
    })
  const response = await ask()
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = (await reader.read()).value ?? ''
  const stopped = gateway.stop()
  await expect
    .poll(
      () =>
        ask().then(
          () => 'taken',
          () => 'refused',
        ),
      { timeout: 5000 },
    )
    .toBe('refused')
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(await stopped).toBe(0)
  expect(gateway.output()).toContain('"outcome":"completed"')
})
