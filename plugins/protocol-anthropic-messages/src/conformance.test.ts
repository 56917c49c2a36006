import { anthropicRules, loadFixtures, testProtocol } from '@gantry/testing'
import { protocol } from './index.ts'

testProtocol(protocol, {
  fixtures: loadFixtures(new URL('../../../test/fixtures/anthropic', import.meta.url)),
  rules: anthropicRules,
})
