import type { JsonObject, Part } from '@gantry/core'
import { stringifyLossless } from '@gantry/core/codec'
import { readContent } from './content.ts'
import { objectOf, objectsOf, stringOf } from './own.ts'

/** The `output` of a call's result: a text, or a list of content parts. */
export function readOutput(output: JsonObject[string], at?: string): readonly Part[] {
  if (typeof output === 'string') return output === '' ? [] : [{ type: 'text', text: output }]
  if (!Array.isArray(output)) {
    return output === undefined || output === null ? [] : [{ type: 'json', json: stringifyLossless(output) }]
  }
  return objectsOf(output).map((value, index) =>
    readContent(value, 'input', at === undefined ? undefined : `${at}/output/${index}`),
  )
}

/**
 * What the result of a vendor-defined tool says, for protocols that cannot carry the item: what a shell printed, what
 * a program returned, the names of the tools that were found. The exact item stays in `native`.
 */
export function readHostedOutput(item: JsonObject): readonly Part[] {
  const { output, result, tools } = item
  if (typeof result === 'string') return textOf(result)
  if (tools !== undefined) return textOf(toolNames(item).join('\n'))
  if (typeof output === 'string') return textOf(output)
  const lines = objectsOf(output).flatMap((entry) => [
    stringOf(entry['stdout']),
    stringOf(entry['stderr']),
    stringOf(entry['text']),
  ])
  const picture = objectOf(output)
  if (picture && picture['image_url'] !== undefined) {
    return [readContent({ ...picture, type: 'input_image' }, 'input')]
  }
  return textOf(lines.filter((line) => line !== undefined && line !== '').join('\n'))
}

/** Names of the tools in an item's `tools`; those of a namespace by its name. */
export function toolNames(item: JsonObject): readonly string[] {
  return objectsOf(item['tools']).flatMap(
    (tool) => stringOf(tool['name']) ?? stringOf(objectOf(tool['function'])?.['name']) ?? [],
  )
}

function textOf(text: string): readonly Part[] {
  return text === '' ? [] : [{ type: 'text', text }]
}
