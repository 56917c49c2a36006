import type { GenerateRequest, Json, JsonObject, Loss } from '@gantry/core'
import { wireCallId } from './client/tool-names.ts'
import { parsed } from './raw-reading.test-support.ts'

/**
 * Names that say what a node is, not what the client said; `model` is the target's, ids of items and pointers are ours.
 * `mode` and `parallel` of a tool choice are checked by its own tests.
 */
const structure = new Set([
  'at',
  'type',
  'kind',
  'role',
  'model',
  'stream',
  'includeUsage',
  'id',
  'mode',
  'parallel',
])

/** Wishes that this wire always grants: one choice, and schemas that are enforced. */
const granted = new Set(['/sampling/count', '/output/strict'])

/**
 * Leaves of a request that are neither in the outbound body nor under the pointer of a reported loss, as model
 * pointers. Empty values and `false` are defaults; `$` keys are a codec's own notes.
 */
export function lostLeaves(
  request: GenerateRequest,
  body: JsonObject,
  losses: readonly Loss[],
): readonly string[] {
  const texts: string[] = []
  const values = new Set<Json>()
  const sent = JSON.parse(JSON.stringify(body)) as Json
  collect(sent, texts, values)
  const everything = texts.join('\n')
  const objects = new Set(objectsIn(sent))
  const reported = losses.map(({ pointer }) => pointer)
  const covered = (pointer: string): boolean =>
    reported.some((at) => pointer === at || pointer.startsWith(`${at}/`))
  const lost: string[] = []

  const visit = (node: Json | undefined, pointer: string, near: string): void => {
    if (node === undefined || node === null || node === '' || node === false) return
    if (typeof node === 'object') {
      const here =
        !Array.isArray(node) && typeof (node as JsonObject)['at'] === 'string'
          ? String((node as JsonObject)['at'])
          : near
      for (const [key, value] of Object.entries(node)) {
        if (structure.has(key) && !pointer.includes('/schema')) continue
        if (key.startsWith('$')) continue
        visit(value as Json, `${pointer}/${key}`, here)
      }
      return
    }
    if (granted.has(pointer) || /\/custody\/(protocol|issuer|format)$/.test(pointer) || values.has(node))
      return
    if (typeof node === 'string') {
      if (everything.includes(node)) return
      if (pointer.endsWith('/callId') && texts.includes(wireCallId(node))) return
      if (pointer.endsWith('/arguments') && objects.has(canonical(parsed(node)))) return
      // Data URLs and blank texts: the payload is what counts.
      if (node.startsWith('data:') && everything.includes(node.slice(node.indexOf(',') + 1))) return
    }
    // Extra fields are reported where the client wrote them.
    const extra = /\/extra\/[^/]+\/(.*)$/.exec(pointer)
    if (extra && covered(`${near}/${extra[1] ?? ''}`)) return
    if (covered(pointer) || (near !== '' && covered(near))) return
    lost.push(pointer)
  }
  visit(JSON.parse(JSON.stringify(request)) as Json, '', '')
  return lost
}

function collect(node: Json | undefined, texts: string[], values: Set<Json>): void {
  if (typeof node === 'object' && node !== null) {
    for (const [key, value] of Object.entries(node)) {
      texts.push(key)
      collect(value as Json, texts, values)
    }
  } else if (node !== undefined) {
    values.add(node)
    if (typeof node === 'string') texts.push(node)
  }
}

function objectsIn(node: Json | undefined): readonly string[] {
  if (typeof node !== 'object' || node === null) return []
  return [canonical(node), ...Object.values(node).flatMap((value) => objectsIn(value as Json))]
}

function canonical(value: Json): string {
  return JSON.stringify(value)
}
