import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects, text } from '../json.ts'
import { base64Bytes } from '../prompt.ts'
import type { GivenTool, Media, Prompt, PromptUnit, ToolResult } from '../prompt.ts'
import { promptAt, words } from '../spoken.ts'
import type { Turn } from '../spoken.ts'
import { mediaTokens, promptTokens } from '../tokens.ts'

/** Reads a checked body of the messages wire. */
export function readMessages(body: JsonObject): Prompt {
  const messages = objects(body.messages)
  const lastPrompt = promptAt(messages.map(turnOf))
  const lastAssistant = messages.findLastIndex((one) => one.role === 'assistant')
  // A prefilled answer is continued, so what came before it is still the newest.
  const prefilled = lastAssistant === messages.length - 1
  const before = prefilled
    ? messages.findLastIndex((one, at) => one.role === 'assistant' && at < lastAssistant)
    : lastAssistant
  const recent = messages.slice(before + 1)
  const blocks = recent.flatMap((one) => objects(one.content))
  const results = blocks.filter((block) => block.type === 'tool_result')
  const config = isObject(body.output_config) ? body.output_config : {}
  const format = isObject(config.format)
    ? config.format
    : isObject(body.output_format)
      ? body.output_format
      : undefined
  return {
    model: text(body.model) ?? '',
    stream: body.stream === true,
    text: words(contentTexts(messages[lastPrompt]?.content)),
    round: messages
      .slice(lastPrompt + 1, prefilled ? -1 : undefined)
      .filter((one) => one.role === 'assistant').length,
    results: results.map((block) => resultOf(block, messages[before])),
    media: [...blocks, ...results.flatMap((block) => objects(block.content))].flatMap(mediaOf),
    tools: objects(body.tools).flatMap(toolOf),
    choice: choiceOf(body.tool_choice),
    parallel: !(isObject(body.tool_choice) && body.tool_choice.disable_parallel_tool_use === true),
    ...(typeof body.max_tokens === 'number' && { maxTokens: body.max_tokens }),
    stop: Array.isArray(body.stop_sequences)
      ? body.stop_sequences.filter((one) => typeof one === 'string')
      : [],
    ...(format && { json: isObject(format.schema) ? { schema: format.schema } : {} }),
    choices: 1,
    reasoning: thinkingOf(body.thinking),
    units: unitsOf(body, messages),
  }
}

function turnOf({ role, content }: JsonObject): Turn {
  const texts = contentTexts(content)
  if (role !== 'user') return { kind: role === 'assistant' ? 'assistant' : 'other', texts }
  const results = objects(content).some((block) => block.type === 'tool_result')
  return { kind: results ? 'results' : 'user', texts }
}

function contentText(content: unknown): string {
  return contentTexts(content).join('\n')
}

function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return objects(content).flatMap((block) =>
    block.type === 'text' && typeof block.text === 'string' ? [block.text] : [],
  )
}

function resultOf(block: JsonObject, assistant: JsonObject | undefined): ToolResult {
  const call = objects(assistant?.content).find(
    (made) => made.type === 'tool_use' && made.id === block.tool_use_id,
  )
  return {
    name: text(call?.name) ?? 'unknown',
    text: contentText(block.content),
    isError: block.is_error === true,
  }
}

function mediaOf(block: JsonObject): readonly Media[] {
  const kind = block.type === 'image' ? 'image' : block.type === 'document' ? 'file' : undefined
  if (!kind || !isObject(block.source)) return []
  const { type, data, media_type: mediaType } = block.source
  if (type === 'base64') {
    return [{ kind, mediaType: text(mediaType) ?? '', bytes: base64Bytes(text(data) ?? '') }]
  }
  if (type === 'text') return [{ kind, mediaType: 'text/plain', bytes: Buffer.byteLength(text(data) ?? '') }]
  return [{ kind, mediaType: type === 'url' ? 'a link' : String(type) }]
}

function toolOf(tool: JsonObject): readonly GivenTool[] {
  const client = absent(tool.type) || tool.type === 'custom'
  if (!client) return []
  const schema = isObject(tool.input_schema) ? tool.input_schema : { type: 'object' }
  return [{ name: text(tool.name) ?? '', kind: 'function', schema }]
}

function choiceOf(choice: unknown): Prompt['choice'] {
  if (!isObject(choice)) return 'auto'
  if (choice.type === 'none') return 'none'
  if (choice.type === 'any') return 'required'
  return choice.type === 'tool' ? { name: text(choice.name) ?? '' } : 'auto'
}

function thinkingOf(thinking: unknown): Prompt['reasoning'] {
  if (!isObject(thinking)) return 'shown'
  if (thinking.type === 'disabled') return 'off'
  return thinking.display === 'omitted' ? 'omitted' : 'shown'
}

function unitsOf(body: JsonObject, messages: readonly JsonObject[]): readonly PromptUnit[] {
  const units: PromptUnit[] = []
  const add = (value: unknown, blocks: readonly JsonObject[], assistant: boolean): void => {
    const key = JSON.stringify(value)
    const media = blocks.reduce((bytes, block) => bytes + mediaWeight(block), 0)
    const count = blocks.filter((block) => mediaOf(block).length > 0).length
    const mark = blocks.findLast((block) => isObject(block.cache_control))?.cache_control
    const ttl = isObject(mark) && mark.ttl === '1h' ? '1h' : '5m'
    const tokens = Math.max(1, promptTokens(key) - Math.ceil(media / 4)) + count * mediaTokens
    units.push({ key: unmarked(key), tokens, assistant, ...(mark && { breakpoint: ttl }) })
  }
  if (body.tools) add(body.tools, objects(body.tools), false)
  if (body.system) add(body.system, objects(body.system), false)
  for (const message of messages) add(message, objects(message.content), message.role === 'assistant')
  const last = units.at(-1)
  if (last && isObject(body.cache_control)) {
    units[units.length - 1] = { ...last, breakpoint: body.cache_control.ttl === '1h' ? '1h' : '5m' }
  }
  return units
}

/** Characters of base64 that a picture takes in the JSON text, so that they are not counted as words. */
function mediaWeight(block: JsonObject): number {
  return isObject(block.source) && block.source.type === 'base64' ? (text(block.source.data) ?? '').length : 0
}

// A breakpoint moves on every turn; the prefix before it stays the same prefix.
function unmarked(key: string): string {
  return key.replace(/,?"cache_control":\{[^{}]*\}/g, '')
}
