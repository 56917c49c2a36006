import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { GenerateRequest, Json, JsonObject, WireRequest } from '@gantry/core'
import { anthropicRules } from '@gantry/testing'
import { attempt, captures } from '../captures.test-support.ts'
import { countTokensCodec } from '../client/count-tokens.ts'
import { encodeRequest } from '../client/encode-request.ts'
import { wireOf } from './answers.test-support.ts'
import { decodeCount, decodeRequest } from './decode-request.ts'
import { violations } from './schema.test-support.ts'

interface Sent {
  readonly name: string
  readonly isCount: boolean
  readonly wire: WireRequest
}

/** Words that say what a node is; the model says the same with other words. */
const structure: ReadonlySet<string> = new Set(['type', 'role', 'disable_parallel_tool_use'])

const sent = [...recordedRequests(), ...agentRequests()]

it('there are requests of both operations, and of Claude Code', () => {
  expect(sent.filter(({ isCount }) => !isCount).length).toBeGreaterThan(70)
  expect(sent.filter(({ isCount }) => isCount).length).toBeGreaterThan(3)
  expect(sent.filter(({ name }) => name.startsWith('agents/')).length).toBe(4)
})

describe.each(sent.map((one) => [one.name, one] as const))('%s', (_name, { isCount, wire }) => {
  const body = wire.json()
  const decode = isCount ? decodeCount : decodeRequest

  it('keeps every leaf', () => {
    expect(lost(body, leavesOf(decode(wire)))).toEqual([])
  })

  it('points at where each part stood', () => {
    const { turns, tools = [], instructions = [] } = decode(wire)
    const parts = turns.flatMap((turn) => turn.parts)
    const inner = parts.flatMap((part) => (part.type === 'tool_result' ? part.parts : []))
    for (const { at } of [...turns, ...parts, ...inner, ...tools, ...instructions]) {
      expect(at).toBeDefined()
      expect(valueAt(body, at ?? ''), at).toBeDefined()
    }
  })

  it('is a conversation of as many turns as there were messages', () => {
    expect(decode(wire).turns).toHaveLength((body['messages'] as readonly Json[]).length)
  })

  it('goes out again as it came, with its betas, and nothing is reported', () => {
    const request = decode(wire)
    const context = attempt(request.model)
    const encode = isCount ? countTokensCodec.encodeRequest : encodeRequest
    const made = encode(request, context)
    expect(anthropicRules.request(made.body)).toEqual(anthropicRules.request(body))
    expect(context.losses).toEqual([])
    expect(made.path).toBe(isCount ? '/messages/count_tokens' : '/messages')
    const betas = wire.headers.get('anthropic-beta')
    if (betas !== null) expect(made.headers?.['anthropic-beta']?.startsWith(betas)).toBe(true)
  })

  it('counted, it holds only what the vendor counts', () => {
    const { body: counted } = countTokensCodec.encodeRequest(decode(wire), attempt('claude-sonnet-5'))
    const unknown = violations('BetaCountMessageTokensParams', counted).filter((line) =>
      /not allowed/.test(line),
    )
    expect(unknown.filter((line) => /^\.[a-z_]+: /.test(line))).toEqual([])
  })
})

function recordedRequests(): readonly Sent[] {
  const seen = new Map<string, number>()
  return captures().flatMap(({ file, kind, requestBody }) => {
    if (!requestBody || kind === 'other vendor' || requestBody['messages'] === undefined) return []
    const count = seen.get(file) ?? 0
    seen.set(file, count + 1)
    const name = `${file}${count === 0 ? '' : `#${count}`}`
    return [{ name, isCount: kind === 'token count', wire: wireOf(requestBody) }]
  })
}

function agentRequests(): readonly Sent[] {
  const folder = new URL('../../../../test/fixtures/agents/', import.meta.url)
  return readdirSync(folder)
    .filter((file) => file.startsWith('claude-code'))
    .map((file) => {
      const recorded = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
        readonly path: string
        readonly headers: { readonly [name: string]: string }
        readonly body: JsonObject
      }
      const { path, headers, body } = recorded
      const wire = wireOf(body, { path: `${path}?beta=true`, headers })
      return { name: `agents/${file}`, isCount: path.endsWith('count_tokens'), wire }
    })
}

interface Leaves {
  readonly all: string
  /** How often each number, boolean and whole string is there. */
  readonly counts: ReadonlyMap<Json, number>
}

/** Everything that a decoded request says, its notes on spelling too: this wire's own encoder reads them. */
function leavesOf(request: GenerateRequest): Leaves {
  const strings: string[] = []
  const counts = new Map<Json, number>()
  const visit = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) visit(inner)
      return
    }
    if (typeof value === 'string') strings.push(value)
    counts.set(value as Json, (counts.get(value as Json) ?? 0) + 1)
  }
  visit(request)
  return { all: strings.join('\n'), counts }
}

/** Pointers of the leaves that are nowhere, or less often than the client wrote them. */
function lost(body: JsonObject, found: Leaves): readonly string[] {
  const missing: string[] = []
  const left = new Map(found.counts)
  const visit = (value: Json | undefined, pointer: string, key: string): void => {
    if (value === null || value === undefined || structure.has(key)) return
    if (typeof value === 'object') {
      // Arguments are one text in the model.
      if (key === 'input' && found.all.includes(JSON.stringify(value))) return
      for (const [name, inner] of Object.entries(value)) visit(inner as Json, `${pointer}/${name}`, name)
      return
    }
    const count = left.get(value) ?? 0
    left.set(value, count - 1)
    if (count > 0 || value === '') return
    missing.push(pointer)
  }
  visit(body, '', '')
  return missing
}

function valueAt(body: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = body
  for (const step of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as JsonObject)[step]
  }
  return value
}
