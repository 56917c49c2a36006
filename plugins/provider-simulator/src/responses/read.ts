import type { JsonObject } from '@gantry/core'
import { isObject, objects, text } from '../json.ts'
import { mediaOfUrl } from '../prompt.ts'
import type { GivenTool, Media, Prompt, PromptUnit, ToolResult } from '../prompt.ts'
import { promptAt, words } from '../spoken.ts'
import type { Turn } from '../spoken.ts'
import { mediaTokens, promptTokens } from '../tokens.ts'
import type { Operation } from '../wire.ts'
import { isCompaction } from './check.ts'
import { typeOf } from './check-items.ts'
import { unseal } from './seal.ts'
import { itemsOf } from './store.ts'

/** Reads a checked body of the responses wire, its input being the whole conversation. */
export function readResponses(body: JsonObject, operation: Operation): Prompt {
  const items = itemsOf(body.input)
  const compacting = operation === 'compact' || isCompaction(body)
  const asked = promptAt(items.map(turnOf))
  const lastSaid = items.findLastIndex(isSaid)
  const recent = items.slice(lastSaid + 1)
  const config = isObject(body.text) && isObject(body.text.format) ? body.text.format : {}
  const reasoning = isObject(body.reasoning) ? body.reasoning : {}
  return {
    model: text(body.model) ?? '',
    stream: body.stream === true,
    // A conversation is made shorter whatever its last message asked for.
    text: compacting ? '' : words(contentTexts(items[asked]?.content)),
    round: turnsOf(items.slice(asked + 1)),
    results: resultsOf(items, recent),
    media: recent.flatMap((item) => [...objects(item.content), ...objects(item.output)]).flatMap(mediaOf),
    tools: compacting ? [] : toolsOf(body, items),
    choice: compacting ? 'auto' : choiceOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    ...(typeof body.max_output_tokens === 'number' && { maxTokens: body.max_output_tokens }),
    stop: [],
    ...(config.type === 'json_object' && { json: {} }),
    ...(config.type === 'json_schema' && { json: isObject(config.schema) ? { schema: config.schema } : {} }),
    choices: 1,
    reasoning:
      reasoning.effort === 'none'
        ? 'off'
        : typeof (reasoning.summary ?? reasoning.generate_summary) === 'string'
          ? 'shown'
          : 'omitted',
    units: unitsOf(body, items),
  }
}

function turnOf(item: JsonObject): Turn {
  const type = typeOf(item) ?? ''
  const texts = type === 'message' ? contentTexts(item.content) : []
  if (answers.includes(type)) return { kind: 'results', texts }
  if (isSaid(item)) return { kind: 'assistant', texts }
  return { kind: type === 'message' && item.role === 'user' ? 'user' : 'other', texts }
}

function contentTexts(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content]
  return objects(content).flatMap((part) => (typeof part.text === 'string' ? [part.text] : []))
}

const answers = ['function_call_output', 'custom_tool_call_output', 'tool_search_output']

/** Whether the model made an item. */
function isSaid(item: JsonObject): boolean {
  const type = typeOf(item) ?? ''
  if (type === 'message') return item.role === 'assistant'
  return type === 'reasoning' || type === 'compaction' || type.endsWith('_call')
}

/** How often the model spoke: items without an answer in between are one turn, and a compaction stands for many. */
function turnsOf(items: readonly JsonObject[]): number {
  let turns = 0
  let speaking = false
  for (const item of items) {
    const compacted = typeOf(item) === 'compaction'
    if (compacted) turns += roundsOf(item)
    else if (isSaid(item) && !speaking) turns++
    speaking = isSaid(item) && !compacted
  }
  return turns
}

function roundsOf(item: JsonObject): number {
  const found = unseal(text(item.encrypted_content) ?? '', undefined)
  return found.state === 'own' ? found.held : 0
}

function resultsOf(items: readonly JsonObject[], recent: readonly JsonObject[]): readonly ToolResult[] {
  const outputs = recent.filter((item) => answers.includes(typeOf(item) ?? ''))
  if (outputs.length === 0) return []
  const names = new Map(
    items.flatMap((item) =>
      typeof item.call_id === 'string' && typeOf(item)?.endsWith('_call')
        ? [[item.call_id, text(item.name) ?? 'tool_search'] as const]
        : [],
    ),
  )
  return outputs.map((item) => ({
    name: names.get(String(item.call_id)) ?? 'unknown',
    text: item.output === undefined ? loaded(item) : contentTexts(item.output).join('\n'),
    isError: false,
  }))
}

function loaded({ tools }: JsonObject): string {
  return objects(tools)
    .map((tool) => text(tool.name) ?? '')
    .join(', ')
}

function mediaOf(part: JsonObject): readonly Media[] {
  if (part.type === 'input_image') return [mediaOfUrl('image', text(part.image_url) ?? '')]
  if (part.type === 'input_file') return [mediaOfUrl('file', text(part.file_data) ?? '')]
  return []
}

/** The tools of the request, and those that items brought along later. */
function toolsOf(body: JsonObject, items: readonly JsonObject[]): readonly GivenTool[] {
  const brought = items.filter((item) =>
    ['tool_search_output', 'additional_tools'].includes(typeOf(item) ?? ''),
  )
  return [body, ...brought].flatMap(({ tools }) => objects(tools)).flatMap((tool) => toolOf(tool))
}

function toolOf(tool: JsonObject, namespace?: string): readonly GivenTool[] {
  if (tool.type === 'namespace') return objects(tool.tools).flatMap((one) => toolOf(one, text(tool.name)))
  const schema = isObject(tool.parameters) ? tool.parameters : { type: 'object' }
  const group = namespace === undefined ? {} : { namespace }
  if (tool.type === 'tool_search')
    return tool.execution === 'client' ? [{ name: 'tool_search', kind: 'search', schema }] : []
  if (tool.type !== 'function' && tool.type !== 'custom') return []
  return [{ name: text(tool.name) ?? '', kind: tool.type, schema, ...group }]
}

function choiceOf(choice: unknown): Prompt['choice'] {
  if (choice === 'none' || choice === 'required') return choice
  if (!isObject(choice)) return 'auto'
  if (choice.type === 'allowed_tools') return choice.mode === 'required' ? 'required' : 'auto'
  return typeof choice.name === 'string' ? { name: choice.name } : 'auto'
}

function unitsOf(body: JsonObject, items: readonly JsonObject[]): readonly PromptUnit[] {
  const units: PromptUnit[] = []
  const add = (value: unknown, media: readonly JsonObject[], assistant: boolean): void => {
    const key = JSON.stringify(value)
    const weight = media.reduce(
      (bytes, part) => bytes + (text(part.image_url ?? part.file_data) ?? '').length,
      0,
    )
    const tokens = Math.max(1, promptTokens(key) - Math.ceil(weight / 4)) + media.length * mediaTokens
    units.push({ key, tokens, assistant })
  }
  if (body.tools) add(body.tools, [], false)
  if (typeof body.instructions === 'string') add(body.instructions, [], false)
  for (const item of items) {
    const parts = [...objects(item.content), ...objects(item.output)]
    add(
      item,
      parts.filter((part) => mediaOf(part).length > 0),
      isSaid(item),
    )
  }
  return units
}
