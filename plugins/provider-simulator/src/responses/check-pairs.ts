import type { JsonObject } from '@gantry/core'
import { absent } from '../json.ts'
import { refuse } from '../refusal.ts'
import { typeOf } from './check-items.ts'

/** Calls and what answers them; the words are those of the refusals. */
const kinds: { readonly [call: string]: { readonly output: string; readonly words: string } } = {
  function_call: { output: 'function_call_output', words: 'function call' },
  custom_tool_call: { output: 'custom_tool_call_output', words: 'custom tool call' },
  tool_search_call: { output: 'tool_search_output', words: 'tool search call' },
}

/**
 * What items have to do with each other, over the whole conversation: each call is answered later and each answer has
 * its call, of the same kind; no id comes twice; reasoning stands before what came of it.
 */
export function checkPairs(items: readonly JsonObject[]): void {
  checkTwice(items)
  const called = new Map<string, Set<string>>()
  const answered = new Map<string, Set<string>>()
  for (const item of items) {
    const type = typeOf(item) ?? ''
    const id = item.call_id
    if (typeof id !== 'string') continue
    const [call, kind] =
      Object.entries(kinds).find(([name, one]) => name === type || one.output === type) ?? []
    if (call === undefined || kind === undefined) continue
    if (type === call) {
      if (known(called, call).has(id)) refuse(`Duplicate 'call_id': ${id}`, 'input')
      known(called, call).add(id)
      // What the vendor runs itself it need not be answered.
      if (item.execution === 'server') known(answered, call).add(id)
    } else {
      if (!known(called, call).has(id)) {
        refuse(`No tool call found for ${kind.words} output with call_id ${id}.`, 'input')
      }
      known(answered, call).add(id)
    }
  }
  for (const [call, { words }] of Object.entries(kinds)) {
    const open = [...known(called, call)].find((id) => !known(answered, call).has(id))
    if (open !== undefined) refuse(`No tool output found for ${words} ${open}.`, 'input')
  }
  checkReasoning(items)
}

function known(sets: Map<string, Set<string>>, name: string): Set<string> {
  const set = sets.get(name) ?? new Set<string>()
  sets.set(name, set)
  return set
}

function checkTwice(items: readonly JsonObject[]): void {
  const seen = new Set<string>()
  for (const { id } of items) {
    if (typeof id !== 'string') continue
    if (seen.has(id)) {
      refuse(
        `Duplicate item found with id ${id}. Remove duplicate items from your input and try again.`,
        'input',
      )
    }
    seen.add(id)
  }
}

const inputs = ['function_call_output', 'custom_tool_call_output', 'tool_search_output', 'compaction_trigger']

/** Reasoning that names itself has to be followed by what came of it: a call, or the very message, by its id. */
function checkReasoning(items: readonly JsonObject[]): void {
  for (const [index, item] of items.entries()) {
    if (typeOf(item) !== 'reasoning' || absent(item.id)) continue
    const next = items[index + 1]
    const type = next && typeOf(next)
    const rewritten = type === 'message' && (next?.role !== 'assistant' || absent(next.id))
    if (type !== undefined && !inputs.includes(type) && !rewritten) continue
    refuse(
      `Item '${String(item.id)}' of type 'reasoning' was provided without its required following item.`,
      'input',
    )
  }
}
