import type { JsonObject } from '@gantry/core'
import { isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import { checkBlock } from './check-block.ts'

/** Roles in order, contents, and that each call is answered by the very next message. Runs of one role are joined, as Anthropic does. */
export function checkTurns(messages: unknown): void {
  if (!Array.isArray(messages)) refuse('messages: Input should be a valid list')
  if (messages.length === 0) refuse('messages: at least one message is required')
  const turns = messages.map((message: unknown, index) =>
    checkMessage(message, index, index === messages.length - 1),
  )
  if (turns[0]?.role !== 'user') {
    refuse(
      turns[0]?.role === 'system'
        ? "messages.0.role: a message with role 'system' cannot come first; use the top-level `system` parameter"
        : 'messages: first message must use the "user" role',
    )
  }
  checkSystemTurns(turns)
  checkPairs(joined(turns))
}

interface Turn {
  readonly index: number
  readonly role: 'user' | 'assistant' | 'system'
  readonly blocks: readonly JsonObject[]
}

function checkMessage(message: unknown, index: number, last: boolean): Turn {
  const at = `messages.${index}`
  if (!isObject(message)) refuse(`${at}: Input should be a valid dictionary`)
  const { role, content } = message
  if (role === undefined) refuse(`${at}.role: Field required`)
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    refuse(`${at}.role: Input should be 'user', 'assistant' or 'system'`)
  }
  for (const name of Object.keys(message)) {
    const own = name === 'role' || name === 'content' || (role === 'system' && name === 'output_config')
    if (!own) refuse(`${at}.${name}: Extra inputs are not permitted`)
  }
  if (content === undefined) refuse(`${at}.content: Field required`)
  if (typeof content !== 'string' && !Array.isArray(content))
    refuse(`${at}.content: Input should be a valid list`)
  if (content.length === 0 && !(last && role === 'assistant')) {
    refuse(
      role === 'assistant'
        ? `${at}: all messages must have non-empty content except for the optional final assistant message`
        : `${at}: ${role} messages must have non-empty content`,
    )
  }
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  for (const [place, block] of blocks.entries()) {
    checkBlock(block, `${at}.content.${place}`, role)
  }
  const end = blocks.at(-1)
  if (last && role === 'assistant' && isObject(end) && typeof end.text === 'string' && /\s$/.test(end.text)) {
    refuse('messages: final assistant content cannot end with trailing whitespace')
  }
  return { index, role, blocks: objects(blocks) }
}

/** A system message goes after a user message, and before an assistant one or at the end. */
function checkSystemTurns(turns: readonly Turn[]): void {
  for (const [index, turn] of turns.entries()) {
    if (turn.role !== 'system') continue
    const next = turns[index + 1]
    const before = turns[index - 1]
    const serverTools = before?.blocks.at(-1)?.type === 'server_tool_use'
    if (before?.role === 'assistant' && !serverTools) {
      refuse(`messages.${index}.role: a message with role 'system' must follow a user message`)
    }
    if (next && next.role !== 'assistant') {
      refuse(
        `messages.${index}.role: a message with role 'system' must come last or before an assistant message`,
      )
    }
  }
}

function joined(turns: readonly Turn[]): readonly Turn[] {
  const runs: Turn[] = []
  for (const turn of turns) {
    if (turn.role === 'system') continue
    const last = runs.at(-1)
    if (last?.role === turn.role)
      runs[runs.length - 1] = { ...last, blocks: [...last.blocks, ...turn.blocks] }
    else runs.push(turn)
  }
  return runs
}

function checkPairs(turns: readonly Turn[]): void {
  const seen = new Set<string>()
  for (const [place, turn] of turns.entries()) {
    const results = turn.blocks.filter((block) => block.type === 'tool_result')
    const calls = place > 0 ? callsOf(turns[place - 1]) : []
    if (turn.role === 'user') {
      for (const [at, result] of turn.blocks.entries()) {
        if (result.type !== 'tool_result' || calls.includes(String(result.tool_use_id))) continue
        refuse(
          `messages.${turn.index}.content.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(result.tool_use_id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
        )
      }
    }
    // Results come first: those behind other content do not count as the answer.
    const first = turn.blocks.findIndex((block) => block.type !== 'tool_result')
    const counted = (first < 0 ? results : turn.blocks.slice(0, first)).map((block) =>
      String(block.tool_use_id),
    )
    const open = calls.filter((id) => !counted.includes(id))
    if (open.length > 0) {
      refuse(
        `messages.${turns[place - 1]?.index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
      )
    }
    if (new Set(counted).size < counted.length) {
      refuse(
        `messages.${turn.index}.content: each tool_use must have a single result. Found multiple \`tool_result\` blocks with the same id`,
      )
    }
    for (const id of callsOf(turn)) {
      if (seen.has(id)) refuse(`messages.${turn.index}.content: \`tool_use\` ids must be unique`)
      seen.add(id)
    }
  }
  const last = turns.at(-1)
  const open = callsOf(last)
  if (open.length > 0) {
    refuse(
      `messages.${last?.index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    )
  }
}

function callsOf(turn: Turn | undefined): readonly string[] {
  if (turn?.role !== 'assistant') return []
  return turn.blocks.flatMap((block) => (block.type === 'tool_use' ? [String(block.id)] : []))
}

/** Refuses two turns of one role in a row, as hosts do that do not join them. */
export function checkAlternation(body: JsonObject): void {
  const roles = objects(body.messages).map((message) => message.role)
  const at = roles.findIndex((role, index) => index > 0 && role === roles[index - 1])
  if (at < 0) return
  refuse(
    `messages: roles must alternate between "user" and "assistant", but found multiple "${String(roles[at])}" roles in a row`,
  )
}
