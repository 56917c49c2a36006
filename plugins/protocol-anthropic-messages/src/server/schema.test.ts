import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { recordedAnswers, wholeOf, written, type RecordedAnswer } from './answers.test-support.ts'
import { eventViolations, violations } from './schema.test-support.ts'
import { readStrictly } from './strict-reader.test-support.ts'

const answers = recordedAnswers()

it('there are answers of three wires', () => {
  const counts = Object.groupBy(answers, ({ wire }) => wire)
  expect(counts.chat?.length).toBeGreaterThan(70)
  expect(counts.anthropic?.length).toBeGreaterThan(90)
  expect(counts.responses?.length).toBeGreaterThan(110)
})

/**
 * Upstreams of this wire send more than the schema knows, and less, and nothing is filled in for them: an answer may be
 * wrong only in the way in which its upstream was. Answers of other wires are held to the form without betas.
 */
function added(answer: RecordedAnswer, problems: readonly string[]): readonly string[] {
  if (answer.wire !== 'anthropic') return problems
  const known = new Set(answer.sent.flatMap((sent) => ownViolations(sent)).map(gistOf))
  return problems.filter((problem) => !problem.endsWith(': missing') && !known.has(gistOf(problem)))
}

function ownViolations(sent: JsonObject): readonly string[] {
  return sent['type'] === 'message'
    ? violations('BetaMessage', sent)
    : eventViolations(sent, 'BetaMessage', 'BetaContentBlock')
}

/** The field and what is wrong with it: `message_start.usage.speed: missing` is `speed: missing`. */
function gistOf(problem: string): string {
  return problem.replace(/^.*?([a-z_]+: )/, '$1')
}

describe.each(answers.map((answer) => [answer.name, answer] as const))('%s', (_name, answer) => {
  const [message, block] =
    answer.wire === 'anthropic' ? ['BetaMessage', 'BetaContentBlock'] : ['Message', 'ContentBlock']

  it('as a whole fits the schema', () => {
    expect(added(answer, violations(message, wholeOf(answer.response)))).toEqual([])
  })

  it('as a stream fits the schema, event by event, in order', () => {
    const events = written(answer.events)
    expect(
      added(
        answer,
        events.flatMap((event) => eventViolations(event, message, block)),
      ),
    ).toEqual([])
    readStrictly(events)
  })

  it('says the same both ways', () => {
    const { message: streamed } = readStrictly(written(answer.events))
    // One recorded answer ends with another text than its deltas were: nobody can agree with both.
    if (answer.name === 'responses/vercel-openai-shell-container.1.stream') return
    expect(plain(streamed)).toEqual(plain(wholeOf(answer.response)))
  })
})

/** A whole message of an upstream of this wire may leave out what a stream has to have. */
function plain(message: JsonObject): JsonObject {
  const { stop_sequence: sequence, content, ...rest } = message
  return { ...rest, stop_sequence: sequence ?? null, content: (content as readonly JsonObject[]).map(cut) }
}

/** A call that was cut in the middle: a stream leaves the text to its reader, a whole message wraps it. */
function cut(block: JsonObject): JsonObject {
  const { input } = block
  return typeof input === 'string' ? { ...block, input: { __raw: input } } : block
}
