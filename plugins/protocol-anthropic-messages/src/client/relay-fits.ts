import type { JsonObject, Target, WireRequest } from '@gantry/core'
import { isForeignCitation } from '../citations.ts'
import { asNumber, asObject, asString, objectsIn } from '../json.ts'
import { isKnownModel, modelRules, type ModelRules } from '../models.ts'

const systemRole = /"role"\s*:\s*"system"/

/**
 * Whether a request may go to its target as the client wrote it. It may not where it brings back what another wire's model
 * said and the vendor would refuse: thinking without a signature, sources without an index. Nor where messages speak as the system to a model
 * that takes none, and where an alias brought it to a model of other rules than the one that was asked for. Whoever asks
 * for a model by its own name is between itself and the vendor in all else.
 */
export function fits(wire: WireRequest, target: Target): boolean {
  const rules = modelRules(target)
  if (rules.signedThinking && mayHoldStateless(wire.body) && hasStateless(wire.json())) return false
  if (!rules.midSystem && mayHoldSystem(wire.body) && hasSystem(wire.json())) return false
  if (!isKnownModel(target) || namesModel(wire.body, target.model)) return true
  const body = wire.json()
  return body['model'] === target.model || suits(body, target, rules)
}

/** Cheaper than parsing: most bodies say it, or not, in the spelling of `JSON.stringify`. */
function namesModel(body: Uint8Array, model: string): boolean {
  return bytesOf(body).includes(`"model":${JSON.stringify(model)}`)
}

function mayHoldSystem(body: Uint8Array): boolean {
  const bytes = bytesOf(body)
  return (
    bytes.includes('"role":"system"') || (bytes.includes('"role": ') && systemRole.test(bytes.toString()))
  )
}

function mayHoldStateless(body: Uint8Array): boolean {
  const bytes = bytesOf(body)
  return stateless.some((mark) => bytes.includes(mark))
}

const stateless: readonly string[] = ['signature', 'encrypted_index'].flatMap((key) => [
  `"${key}":""`,
  `"${key}": ""`,
])

function hasStateless(body: JsonObject): boolean {
  return objectsIn(body['messages']).some((message) =>
    objectsIn(message['content']).some(
      (block) =>
        (block['type'] === 'thinking' && block['signature'] === '') ||
        objectsIn(block['citations']).some(isForeignCitation),
    ),
  )
}

function hasSystem(body: JsonObject): boolean {
  return objectsIn(body['messages']).some((message) => message['role'] === 'system')
}

function bytesOf(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function suits(body: JsonObject, target: Target, rules: ModelRules): boolean {
  const cap = target.maxOutputTokens
  const limit = asNumber(body['max_tokens'])
  if (cap !== undefined && limit !== undefined && limit > cap) return false
  if (!rules.sampling && ['temperature', 'top_p', 'top_k'].some((key) => body[key] !== undefined))
    return false
  const choice = asString(asObject(body['tool_choice'])?.['type'])
  if (!rules.forcedTools && (choice === 'any' || choice === 'tool')) return false
  const config = asObject(body['output_config'])
  const effort = asString(config?.['effort'])
  if (effort !== undefined && !rules.effort.includes(effort)) return false
  if (!rules.jsonSchema && (asObject(config?.['format']) || asObject(body['output_format']))) return false
  return thinkingSuits(asString(asObject(body['thinking'])?.['type']), rules)
}

function thinkingSuits(type: string | undefined, { thinking, thinkingBudget }: ModelRules): boolean {
  switch (type) {
    case undefined:
      return true
    case 'disabled':
      return thinking !== 'always'
    case 'enabled':
      return thinkingBudget
    default:
      return thinking === 'always' || thinking === 'adaptive'
  }
}
