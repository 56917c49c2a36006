import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import type { Operation } from '../wire.ts'
import { checkTurns } from './check-turns.ts'

const fields = [
  'model',
  'messages',
  'cache_control',
  'container',
  'inference_geo',
  'max_tokens',
  'metadata',
  'output_config',
  'service_tier',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
]

/** Fields that say how to answer, which is nothing that is counted. */
const answering = [
  'container',
  'inference_geo',
  'max_tokens',
  'metadata',
  'service_tier',
  'stop_sequences',
  'stream',
  'temperature',
  'top_k',
  'top_p',
]

/** Known only to those who ask for a beta. */
const betaFields = [
  'context_management',
  'mcp_servers',
  'output_format',
  'speed',
  'user_profile_id',
  'safeguards',
  'diagnostics',
]

/** Versions of the wire; from the second on, sampling fields are gone. */
const versions = ['2023-01-01', '2023-06-01', '2026-10-21']

/** Refuses what Anthropic refuses on the messages wire, in its words. */
export function checkMessages(body: JsonObject, headers: Headers, operation: Operation = 'generate'): void {
  const version = headers.get('anthropic-version')
  if (version === null) refuse('anthropic-version: header is required')
  if (!versions.includes(version))
    refuse(`anthropic-version: "${version.slice(0, 40)}" is not a valid version`)
  const known = headers.has('anthropic-beta') ? [...fields, ...betaFields] : fields
  for (const name of Object.keys(body)) {
    const foreign = !known.includes(name) || (operation === 'count' && answering.includes(name))
    if (foreign) refuse(`${name}: Extra inputs are not permitted`)
  }
  for (const name of ['model', 'max_tokens', 'messages']) {
    if (name === 'max_tokens' && operation === 'count') continue
    if (body[name] === undefined) refuse(`${name}: Field required`)
  }
  if (typeof body.model !== 'string') refuse('model: Input should be a valid string')
  if (body.model === '') refuse('model: String should have at least 1 character')
  if (operation !== 'count') whole(body.max_tokens, 'max_tokens', 1)
  if (!absent(body.stream) && typeof body.stream !== 'boolean')
    refuse('stream: Input should be a valid boolean')
  checkSampling(body, version)
  checkStopSequences(body.stop_sequences)
  checkSystem(body.system)
  checkThinking(body)
  checkTools(body)
  checkTurns(body.messages)
  checkBreakpoints(body)
}

function checkSampling(body: JsonObject, version: string): void {
  for (const name of ['temperature', 'top_p', 'top_k'] as const) {
    const value = body[name]
    if (value === undefined) continue
    if (version >= '2026-10-21') refuse(`${name}: Extra inputs are not permitted`)
    if (typeof value !== 'number') refuse(`${name}: Input should be a valid number`)
    if (value < 0) refuse(`${name}: Input should be greater than or equal to 0`)
    if (name !== 'top_k' && value > 1) refuse(`${name}: Input should be less than or equal to 1`)
  }
}

function checkStopSequences(stop: unknown): void {
  if (stop === undefined) return
  if (!Array.isArray(stop)) refuse('stop_sequences: Input should be a valid list')
  for (const [index, one] of stop.entries()) {
    if (typeof one !== 'string') refuse(`stop_sequences.${index}: Input should be a valid string`)
    if (one.trim() === '') refuse('stop_sequences: each stop sequence must contain non-whitespace')
  }
}

function checkSystem(system: unknown): void {
  if (system === undefined || typeof system === 'string') return
  if (!Array.isArray(system)) refuse('system: Input should be a valid list')
  for (const [index, block] of system.entries()) {
    if (!isObject(block) || block.type !== 'text') refuse(`system.${index}.type: Input should be 'text'`)
    if (block.text === '') refuse('system: text content blocks must be non-empty')
    if (typeof block.text !== 'string') refuse(`system.${index}.text: Field required`)
  }
}

