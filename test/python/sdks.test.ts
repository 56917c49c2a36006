import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { python, pythonMissing } from '../support/python.ts'

const config: string = new URL('../mission/gateway.config.ts', import.meta.url).pathname
const required: readonly string[] = (process.env['GANTRY_TEST_REQUIRE'] ?? '').split(/[,\s]+/)
let gateway: ChildGateway
let environment: { readonly [name: string]: string }

beforeAll(async () => {
  if (pythonMissing) return
  gateway = await startGateway(config)
  environment = { GANTRY_URL: gateway.url, GANTRY_KEY: await gateway.key('standard') }
})
afterAll(() => gateway?.stop())

/** The interpreter may have one SDK and not the other: what is named as required is a failure instead. */
function anthropicMissing(): boolean {
  if (required.includes('python-anthropic')) return false
  const interpreter = process.env['GANTRY_TEST_PYTHON']
  if (interpreter !== undefined && spawnSync(interpreter, ['-c', 'import anthropic']).status === 0)
    return false
  console.info('left out: python-anthropic (GANTRY_TEST_PYTHON names no interpreter with the SDK)')
  return true
}

/** The same for every kind of upstream. */
const each = (value: unknown): { readonly [model: string]: unknown } => ({
  'sim-chat': value,
  'sim-responses': value,
  'Sim-Claude-4.6': value,
})
const streamed = { deltas: 'one two three', final: 'one two three', pieces: true }
const looped = { asked: ['Oslo', 'Rome', 'Lima ü'], text: 'all known' }

it.skipIf(pythonMissing)(
  'Python’s OpenAI SDK: responses, streams and tool loops over every wire',
  async () => {
    const result = await python('openai_responses.py', environment)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(result.stdout)).toEqual({
      whole: each({ text: 'hello there', status: 'completed', sums: true }),
      streamed: each(streamed),
      loop: each(looped),
      'streamed loop': each(looped),
      errors: {
        model: ['NotFoundError', 404, 'model_not_found'],
        empty: ['BadRequestError', 400, 'missing_required_parameter'],
        stream: true,
      },
    })
  },
)

it.skipIf(anthropicMissing())(
  'Python’s Anthropic SDK: messages, streams and tool loops over every wire',
  async () => {
    const result = await python('anthropic_sdk.py', environment)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(result.stdout)).toEqual({
      models: ['Sim-Claude-4.6', 'sim-chat', 'sim-locked', 'sim-responses', 'sim-unpriced'],
      whole: each({ text: 'hello there', stop: 'end_turn', counts: true }),
      streamed: each(streamed),
      loop: each(looped),
      'streamed loop': each(looped),
      counted: true,
      errors: {
        key: ['AuthenticationError', 401, 'authentication_error'],
        model: ['NotFoundError', 404, 'not_found_error'],
        empty: ['BadRequestError', 400, 'invalid_request_error'],
        stream: true,
      },
    })
  },
)
