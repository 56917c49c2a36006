import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'
import { missing, toolName, unknownField, unsupported, wrongType } from '../words.ts'
import { checkStrict } from './check-strict.ts'
import { hostedTools } from './fields.ts'

const own = ['function', 'custom', 'namespace', 'tool_search']

/** Tools and the choice among them. */
export function checkTools({ tools, tool_choice: choice }: JsonObject): void {
  if (!absent(tools) && !Array.isArray(tools)) wrongType('tools', 'an array of objects', tools)
  for (const [index, tool] of (Array.isArray(tools) ? tools : []).entries())
    checkTool(tool, `tools[${index}]`)
  checkChoice(choice, objects(tools))
}

/** One tool, wherever it stands. */
export function checkTool(tool: unknown, at: string, inside = false): void {
  if (!isObject(tool)) wrongType(at, 'an object', tool)
  if (tool.type === undefined) missing(`${at}.type`)
  const type = String(tool.type)
  if (hostedTools.includes(type) && !inside) return
  const known = inside ? ['function', 'custom'] : [...own, ...hostedTools]
  if (!known.includes(type)) unsupported(`${at}.type`, type, known.toSorted())
  checkers[type]?.(tool, at)
}

const checkers: { readonly [type: string]: (tool: JsonObject, at: string) => void } = {
  function(tool, at) {
    onlyKnown(tool, at, [
      'name',
      'description',
      'parameters',
      'strict',
      'defer_loading',
      'allowed_callers',
      'async',
      'output_schema',
    ])
    toolName(tool.name, `${at}.name`)
    const { parameters, strict } = tool
    if (absent(parameters)) return
    if (!isObject(parameters)) wrongType(`${at}.parameters`, 'an object', parameters)
    const label = `function '${String(tool.name)}'`
    if (parameters.type !== 'object') {
      refuse(
        `Invalid schema for ${label}: schema must be a JSON Schema of 'type: "object"', got 'type: "${String(parameters.type ?? 'None')}"'.`,
        `${at}.parameters`,
        'invalid_function_parameters',
      )
    }
    if (strict === true) checkStrict(parameters, label, `${at}.parameters`, 'invalid_function_parameters')
  },
  custom(tool, at) {
    onlyKnown(tool, at, ['name', 'description', 'format', 'defer_loading', 'allowed_callers', 'async'])
    toolName(tool.name, `${at}.name`)
    checkFormat(tool.format, `${at}.format`)
  },
  namespace(tool, at) {
    onlyKnown(tool, at, ['name', 'description', 'tools'])
    toolName(tool.name, `${at}.name`)
    if (typeof tool.description !== 'string') missing(`${at}.description`)
    if (!Array.isArray(tool.tools)) missing(`${at}.tools`)
    for (const [index, one] of tool.tools.entries()) checkTool(one, `${at}.tools[${index}]`, true)
  },
  tool_search(tool, at) {
    onlyKnown(tool, at, ['description', 'execution', 'parameters'])
    const { execution } = tool
    if (!absent(execution) && execution !== 'client' && execution !== 'server') {
      unsupported(`${at}.execution`, execution, ['server', 'client'])
    }
  },
}

function onlyKnown(tool: JsonObject, at: string, fields: readonly string[]): void {
  for (const name of Object.keys(tool)) {
    if (name !== 'type' && !fields.includes(name)) unknownField(`${at}.${name}`)
  }
}

function checkFormat(format: unknown, at: string): void {
  if (absent(format)) return
  if (!isObject(format)) wrongType(at, 'an object', format)
  if (format.type === 'text') return
  if (format.type !== 'grammar') unsupported(`${at}.type`, format.type, ['text', 'grammar'])
  if (format.syntax !== 'lark' && format.syntax !== 'regex') {
    unsupported(`${at}.syntax`, format.syntax, ['lark', 'regex'])
  }
  if (typeof format.definition !== 'string') missing(`${at}.definition`)
}

const words = ['none', 'auto', 'required']

function checkChoice(choice: unknown, tools: readonly JsonObject[]): void {
  if (absent(choice) || choice === 'auto' || choice === 'none') return
  if (choice === 'required') {
    if (tools.length > 0) return
    refuse("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice')
  }
  if (!isObject(choice)) unsupported('tool_choice', choice, words)
  const type = String(choice.type)
  if (type === 'allowed_tools') {
    if (choice.mode !== 'auto' && choice.mode !== 'required') {
      unsupported('tool_choice.mode', choice.mode, ['auto', 'required'])
    }
    if (!Array.isArray(choice.tools)) missing('tool_choice.tools')
    return
  }
  if (type !== 'function' && type !== 'custom') {
    if (hostedTools.includes(type)) return
    unsupported('tool_choice.type', type, ['allowed_tools', 'custom', 'function', ...hostedTools])
  }
  if (typeof choice.name !== 'string') missing('tool_choice.name')
  const grouped = tools.flatMap((tool) => (tool.type === 'namespace' ? objects(tool.tools) : [tool]))
  if (grouped.some((tool) => tool.type === type && tool.name === choice.name)) return
  refuse(`Tool choice '${type}' not found in 'tools' parameter.`, 'tool_choice')
}
