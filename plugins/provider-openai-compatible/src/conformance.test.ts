import { openaiChat } from '@gantry/protocol-openai-chat'
import { chatMaterial, testProvider } from '@gantry/testing'
import openaiCompatible from './index.ts'

testProvider('openai-compatible', {
  create: () => openaiCompatible({ baseUrl: 'https://api.example.com/v1/', apiKey: ['sk-1', 'sk-2'] }),
  url: 'https://api.example.com/v1',
  headers: { authorization: 'Bearer sk-1' },
  speaks: ['openai-chat'],
  errors: [[{ class: 'rate_limited', message: 'x', code: 'insufficient_quota' }, 'insufficient_funds']],
  wrong: [[() => openaiCompatible({ baseUrl: 'api.example.com' }), 'provider-openai-compatible.baseUrl']],
  exchange: {
    create: (baseUrl) => openaiCompatible({ apiKey: 'sk-1', baseUrl }),
    protocols: [openaiChat()],
    path: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'hello' }] },
    reply: { json: chatMaterial.body },
    sent: { authorization: 'Bearer sk-1' },
  },
})