function checkThinking(body: JsonObject): void {
  const { thinking, tool_choice: choice } = body
  if (thinking === undefined) return
  if (!isObject(thinking)) refuse('thinking: Input should be a valid dictionary')
  if (thinking.type === 'disabled' || thinking.type === 'adaptive' || thinking.type === 'between_tools')
    return
  if (thinking.type !== 'enabled') {
    refuse(
      `thinking: Input tag '${String(thinking.type)}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'`,
    )
  }
  whole(thinking.budget_tokens, 'thinking.enabled.budget_tokens', 1024)
  if (typeof thinking.budget_tokens === 'number' && Number(body.max_tokens) <= thinking.budget_tokens) {
    refuse('`max_tokens` must be greater than `thinking.budget_tokens`.')
  }
  if (body.temperature !== undefined && body.temperature !== 1) {
    refuse('`temperature` may only be set to 1 when thinking is enabled.')
  }
  if (body.top_k !== undefined) refuse('`top_k` must be unset when thinking is enabled.')
  if (isObject(choice) && (choice.type === 'any' || choice.type === 'tool')) {
    refuse('Thinking may not be enabled when tool_choice forces tool use.')
  }
}

function checkTools({ tools, tool_choice: choice }: JsonObject): void {
  const names = new Set<string>()
  if (tools !== undefined && !Array.isArray(tools)) refuse('tools: Input should be a valid list')
  for (const [index, tool] of objects(tools).entries()) {
    const at = `tools.${index}`
    const client = absent(tool.type) || tool.type === 'custom'
    if (client) {
      if (typeof tool.name !== 'string') refuse(`${at}.custom.name: Field required`)
      if (!/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name)) {
        refuse(`${at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`)
      }
      if (!isObject(tool.input_schema)) refuse(`${at}.custom.input_schema: Field required`)
      if (tool.input_schema.type !== 'object') {
        const missing = tool.input_schema.type === undefined
        refuse(`${at}.custom.input_schema.type: ${missing ? 'Field required' : "Input should be 'object'"}`)
      }
    }
    // Anthropic's own tools carry the date of their version.
    if (!client && !/_\d{8}$|^mcp_toolset$/.test(String(tool.type))) {
      refuse(
        `${at}: Input tag '${String(tool.type)}' found using 'type' does not match any of the expected tags`,
      )
    }
    if (typeof tool.name !== 'string') continue
    if (names.has(tool.name)) refuse('tools: Tool names must be unique.')
    names.add(tool.name)
  }
  if (choice === undefined) return
  if (!isObject(choice)) refuse('tool_choice: Input should be a valid dictionary')
  if (!['auto', 'any', 'tool', 'none'].includes(String(choice.type))) {
    refuse(
      `tool_choice: Input tag '${String(choice.type)}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'`,
    )
  }
  if (objects(tools).length === 0 && choice.type !== 'none') {
    refuse('tool_choice: Tool choice may only be specified while providing tools.')
  }
  if (choice.type === 'tool' && !names.has(String(choice.name))) {
    refuse(`Tool '${String(choice.name)}' not found in provided tools`)
  }
}

function checkBreakpoints(body: JsonObject): void {
  const messages = objects(body.messages)
  const blocks = [
    ...objects(body.tools),
    ...objects(body.system),
    ...messages.flatMap((one) => objects(one.content)),
  ]
  const nested = blocks.flatMap((block) => objects(block.content))
  const marked = [...blocks, ...nested].filter((block) => isObject(block.cache_control)).length
  if (marked > 4) refuse(`A maximum of 4 blocks with cache_control may be provided. Found ${marked}.`)
}

function whole(value: unknown, at: string, from: number): void {
  if (value === undefined) refuse(`${at}: Field required`)
  if (typeof value !== 'number' || !Number.isInteger(value)) refuse(`${at}: Input should be a valid integer`)
  if (value < from) refuse(`${at}: Input should be greater than or equal to ${from}`)
}
