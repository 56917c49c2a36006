import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { anthropicMaterial, testProvider } from '@gantry/testing'
import anthropic from './index.ts'

testProvider('anthropic', {
  create: () => anthropic({ apiKey: ['sk-ant-1', 'sk-ant-2'] }),
  url: 'https://api.anthropic.com/v1',
  headers: { 'x-api-key': 'sk-ant-1' },
  speaks: ['anthropic-messages'],
  wrong: [[() => anthropic({ apiKey: 'k', betas: ['a,b'] }), 'provider-anthropic.betas.0']],
  exchange: {
    create: (baseUrl) => anthropic({ apiKey: 'sk-ant-1', baseUrl }),
    protocols: [openaiChat(), anthropicMessages()],
    path: '/v1/chat/completions',
    body: { model: 'claude-sonnet-4-6', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] },
    reply: { json: anthropicMaterial.body },
    sent: { 'x-api-key': 'sk-ant-1', 'anthropic-version': '2023-06-01' },
  },
})
