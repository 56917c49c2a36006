import { expect, it } from 'vitest'
import { createRules } from './rules.ts'

const rulesOf = createRules({})

it('takes the longest part that the name contains, whoever hosts the model and however it is spelled', () => {
  const claude = rulesOf('claude-sonnet-4-5')
  expect(claude.tools).toBe(497)
  expect(rulesOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0')).toBe(claude)
  expect(rulesOf('anthropic/Claude-Haiku-4.5')).toBe(claude)
  const now = rulesOf('claude-opus-4-8')
  expect(now.factor).toBeGreaterThan(claude.factor)
  expect(rulesOf('anthropic/claude-opus-4.7')).toBe(now)
  expect(rulesOf('claude-sonnet-5')).toBe(now)
  expect(rulesOf('gpt-5.5')).toBe(rulesOf('whatever'))
  expect(rulesOf('')).toBe(rulesOf('gpt-5.5'))
})

it('lays what the options say over what is known, the longest part first', () => {
  const own = createRules({ claude: { factor: 2 }, 'claude-haiku': { factor: 3 }, 'Qwen3.5': { base: 9 } })
  expect(own('claude-sonnet-4-5')).toEqual({ ...rulesOf('claude-sonnet-4-5'), factor: 2 })
  expect(own('claude-haiku-4-5').factor).toBe(3)
  expect(own('qwen3-5-coder')).toEqual({ ...rulesOf('gpt-5.5'), base: 9 })
  expect(own('gpt-5.5')).toBe(rulesOf('gpt-5.5'))
})
