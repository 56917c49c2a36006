import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { runGantry, writeConfig } from '../support/gateway.ts'

it('the config of the README checks without an error', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, config = ''] = /```ts\n([^]*?)```/.exec(readme) ?? []
  expect(config.split('\n').length).toBeLessThanOrEqual(17)
  const path = await writeConfig(config)
  const checked = await runGantry(['check', '--config', path], { OPENAI_API_KEY: 'sk-test-for-the-readme' })
  expect(checked.stderr + checked.stdout).toContain('0 errors')
  expect(checked.code).toBe(0)
})
