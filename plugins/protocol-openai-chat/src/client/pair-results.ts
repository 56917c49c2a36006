import type { Json, JsonObject, Loss, Report } from '@gantry/core'
import { name as protocol, objectsOf, stringOf } from '../own.ts'

/**
 * Puts each result right behind the message that called, as chat demands. A call without a result gets one that says
 * so (agents replay interrupted calls); a result without a call becomes a user's text. For conversations of other
 * protocols only: a chat client's own mistakes are its upstream's to answer.
 */
export function pairResults(messages: readonly JsonObject[], report: Report): readonly JsonObject[] {
  const results = new Map<string, JsonObject[]>()
  const called = new Set<string>()
  for (const message of messages) {
    const id = stringOf(message['tool_call_id'])
    if (message['role'] === 'tool' && id !== undefined) {
      const queue = results.get(id)
      if (queue) queue.push(message)
      else results.set(id, [message])
    }
    for (const call of objectsOf(message['tool_calls'])) called.add(stringOf(call['id']) ?? '')
  }
  if (results.size === 0 && called.size === 0) return messages
  const lose = (what: string, how: Loss['how'] = 'approximated'): void =>
    report({ pointer: '/messages', what, how, target: protocol })

  const paired: JsonObject[] = []
  for (const message of messages) {
    if (message['role'] === 'tool') {
      const id = stringOf(message['tool_call_id']) ?? ''
      if (called.has(id)) continue
      lose('tool_result.orphan')
      paired.push({ role: 'user', content: orphanText(message['content']) })
      continue
    }
    paired.push(message)
    for (const call of objectsOf(message['tool_calls'])) {
      const id = stringOf(call['id']) ?? ''
      const found = results.get(id)?.shift()
      if (!found) lose('tool_call.unanswered')
      paired.push(
        found ?? { role: 'tool', tool_call_id: id, content: 'No result: the call was interrupted.' },
      )
    }
  }
  for (const rest of results.values())
    if (rest.length > 0 && called.has(stringOf(rest[0]?.['tool_call_id']) ?? ''))
      lose('tool_result.duplicate', 'dropped')
  return paired
}

function orphanText(content: Json | undefined): Json {
  const lead = 'Result of an earlier tool call:'
  if (typeof content === 'string') return `${lead}\n${content}`
  return [{ type: 'text', text: lead }, ...objectsOf(content)]
}
