import type { JsonObject } from '@gantry/core'
import { absent, isObject } from '../json.ts'
import { refuse } from '../refusal.ts'
import { missing, toolName, tooLong, unknownField, unsupported, wrongType } from '../words.ts'
import { checkTool } from './check-tools.ts'
import { anyItem, checkedItems, hostedItems, partFields } from './fields.ts'
import { unseal } from './seal.ts'

/** Each item of an input on its own: its type, its fields, the parts of its content. */
export function checkItems(input: readonly unknown[]): void {
  for (const [index, item] of input.entries()) checkItem(item, `input[${index}]`, index === input.length - 1)
}

/** What an item is: messages and references may leave their type out. */
export function typeOf(item: JsonObject): string | undefined {
  if (!absent(item.type)) return typeof item.type === 'string' ? item.type : ''
  if (item.role !== undefined) return 'message'
  return item.id === undefined ? undefined : 'item_reference'
}

function checkItem(item: unknown, at: string, last: boolean): void {
  if (!isObject(item)) wrongType(at, 'an object', item)
  const type = typeOf(item)
  if (type === undefined) missing(`${at}.type`)
  if (hostedItems.includes(type)) return
  const shape = Object.hasOwn(checkedItems, type) ? checkedItems[type] : undefined
  if (!shape) unsupported(at, type, [...hostedItems, ...Object.keys(checkedItems)].toSorted())
  for (const name of Object.keys(item)) {
    if (!anyItem.includes(name) && !shape.fields.includes(name)) unknownField(`${at}.${name}`)
  }
  for (const name of shape.required) if (item[name] === undefined) missing(`${at}.${name}`)
  checkIds(item, at, shape.prefix)
  checkers[type]?.(item, at)
  if (type === 'compaction_trigger' && !last) {
    refuse("Item 'compaction_trigger' must be the last item of the input.", at, 'invalid_value')
  }
}

function checkIds({ id, call_id: callId }: JsonObject, at: string, prefix: string | undefined): void {
  if (!absent(id)) {
    if (typeof id !== 'string') wrongType(`${at}.id`, 'a string', id)
    tooLong(`${at}.id`, 64, id)
    if (prefix !== undefined && !id.startsWith(prefix)) {
      refuse(
        `Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`,
        `${at}.id`,
        'invalid_value',
      )
    }
  }
  if (absent(callId)) return
  if (typeof callId !== 'string') wrongType(`${at}.call_id`, 'a string', callId)
  if (callId === '') {
    refuse(
      `Invalid '${at}.call_id': empty string. Expected a string with minimum length 1, but got an empty string instead.`,
      `${at}.call_id`,
      'empty_string',
    )
  }
  tooLong(`${at}.call_id`, 64, callId)
}

const checkers: { readonly [type: string]: (item: JsonObject, at: string) => void } = {
  message: checkMessage,
  reasoning: checkReasoning,
  function_call(item, at) {
    toolName(item.name, `${at}.name`)
    if (typeof item.arguments !== 'string') wrongType(`${at}.arguments`, 'a string', item.arguments)
  },
  custom_tool_call(item, at) {
    toolName(item.name, `${at}.name`)
    if (typeof item.input !== 'string') wrongType(`${at}.input`, 'a string', item.input)
  },
  function_call_output: checkOutput,
  custom_tool_call_output: checkOutput,
  compaction(item, at) {
    checkSealed(item, at)
  },
  tool_search_output: checkMoreTools,
  additional_tools: checkMoreTools,
}

function checkMoreTools({ tools }: JsonObject, at: string): void {
  if (!Array.isArray(tools)) wrongType(`${at}.tools`, 'an array of objects', tools)
  for (const [index, tool] of tools.entries()) checkTool(tool, `${at}.tools[${index}]`)
}

const roles = ['assistant', 'system', 'developer', 'user']

function checkMessage({ role, content }: JsonObject, at: string): void {
  if (typeof role !== 'string' || !roles.includes(role)) unsupported(`${at}.role`, role, roles)
  if (typeof content === 'string') return
  checkParts(content, `${at}.content`, role === 'assistant' ? said : given)
}

const said = ['output_text', 'refusal']
const given = ['input_text', 'input_image', 'input_file']

function checkOutput({ output }: JsonObject, at: string): void {
  if (typeof output !== 'string') checkParts(output, `${at}.output`, given)
}

function checkParts(parts: unknown, at: string, types: readonly string[]): void {
  if (!Array.isArray(parts)) wrongType(at, 'one of an array of objects or a string', parts)
  for (const [index, part] of parts.entries()) {
    const where = `${at}[${index}]`
    if (!isObject(part)) wrongType(where, 'an object', part)
    if (part.type === undefined) missing(`${where}.type`)
    if (!types.includes(String(part.type))) unsupported(where, part.type, types)
    const known = partFields[String(part.type)] ?? []
    for (const name of Object.keys(part)) {
      if (name !== 'type' && !known.includes(name)) unknownField(`${where}.${name}`)
    }
    const words = part.type === 'refusal' ? 'refusal' : 'text'
    if (part.type === 'input_image') checkImage(part, where)
    else if (part.type !== 'input_file' && typeof part[words] !== 'string') {
      if (part[words] === undefined) missing(`${where}.${words}`)
      wrongType(`${where}.${words}`, 'a string', part[words])
    }
  }
}

function checkImage({ image_url: url, file_id: file }: JsonObject, at: string): void {
  if (absent(url)) return void (absent(file) && missing(`${at}.image_url`))
  if (typeof url !== 'string') wrongType(`${at}.image_url`, 'an image URL', url)
  if (/^(?:https?:\/\/|data:image\/(?:png|jpe?g|gif|webp);base64,)/i.test(url)) return
  refuse(
    `Invalid '${at}.image_url'. Expected a valid URL, but got a value with an invalid format.`,
    `${at}.image_url`,
    'invalid_value',
  )
}

function checkReasoning(item: JsonObject, at: string): void {
  if (!Array.isArray(item.summary)) wrongType(`${at}.summary`, 'an array of objects', item.summary)
  for (const [index, part] of item.summary.entries()) {
    const where = `${at}.summary[${index}]`
    if (!isObject(part)) wrongType(where, 'an object', part)
    if (part.type !== 'summary_text') unsupported(`${where}.type`, part.type, ['summary_text'])
    if (typeof part.text !== 'string') missing(`${where}.text`)
  }
  if (Array.isArray(item.content) && item.content.length > 0) {
    refuse(
      `Invalid '${at}.content': array too long. Expected an array with maximum length 0, but got an array with length ${item.content.length} instead.`,
      `${at}.content`,
      'array_above_max_length',
    )
  }
  if (absent(item.encrypted_content)) return void (absent(item.id) && missing(`${at}.id`))
  checkSealed(item, at)
}

function checkSealed({ encrypted_content: sealed, id }: JsonObject, at: string): void {
  if (typeof sealed !== 'string') wrongType(`${at}.encrypted_content`, 'a string', sealed)
  const { state } = unseal(sealed, typeof id === 'string' ? id : undefined)
  if (state === 'own') return
  const shown = sealed.length > 8 ? `${sealed.slice(0, 4)}...${sealed.slice(-4)}` : sealed
  const reason =
    state === 'foreign'
      ? 'Encrypted content could not be decrypted or parsed.'
      : 'Encrypted content item_id did not match the target item id.'
  refuse(
    `The encrypted content ${shown} could not be verified. Reason: ${reason}`,
    null,
    'invalid_encrypted_content',
  )
}
