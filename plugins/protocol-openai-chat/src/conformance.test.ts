import { deepEqual, equal } from 'node:assert/strict'
import { chatRules, testProtocol } from '@gantry/testing'
import { protocol } from './protocol.ts'

const list = 'a content list of thinking and text is written as the two fields that every chat client reads'

testProtocol(protocol, {
  fixtures: new URL('../../../test/fixtures/chat/', import.meta.url),
  rules: chatRules,
  except: [
    {
      capture: 'vercel-mistral-reasoning',
      checks: ['response: decoded and encoded it is the same'],
      why: list,
    },
    {
      capture: 'vercel-mistral-reasoning.stream',
      checks: ['stream: decoded and encoded it is the same'],
      why: list,
    },
  ],
  errorShape({ body }, error, { requestId }) {
    const envelope = body['error'] as { readonly [key: string]: unknown }
    deepEqual(Object.keys(body), ['error'])
    deepEqual(Object.keys(envelope).toSorted(), ['code', 'message', 'param', 'type'])
    equal(envelope['message'], `${error.message} (request id: ${requestId})`)
  },
})
