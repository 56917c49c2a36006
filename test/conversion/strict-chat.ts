import type { JsonObject } from '@gantry/core'
import { type Frame, isCount, isName, type Must, objectIn, objectsIn, parsed } from './strict-frames.ts'

const finishes = new Set(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])

interface Choice {
  /** `assistant` has been said. */
  spoke: boolean
  finish?: string
  readonly ids: string[]
}

/** What the OpenAI SDK's `stream()` and the AI SDK's schema ask of a stream of chat completions. */
export function readStrictChat(frames: readonly Frame[], must: Must): void {
  must(frames.at(-1)?.data === '[DONE]', 'it ends with [DONE]')
  const chunks = frames.slice(0, -1).map((frame) => parsed(frame, must))
  must(chunks.length > 0, 'it has chunks')
  const choices = new Map<number, Choice>()
  let usage: JsonObject | undefined
  for (const chunk of chunks) {
    must(chunk['error'] === undefined, 'it is no error')
    must(isName(chunk['id']) && chunk['id'] === chunks[0]?.['id'], 'every chunk has the id')
    must(chunk['object'] === 'chat.completion.chunk', 'every chunk says what it is')
    must(isCount(chunk['created']) && isName(chunk['model']), 'every chunk has a time and a model')
    const list = objectsIn(chunk, 'choices')
    must(list !== undefined, 'choices is on every chunk')
    must(usage === undefined, 'usage comes last')
    usage = objectIn(chunk, 'usage')
    if (usage) readUsage(usage, must)
    for (const one of list) readChoice(one, choices, must)
  }
  must(choices.has(0), 'choice 0 is there')
  for (const { finish } of choices.values()) must(finish !== undefined, 'every choice has a finish_reason')
}

function readChoice(one: JsonObject, choices: Map<number, Choice>, must: Must): void {
  const { index } = one
  must(isCount(index), 'a choice has an index')
  const delta = objectIn(one, 'delta')
  must(delta !== undefined, 'a choice has a delta')
  const choice: Choice = choices.get(index) ?? { spoke: false, ids: [] }
  choices.set(index, choice)
  must(choice.finish === undefined, 'nothing follows finish_reason')
  if (choice.spoke) must(delta['role'] === undefined, 'role comes once')
  else must(delta['role'] === 'assistant', 'role comes with the first delta')
  choice.spoke = true
  for (const field of ['content', 'refusal', 'reasoning_content', 'reasoning']) {
    const text = delta[field]
    must(text === undefined || text === null || typeof text === 'string', `${field} is text`)
  }
  for (const call of objectsIn(delta, 'tool_calls') ?? []) readCall(call, choice.ids, must)
  const finish = one['finish_reason']
  if (finish === null || finish === undefined) return
  must(typeof finish === 'string' && finishes.has(finish), `finish_reason is known, not ${String(finish)}`)
  // The AI SDK ends its loop at `stop`, whatever was called.
  if (choice.ids.length > 0) must(finish !== 'stop', 'calls finish with tool_calls')
  else must(finish !== 'tool_calls', 'tool_calls comes with calls')
  choice.finish = finish
}

function readCall(call: JsonObject, ids: string[], must: Must): void {
  const { index, id, type } = call
  must(isCount(index) && index <= ids.length, 'calls are numbered from 0')
  if (index === ids.length) {
    must(isName(id) && !ids.includes(id), 'a call has an id of its own')
    must(type === 'function' || type === 'custom', 'a call has a type')
    const called = objectIn(call, type)
    must(isName(called?.['name']), 'a call has a name')
    must(
      typeof called[type === 'custom' ? 'input' : 'arguments'] === 'string',
      'arguments are text from the start',
    )
    ids.push(id)
    return
  }
  must(index === ids.length - 1, 'a call is whole before the next')
  must(id === undefined && type === undefined, 'only the first delta of a call names it')
  const called = objectIn(call, 'function') ?? objectIn(call, 'custom')
  must(called !== undefined && called['name'] === undefined, 'later deltas are arguments')
}

function readUsage(usage: JsonObject, must: Must): void {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage
  must(isCount(input) && isCount(output), 'usage has both counts')
  must(total === input + output, 'usage has the total')
}
