import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AttemptOutcome, JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed
let outcomes: string[] = []
let say: 'retry' | 'next' | 'stop' | undefined

beforeAll(async () => {
  composed = await compose({
    plugins: [openaiResponses()],
    hooks: {
      'route.outcome': ({ target }, { error }: AttemptOutcome) => {
        outcomes.push(`${target.provider} ${error?.code ?? 'fine'}`)
        return say
      },
    },
    models: {
      responses: { to: 'responses/sim-responses', price: 'free' },
      never: { to: 'never/sim-responses', price: 'free' },
      both: { to: ['never/sim-responses', 'responses/sim-responses'], price: 'free' },
    },
    config: {
      providers: {
        chat: simulator(),
        claude: simulator({ speaks: 'anthropic-messages' }),
        responses: simulator({ speaks: 'openai-responses' }),
        never: simulator({ speaks: 'openai-responses', always: 'fail 400 invalid_encrypted_content' }),
      },
    },
  })
})
afterAll(() => composed?.close())
afterEach(() => {
  composed.settled.length = 0
  outcomes = []
  say = undefined
})

const stale = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABstale' }
const user = (content: string): object => ({ role: 'user', content })

async function ask(model: string, ...input: readonly object[]): Promise<[number, JsonObject]> {
  const response = await composed.send('/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, input }),
  })
  return [response.status, (await response.json()) as JsonObject]
}

describe('state that an upstream does not take back', () => {
  it('is left out once; both attempts are told and noted, and the request is settled once', async () => {
    const [status] = await ask('responses', user('a'), stale, user('say b'))
    expect(status).toBe(200)
    expect(outcomes).toEqual(['responses invalid_encrypted_content', 'responses fine'])
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    const [settled] = composed.settled
    expect(settled!.attempts.map(({ error }) => error?.code)).toEqual([
      'invalid_encrypted_content',
      undefined,
    ])
    expect(settled!.losses).toContainEqual(expect.objectContaining({ what: 'custody.encrypted' }))
  })

  it('is not asked for again where a plugin says stop', async () => {
    say = 'stop'
    const [status] = await ask('responses', user('a'), stale, user('say b'))
    expect(status).toBe(400)
    expect(outcomes).toHaveLength(1)
  })

  it('is not looked for where there is none', async () => {
    const [status, body] = await ask('never', user('a'))
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: { code: 'invalid_encrypted_content' } })
    expect(outcomes).toHaveLength(1)
  })

  it('stays left out for the next target, three attempts in all', async () => {
    say = 'next'
    const [status] = await ask('both', user('a'), stale, user('say b'))
    expect(status).toBe(200)
    expect(outcomes).toEqual([
      'never invalid_encrypted_content',
      'never invalid_encrypted_content',
      'responses fine',
    ])
  })
})
