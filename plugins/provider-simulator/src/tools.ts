import type { JsonObject } from '@gantry/core'
import { isObject, text } from './json.ts'
import type { GivenTool } from './prompt.ts'
import { sample } from './sample.ts'

/** The tool a prompt means: by its name, or by its group and name, joined as `group.name` or `group__name`. */
export function findTool(tools: readonly GivenTool[], name: string): GivenTool | undefined {
  const named = tools.filter((tool) => tool.name === name)
  return (
    named.find((tool) => tool.namespace === undefined) ??
    named[0] ??
    tools.find(
      ({ namespace, name: own }) =>
        namespace !== undefined && (`${namespace}.${own}` === name || `${namespace}__${own}` === name),
    )
  )
}

/**
 * What a tool is called with: what the prompt wrote, or something that fits, made of a word of it. A JSON string is
 * text: a freeform tool gets it as it is, another one in its only field, so that a prompt need not know which it is.
 */
export function inputOf(tool: GivenTool, given: string, word: string): string {
  if (given === '') return tool.kind === 'custom' ? word : JSON.stringify(sample(tool.schema, word) ?? {})
  const quoted = given.startsWith('"') ? parsedText(given) : undefined
  if (quoted === undefined) return given
  if (tool.kind === 'custom') return quoted
  const field = onlyField(tool.schema)
  return field === undefined ? given : JSON.stringify({ [field]: quoted })
}

function parsedText(given: string): string | undefined {
  try {
    return text(JSON.parse(given))
  } catch {
    return undefined
  }
}

function onlyField({ required, properties }: JsonObject): string | undefined {
  const names = isObject(properties) ? Object.keys(properties) : []
  const needed = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []
  if (needed.length === 1) return needed[0]
  return needed.length === 0 && names.length === 1 ? names[0] : undefined
}
