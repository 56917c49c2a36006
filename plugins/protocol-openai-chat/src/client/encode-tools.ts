import type { FunctionTool, GenerateRequest, Json, JsonObject, Report, Tool, ToolChoice } from '@gantry/core'
import { isObject, jsonSchemaOf } from '@gantry/core/codec'
import { name as protocol, note, ownFields, type Draft } from '../own.ts'
import { encodeHint, reportForeign } from './hints.ts'
import type { Names } from './names.ts'
import type { ChatQuirks } from './quirks.ts'

/** Fields about tools. Nothing is sent without at least one tool: OpenAI answers 400 to an empty list. */
export function encodeTools(
  request: GenerateRequest,
  names: Names,
  quirks: ChatQuirks,
  report: Report,
): Draft {
  const tools: JsonObject[] = []
  const functions: JsonObject[] = []
  const fields: Draft = {}
  const lose = (tool: Tool, index: number, what: string, how: 'dropped' | 'lowered' | 'approximated'): void =>
    report({ pointer: tool.at ?? `/tools/${index}`, what, how, target: protocol })

  const add = (tool: Tool, index: number, namespace?: string): void => {
    reportForeign(tool.extra, tool.at ?? `/tools/${index}`, report)
    const cache = encodeHint(tool.cache, quirks, () => lose(tool, index, 'cache.breakpoint', 'dropped'))
    if (tool.deferred) lose(tool, index, 'tool.deferred', 'dropped')
    switch (tool.type) {
      case 'function':
        if (note(tool, '$legacy') === true) functions.push(functionOf(tool, names.declare(tool, namespace)))
        else tools.push(wrapFunction(tool, names.declare(tool, namespace), cache))
        if (namespace !== undefined) lose(tool, index, 'tool.namespace', 'lowered')
        return
      case 'custom': {
        const name = names.declare(tool, namespace)
        if (names.isWrapped('custom', tool.name, namespace)) {
          lose(tool, index, 'tool.custom', 'lowered')
          tools.push({ type: 'function', function: wrapped(tool, name), ...cache })
          return
        }
        const inner = note(tool, '$made')
        tools.push({
          ...ownFields(tool),
          type: 'custom',
          custom: {
            ...(isObject(inner) && inner),
            name,
            ...(tool.description !== undefined && { description: tool.description }),
            ...(tool.format && { format: nestedFormat(tool.format) }),
          },
          ...cache,
        })
        return
      }
      case 'namespace':
        for (const inner of tool.tools) add(inner, index, tool.name)
        return
      case 'server':
        if (tool.native.protocol !== protocol) return lose(tool, index, `tool.${tool.tool}`, 'dropped')
        if (note(tool, '$field') === 'web_search_options') fields['web_search_options'] = tool.native.value
        else tools.push(tool.native.value)
    }
  }
  request.tools?.forEach((tool, index) => add(tool, index))

  if (tools.length > 0) fields['tools'] = tools
  if (functions.length > 0) fields['functions'] = functions
  reportForeign(request.toolChoice?.extra, '/tool_choice', report)
  if (request.toolChoice && tools.length + functions.length > 0) {
    Object.assign(fields, encodeToolChoice(request.toolChoice, names, report))
  }
  return fields
}

function encodeToolChoice(choice: ToolChoice, names: Names, report: Report): Draft {
  const fields: Draft = {}
  if (choice.parallel !== undefined) fields['parallel_tool_calls'] = choice.parallel
  if (note(choice, '$implied') === true && choice.mode === 'auto' && !choice.names) return fields
  const field = note(choice, '$legacy') === true ? 'function_call' : 'tool_choice'
  const value = choiceOf(choice, names, field === 'function_call')
  if (value === undefined)
    report({ pointer: '/tool_choice', what: 'tool_choice', how: 'dropped', target: protocol })
  else fields[field] = value
  return fields
}

function choiceOf(choice: ToolChoice, names: Names, legacy: boolean): Json | undefined {
  if (choice.mode === 'native') return choice.native?.protocol === protocol ? choice.native.value : undefined
  const { mode } = choice
  const word = note(choice, '$word')
  if (!choice.names || mode === 'none') return mode === 'required' && typeof word === 'string' ? word : mode
  const wanted = choice.names.map((name) => ({ name: names.tool(name), kind: names.kindOf(name) }))
  const [only, ...others] = wanted
  if (legacy) return only ? { name: only.name } : mode
  if (mode === 'required' && only && others.length === 0 && note(choice, '$allowed') !== true) {
    return { type: only.kind, [only.kind]: { name: only.name } }
  }
  return {
    type: 'allowed_tools',
    allowed_tools: { mode, tools: wanted.map(({ name, kind }) => ({ type: kind, [kind]: { name } })) },
  }
}

function wrapFunction(tool: FunctionTool, name: string, cache: Draft): JsonObject {
  const inner = note(tool, '$made')
  return {
    ...ownFields(tool),
    type: 'function',
    function: { ...(isObject(inner) && inner), ...made(tool, name) },
    ...cache,
  }
}

/** An entry of the older `functions`: flat, and its own fields are the function's. */
function functionOf(tool: FunctionTool, name: string): JsonObject {
  return { ...ownFields(tool), ...made(tool, name) }
}

function made(tool: FunctionTool, name: string): JsonObject {
  return {
    name,
    ...(tool.description !== undefined && { description: tool.description }),
    ...(tool.schema && { parameters: tool.dialect === 'openapi' ? jsonSchemaOf(tool.schema) : tool.schema }),
    ...(tool.strict !== undefined && { strict: tool.strict }),
  }
}

/** A freeform tool for hosts without: one string, the grammar in words. */
function wrapped(tool: Extract<Tool, { type: 'custom' }>, name: string): JsonObject {
  const definition = tool.format?.['definition']
  const grammar =
    typeof definition === 'string'
      ? `The input has to match this ${String(tool.format?.['syntax'] ?? 'formal')} grammar:\n${definition}`
      : ''
  return {
    name,
    description: [tool.description ?? '', grammar].filter((text) => text !== '').join('\n\n'),
    parameters: {
      type: 'object',
      properties: {
        input: { type: 'string', description: 'The whole input, exactly as the tool takes it.' },
      },
      required: ['input'],
      additionalProperties: false,
    },
  }
}

/** Chat puts a grammar one level deeper than Responses. */
function nestedFormat(format: JsonObject): JsonObject {
  if (format['type'] !== 'grammar' || isObject(format['grammar'])) return format
  const { type, ...grammar } = format
  return { type, grammar }
}
