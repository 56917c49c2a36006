import { testProtocol } from '@gantry/testing'
import { protocol } from './protocol.ts'
import { responsesRules } from './wire-rules.test-support.ts'

const queued = 'an answer that is queued has no stream'

testProtocol(protocol, {
  fixtures: new URL('../../../test/fixtures/responses/', import.meta.url),
  rules: responsesRules,
  except: [
    'pydai-test_background_mode_reasoning_vcr',
    'pydai-test_background_mode_streaming_without_starting_after_vcr',
  ].map((capture) => ({ capture, checks: ['response: streamed it says the same'], why: queued })),
})
