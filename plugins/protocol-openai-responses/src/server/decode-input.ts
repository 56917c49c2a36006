import { GatewayError, type Json, type JsonObject, type Tool, type Turn } from '@gantry/core'
import { asArray, ownValue, pointerTo, wrongType } from '@gantry/core/codec'
import { readTurn } from '../items.ts'
import { ownExtra } from '../own.ts'
import { checkItem, typeOf } from './check-input.ts'
import { decodeAddedTools } from './decode-tools.ts'

/** What `input` says. */
export interface Input {
  readonly turns: readonly Turn[]
  /** Tools that items of the conversation announce. */
  readonly tools: readonly Tool[]
}

/** Note on the one turn of an `input` that was a string. */
export const stringNote = '$string'

/**
 * Reads `input`: a string is one message of the user, every item is one turn. Absent and null is nothing at all.
 * Throws `invalid_request` that points at the field.
 */
export function decodeInput(body: JsonObject): Input {
  const value = ownValue(body, 'input')
  if (value === undefined || value === null) return { turns: [], tools: [] }
  if (typeof value === 'string') {
    const turn: Turn = {
      role: 'user',
      parts: [{ type: 'text', text: value, at: '/input' }],
      ...ownExtra({ [stringNote]: true }),
      at: '/input',
    }
    return { turns: [turn], tools: [] }
  }
  if (!Array.isArray(value)) throw wrongType('a string or an array of items', value, '/input')
  const items = asArray(value, '/input')
  const tools: Tool[] = []
  const turns = items.map((one, index) => {
    const at = pointerTo('/input', index)
    const item = checkItem(one, at)
    const type = typeOf(item, at)
    if (type === 'compaction_trigger') checkLast(index, items, at)
    if (type === 'additional_tools' || type === 'tool_search_output') {
      tools.push(...decodeAddedTools(item['tools'] as readonly Json[], `${at}/tools`))
    }
    return readTurn(type === item['type'] || type === 'message' ? item : { ...item, type }, at)
  })
  return { turns, tools }
}

/** A trigger asks for everything before it to be compacted, so nothing can follow. */
function checkLast(index: number, items: readonly Json[], at: string): void {
  if (index === items.length - 1) return
  throw new GatewayError({
    class: 'invalid_request',
    code: 'invalid_value',
    param: at,
    message: "Invalid 'input': a 'compaction_trigger' has to be the last item.",
  })
}
