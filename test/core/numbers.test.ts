import anthropic from '@gantry/provider-anthropic'
import { createFakeUpstream } from '@gantry/testing'
import { expect, it } from 'vitest'
import { compose } from '../support/compose.ts'

it('a number that no double holds comes through a converted tool call with every digit', async () => {
  const upstream = await createFakeUpstream()
  const composed = await compose({
    config: {
      providers: { claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { m: { to: 'claude/m', maxOutputTokens: 100 } },
    },
  })
  try {
    upstream.reply({
      headers: { 'content-type': 'application/json' },
      body: '{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"tool_use","id":"t1","name":"f","input":{"id":12345678901234567890,"x":1.10}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}',
    })
    const response = await composed.chat({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
    })
    const answer = (await response.json()) as {
      choices: { message: { tool_calls: { function: { arguments: string } }[] } }[]
    }
    expect(answer.choices[0]?.message.tool_calls[0]?.function.arguments).toContain('12345678901234567890')
  } finally {
    await composed.close()
    await upstream.close()
  }
})
