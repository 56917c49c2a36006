import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { contextOf, recordedAnswers, wholeOf, written, type RecordedAnswer } from './answers.test-support.ts'
import { eventViolations, violations } from './schema.test-support.ts'
import { readStrictly } from './strict-reader.test-support.ts'

/** Keys that the schema of Open Responses requires of a response object. */
const required = [
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'incomplete_details',
  'model',
  'previous_response_id',
  'instructions',
  'output',
  'error',
  'tools',
  'tool_choice',
  'truncation',
  'parallel_tool_calls',
  'text',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'temperature',
  'reasoning',
  'usage',
  'max_output_tokens',
  'max_tool_calls',
  'store',
  'background',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
]

const answers = recordedAnswers()

it('there are answers of three wires', () => {
  const counts = Object.groupBy(answers, ({ wire }) => wire)
  expect(counts.chat?.length).toBeGreaterThan(70)
  expect(counts.anthropic?.length).toBeGreaterThan(90)
  expect(counts.responses?.length).toBeGreaterThan(120)
})

/**
 * Hosts of this wire send things that the vendor's schema forbids, and those go on as they came: an answer may be wrong
 * only in the way in which its upstream was.
 */
function added(answer: RecordedAnswer, problems: readonly string[]): readonly string[] {
  if (answer.wire !== 'responses') return problems
  const known = new Set(
    answer.sent
      .flatMap((sent) =>
        sent['object'] === 'response' ? violations('Response', sent) : eventViolations(sent),
      )
      .map(gistOf),
  )
  return problems.filter((problem) => !known.has(gistOf(problem)))
}

/** The field and what is wrong with it: `response.output[0].status: …` is `status: …`. */
function gistOf(problem: string): string {
  return problem.replace(/^response\.[a-z_.]+: /, '').replace(/^.*?([a-z_]+: )/, '$1')
}

describe.each(answers.map((answer) => [answer.name, answer] as const))('%s', (_name, answer) => {
  const body = answer.wire === 'responses' ? answer.request : {}

  it('as a whole fits the schema', () => {
    const response = wholeOf(answer.response, contextOf(body))
    expect(added(answer, violations('Response', response))).toEqual([])
    expect(required.filter((key) => response[key] === undefined)).toEqual([])
  })

  it('as a stream fits the schema, event by event, in order', () => {
    const events = written(answer.events, contextOf(body))
    expect(added(answer, events.flatMap(eventViolations))).toEqual([])
    // One recorded answer ends with another text than its deltas were: the end counts, and nobody can agree with both.
    if (answer.name === 'responses/vercel-openai-shell-container.1.stream') {
      expect(() => readStrictly(events)).toThrow('the whole is what its deltas were')
    } else readStrictly(events)
  })

  it('says the same both ways', () => {
    const context = contextOf(body)
    const last = written(answer.events, context).at(-1)?.['response'] as JsonObject
    const { completed_at: _one, created_at: _then, ...streamed } = last
    const { completed_at: _two, created_at: _now, ...whole } = wholeOf(answer.response, context)
    expect(streamed).toEqual(whole)
  })
})
