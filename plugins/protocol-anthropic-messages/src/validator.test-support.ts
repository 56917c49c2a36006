import type { Json, JsonObject } from '@gantry/core'

const knownFields = new Set([
  'model',
  'max_tokens',
  'cache_control',
  'system',
  'messages',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'service_tier',
  'stream',
])
const name = /^[a-zA-Z0-9_-]{1,128}$/
const id = /^[a-zA-Z0-9_-]+$/

/** What Anthropic's API would refuse about a request body; empty when it would take it. Written from its documentation. */
export function refusals(body: JsonObject): readonly string[] {
  const problems: string[] = []
  const check = (fine: boolean, problem: string): void => {
    if (!fine) problems.push(problem)
  }
  for (const key of Object.keys(body)) check(knownFields.has(key), `${key}: extra inputs are not permitted`)
  const maxTokens = body['max_tokens']
  check(typeof maxTokens === 'number' && Number.isInteger(maxTokens) && maxTokens >= 1, 'max_tokens')
  check(typeof body['model'] === 'string' && body['model'] !== '', 'model')
  checkMessages(objects(body['messages']), check)
  checkTools(body, check)
  if (body['system'] !== undefined) {
    const blocks =
      typeof body['system'] === 'string' ? [{ type: 'text', text: body['system'] }] : objects(body['system'])
    check(blocks.length > 0, 'system: empty')
    for (const block of blocks)
      check(block['type'] === 'text' && !blank(block['text']), 'system: blank or no text')
  }
  const thinking = object(body['thinking'])
  if (thinking['type'] === 'enabled') {
    const budget = thinking['budget_tokens']
    check(typeof budget === 'number' && budget >= 1024 && budget < Number(maxTokens), 'budget_tokens')
    check(body['temperature'] === undefined || body['temperature'] === 1, 'temperature with thinking')
    const choice = object(body['tool_choice'])['type']
    check(choice === undefined || choice === 'auto' || choice === 'none', 'forced tools with thinking')
  }
  const temperature = body['temperature']
  check(
    temperature === undefined || (Number(temperature) >= 0 && Number(temperature) <= 1),
    'temperature: 0 to 1',
  )
  check(temperature === undefined || body['top_p'] === undefined, 'temperature and top_p')
  for (const stop of array(body['stop_sequences'])) check(!blank(stop), 'stop_sequences: blank')
  check(count(body, 'cache_control') <= 4, 'more than 4 cache breakpoints')
  return problems
}

type Check = (fine: boolean, problem: string) => void

function checkMessages(messages: readonly JsonObject[], check: Check): void {
  check(messages.length > 0, 'messages: at least one')
  check(messages[0]?.['role'] === 'user', 'messages: the first is not a user')
  const used = new Set<Json | undefined>()
  messages.forEach((message, index) => {
    const role = message['role']
    const before = messages[index - 1]?.['role']
    const after = messages[index + 1]?.['role']
    const where = `messages.${index}`
    check(role === 'user' || role === 'assistant' || role === 'system', `${where}: role ${String(role)}`)
    check(role !== before, `${where}: ${String(role)} twice`)
    if (role === 'system') {
      check(before === 'user', `${where}: system after ${String(before)}`)
      check(after === undefined || after === 'assistant', `${where}: system before ${String(after)}`)
    }
    const blocks = objects(message['content'])
    check(blocks.length > 0, `${where}: no content`)
    const calls = blocks.filter((block) => block['type'] === 'tool_use').map((block) => block['id'])
    check(calls.length === 0 || role === 'assistant', `${where}: tool_use of a ${String(role)}`)
    for (const call of calls) {
      check(typeof call === 'string' && id.test(call), `${where}: id ${String(call)}`)
      check(!used.has(call), `${where}: id ${String(call)} twice`)
      used.add(call)
    }
    const expected = new Set(
      objects(messages[index - 1]?.['content'])
        .filter((block) => block['type'] === 'tool_use')
        .map((block) => block['id']),
    )
    const results = blocks.filter((block) => block['type'] === 'tool_result')
    check(
      results.length === expected.size &&
        results.every((block) => expected.has(block['tool_use_id'] ?? null)),
      `${where}: results do not answer the calls before`,
    )
    check(
      blocks.slice(0, results.length).every((block) => block['type'] === 'tool_result'),
      `${where}: results are not first`,
    )
    blocks.forEach((block, at) => checkBlock(block, role, `${where}.content.${at}`, check))
  })
  const last = messages.at(-1)
  const calls = objects(last?.['content']).some((block) => block['type'] === 'tool_use')
  check(!calls, 'messages: the last calls have no result')
}

function checkBlock(block: JsonObject, role: Json | undefined, where: string, check: Check): void {
  switch (block['type']) {
    case 'text':
      return check(!blank(block['text']), `${where}: blank text`)
    case 'tool_use':
      check(typeof block['name'] === 'string' && name.test(block['name']), `${where}: name`)
      return check(isObject(block['input']), `${where}: input is no object`)
    case 'tool_result':
      for (const inner of objects(block['content'])) checkBlock(inner, role, where, check)
      return
    case 'thinking':
      check(typeof block['signature'] === 'string' && block['signature'] !== '', `${where}: no signature`)
      return check(role === 'assistant', `${where}: thinking of a ${String(role)}`)
    case 'image':
    case 'document':
      check(role === 'user', `${where}: media of a ${String(role)}`)
      return check(isObject(block['source']), `${where}: no source`)
    default:
  }
}

function checkTools(body: JsonObject, check: Check): void {
  const tools = objects(body['tools'])
  check(body['tools'] === undefined || tools.length > 0, 'tools: empty')
  const names = tools.map((tool) => tool['name'])
  check(new Set(names).size === names.length, 'tools: names are not unique')
  for (const tool of tools) {
    check(typeof tool['name'] === 'string' && name.test(tool['name']), `tools: name ${String(tool['name'])}`)
    const custom = tool['type'] === undefined || tool['type'] === 'custom'
    check(!custom || object(tool['input_schema'])['type'] === 'object', 'tools: input_schema is no object')
    check(tool['description'] !== '', 'tools: empty description')
  }
  const choice = object(body['tool_choice'])
  if (body['tool_choice'] === undefined) return
  check(tools.length > 0, 'tool_choice without tools')
  if (choice['type'] === 'tool') check(names.includes(choice['name']), 'tool_choice: unknown tool')
}

function count(node: Json | undefined, key: string): number {
  if (typeof node !== 'object' || node === null) return 0
  return Object.entries(node).reduce(
    (sum, [at, value]) => sum + (at === key ? 1 : count(value as Json, key)),
    0,
  )
}

function blank(value: Json | undefined): boolean {
  return typeof value !== 'string' || value.trim() === ''
}

function isObject(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? (value as JsonObject) : {}
}

function array(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return array(value).map(object)
}
