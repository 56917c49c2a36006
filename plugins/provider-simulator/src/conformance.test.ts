import { testPlugin, testProvider } from '@gantry/testing'
import simulator from './index.ts'

testProvider('simulator', {
  create: () => simulator({ apiKey: ['a', 'b'] }),
  speaks: ['openai-chat'],
  wrong: [[() => simulator({ pace: -1 }), 'provider-simulator.pace']],
})

testPlugin('simulator', { create: () => simulator() })
