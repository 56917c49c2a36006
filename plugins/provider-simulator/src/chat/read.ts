import type { JsonObject } from '@gantry/core'
import { isObject, objects, text } from '../json.ts'
import { base64Bytes, mediaOfUrl } from '../prompt.ts'
import type { GivenTool, Media, Prompt, PromptUnit, ToolResult } from '../prompt.ts'
import { promptAt, words } from '../spoken.ts'
import type { Turn } from '../spoken.ts'
import { mediaTokens, promptTokens } from '../tokens.ts'

/** Reads a checked body of the chat wire. */
export function readChat(body: JsonObject): Prompt {
  const messages = objects(body.messages)
  const lastPrompt = promptAt(messages.map(turnOf))
  const lastAssistant = messages.findLastIndex((one) => one.role === 'assistant')
  const recent = messages.slice(lastAssistant + 1)
  const limit = body.max_completion_tokens ?? body.max_tokens
  const json = jsonOf(body.response_format)
  return {
    model: text(body.model) ?? '',
    stream: body.stream === true,
    text: words(contentTexts(messages[lastPrompt]?.content)),
    round: messages.slice(lastPrompt + 1).filter((one) => one.role === 'assistant').length,
    results: resultsOf(messages[lastAssistant], recent),
    media: recent.flatMap((one) => objects(one.content).flatMap(mediaOf)),
    tools: objects(body.tools).flatMap(toolOf),
    choice: choiceOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    ...(typeof limit === 'number' && { maxTokens: limit }),
    stop:
      typeof body.stop === 'string' ? [body.stop] : Array.isArray(body.stop) ? body.stop.filter(isText) : [],
    ...(json && { json }),
    choices: typeof body.n === 'number' ? body.n : 1,
    reasoning: body.reasoning_effort === 'none' ? 'off' : 'shown',
    units: unitsOf(body, messages),
  }
}

function turnOf({ role, content }: JsonObject): Turn {
  const kind = role === 'tool' ? 'results' : role === 'user' || role === 'assistant' ? role : 'other'
  return { kind, texts: role === 'tool' ? [] : contentTexts(content) }
}

function contentText(content: unknown): string {
  return contentTexts(content).join('\n')
}

function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return objects(content).flatMap((part) =>
    part.type === 'text' && typeof part.text === 'string' ? [part.text] : [],
  )
}

function resultsOf(assistant: JsonObject | undefined, recent: readonly JsonObject[]): readonly ToolResult[] {
  const calls = objects(assistant?.tool_calls)
  return recent
    .filter((one) => one.role === 'tool')
    .map((one) => {
      const call = calls.find((made) => made.id === one.tool_call_id)
      const named = isObject(call?.function) ? call.function : call?.custom
      const name = (isObject(named) ? text(named.name) : undefined) ?? 'unknown'
      return { name, text: contentText(one.content), isError: false }
    })
}

function mediaOf(part: JsonObject): readonly Media[] {
  if (part.type === 'image_url' && isObject(part.image_url)) {
    return [mediaOfUrl('image', text(part.image_url.url) ?? '')]
  }
  if (part.type === 'input_audio' && isObject(part.input_audio)) {
    const { data, format } = part.input_audio
    return [{ kind: 'audio', mediaType: `audio/${text(format) ?? ''}`, bytes: base64Bytes(text(data) ?? '') }]
  }
  if (part.type === 'file' && isObject(part.file))
    return [mediaOfUrl('file', text(part.file.file_data) ?? '')]
  return []
}

function toolOf(tool: JsonObject): readonly GivenTool[] {
  const kind = tool.type === 'custom' ? 'custom' : 'function'
  const made = tool[kind]
  if (!isObject(made)) return []
  const schema = isObject(made.parameters) ? made.parameters : { type: 'object' }
  return [{ name: text(made.name) ?? '', kind, schema }]
}

function choiceOf(choice: unknown): Prompt['choice'] {
  if (choice === 'none' || choice === 'required') return choice
  if (!isObject(choice)) return 'auto'
  if (isObject(choice.allowed_tools)) return choice.allowed_tools.mode === 'required' ? 'required' : 'auto'
  const named = isObject(choice.function) ? choice.function : choice.custom
  const name = isObject(named) ? text(named.name) : undefined
  return name === undefined ? 'auto' : { name }
}

function jsonOf(format: unknown): Prompt['json'] {
  if (!isObject(format)) return undefined
  if (format.type === 'json_object') return {}
  if (format.type !== 'json_schema' || !isObject(format.json_schema)) return undefined
  const schema = format.json_schema.schema
  return isObject(schema) ? { schema } : {}
}

function unitsOf(body: JsonObject, messages: readonly JsonObject[]): readonly PromptUnit[] {
  const units: PromptUnit[] = []
  if (body.tools) units.push(unit(JSON.stringify(body.tools), 0, false))
  for (const message of messages) {
    const parts = objects(message.content)
    const media = parts.filter((part) => mediaOf(part).length > 0)
    const rest =
      media.length === 0 ? message : { ...message, content: parts.filter((part) => !media.includes(part)) }
    const key = JSON.stringify(message)
    units.push({
      ...unit(media.length === 0 ? key : JSON.stringify(rest), media.length, message.role === 'assistant'),
      key,
    })
  }
  return units
}

function unit(key: string, media: number, assistant: boolean): PromptUnit {
  return { key, tokens: promptTokens(key) + media * mediaTokens, assistant }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
