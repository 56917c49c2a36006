import { openaiChat } from '@gantry/protocol-openai-chat'
import { chatMaterial, testProvider } from '@gantry/testing'
import openai from './index.ts'

testProvider('openai', {
  create: () => openai({ apiKey: ['sk-1', 'sk-2'] }),
  url: 'https://api.openai.com/v1',
  headers: { authorization: 'Bearer sk-1' },
  speaks: ['openai-responses', 'openai-chat'],
  errors: [[{ class: 'rate_limited', message: 'x', code: 'insufficient_quota' }, 'insufficient_funds']],
  wrong: [[() => openai({ apiKey: '' }), 'provider-openai.apiKey']],
  exchange: {
    create: (baseUrl) => openai({ apiKey: 'sk-1', baseUrl }),
    protocols: [openaiChat()],
    path: '/v1/chat/completions',
    body: { model: 'gpt-5.5', messages: [{ role: 'user', content: 'hello' }] },
    reply: { json: chatMaterial.body },
    sent: { authorization: 'Bearer sk-1' },
  },
})
