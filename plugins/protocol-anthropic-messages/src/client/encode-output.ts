import type { OutputShape } from '@gantry/core'
import { jsonSchemaOf } from '@gantry/core/codec'
import { isRecursive, strictSchema } from './schema.ts'
import { asObject, type Block } from '../json.ts'
import { olderFormatNote, protocolName } from '../name.ts'
import { ownExtra } from './losses.ts'
import type { Scope } from './scope.ts'

/** `output_config.format`, or what the model is told instead. */
export interface EncodedOutput {
  readonly format?: Block
  readonly instruction?: string
  /** The same, where the client wrote it in the older place. */
  readonly older?: Block
  /** Further fields of `output_config`. */
  readonly config: Block
}

/** The form of the answer. A plain JSON mode does not exist on this wire: the model is told. */
export function encodeOutput(output: OutputShape | undefined, scope: Scope): EncodedOutput {
  if (!output) return { config: {} }
  const { losses, rules } = scope
  if (output.verbosity !== undefined && output.verbosity !== 'medium') {
    losses.dropped('/output/verbosity', 'output.verbosity')
  }
  if (output.modalities?.some((modality) => modality !== 'text')) {
    losses.dropped('/output/modalities', 'output.modalities')
  }
  const config = ownExtra(output.extra, '/output', losses)
  if (output.type === 'text') return { config }
  if (output.type === 'json' || !output.schema) {
    losses.lowered('/output', 'output.json', 'the model is told to answer in JSON')
    return {
      config,
      instruction: 'Answer with one valid JSON object and nothing else: no code fence, no comment.',
    }
  }
  if (scope.verbatim) {
    const notes = output.extra?.[protocolName]
    const format: Block = { type: 'json_schema', schema: output.schema, ...asObject(notes?.['$format']) }
    return notes?.[olderFormatNote] === true ? { config, older: format } : { config, format }
  }
  const given = output.dialect === 'openapi' ? jsonSchemaOf(output.schema) : output.schema
  const named = {
    ...(output.name && { title: output.name }),
    ...(output.description && { description: output.description }),
    ...given,
  }
  if (!rules.jsonSchema || isRecursive(given)) {
    losses.lowered('/output', 'output.json_schema', 'the model is told the schema')
    return {
      config,
      instruction: `Answer with one JSON object that follows this JSON Schema, and nothing else: no code fence, no comment.\n${JSON.stringify(named)}`,
    }
  }
  const schema = strictSchema(
    named,
    (pointer) => losses.approximated(pointer, 'output.schema', 'described, not enforced'),
    '/output/schema',
  )
  return { config, format: { type: 'json_schema', schema } }
}
