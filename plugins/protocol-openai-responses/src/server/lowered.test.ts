import { describe, expect, it } from 'vitest'
import type { GatewayEvent, JsonObject, LoweredTools, Protocol } from '@gantry/core'
import { openTurns, restoreTools, sealEvents } from '@gantry/core/codec'
import { protocol as messages } from '@gantry/protocol-anthropic-messages'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { attempt, wireOf } from '../recorded.test-support.ts'
import { contextOf, written } from './answers.test-support.ts'
import { decodeRequest } from './decode-request.ts'
import { readStrictly } from './strict-reader.test-support.ts'

/** What Codex asks for: no instructions, items only, and tools of every kind. */
const first: JsonObject = {
  model: 'gpt-5.5',
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'You are Codex.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix it.' }] },
  ],
  tools: [
    { type: 'function', name: 'exec', description: 'Runs.', strict: false, parameters: { type: 'object' } },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Patches.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
    },
    {
      type: 'namespace',
      name: 'mcp__mail',
      description: 'Mail.',
      tools: [{ type: 'function', name: 'send', parameters: { type: 'object' }, strict: false }],
    },
    { type: 'tool_search', execution: 'client', description: 'Finds tools.', parameters: { type: 'object' } },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { effort: 'medium' },
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
}

/** Calls as an upstream makes them that knows functions only, by the wire names it was given. */
const calls: readonly (readonly [string, string])[] = [
  ['exec', '{"cmd":"ls"}'],
  ['apply_patch', '{"input":"*** Begin Patch\\n\\"quoted\\""}'],
  ['mcp__mail__send', '{"to":"x"}'],
  ['tool_search', '{"query":"mail"}'],
]

describe.each<readonly [string, Protocol, Partial<ReturnType<typeof attempt>['target']>]>([
  ['chat', chat, { quirks: { customTools: false } }],
  ['messages', messages, {}],
])('every kind of tool goes through %s and comes back as what it was', (_name, upstream, target) => {
  const codec = upstream.client?.codecs.generate
  const context = attempt('m', { protocol: upstream.name, maxOutputTokens: 1000, ...target })
  const decoded = decodeRequest(wireOf(first))
  const asked = codec?.encodeRequest(decoded, context)
  const output = answer(asked?.lowered ?? {}, decoded.tools ?? [])

  it('is declared there', () => {
    expect(JSON.stringify(asked?.body)).toContain('"tool_search"')
    expect(context.losses.filter(({ how }) => how === 'dropped').map(({ what }) => what)).not.toContain(
      'tool.tool_search',
    )
  })

  it('is called here', () => {
    expect(output).toMatchObject([
      { type: 'function_call', name: 'exec', arguments: '{"cmd":"ls"}', call_id: 'c0' },
      { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch\n"quoted"', call_id: 'c1' },
      { type: 'function_call', name: 'send', namespace: 'mcp__mail', arguments: '{"to":"x"}', call_id: 'c2' },
      { type: 'tool_search_call', execution: 'client', arguments: { query: 'mail' }, call_id: 'c3' },
    ])
  })

  it('is answered there again, tools that were found included', () => {
    const next = decodeRequest(
      wireOf({
        ...first,
        input: [
          ...(first['input'] as readonly JsonObject[]),
          ...output.map(({ id: _dropped, ...item }) => item),
          { type: 'function_call_output', call_id: 'c0', output: 'a.ts' },
          { type: 'custom_tool_call_output', call_id: 'c1', output: 'Done!' },
          { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'sent' }] },
          {
            type: 'tool_search_output',
            call_id: 'c3',
            execution: 'client',
            status: 'completed',
            tools: [
              {
                type: 'function',
                name: 'find_mail',
                description: 'Found.',
                parameters: { type: 'object' },
                defer_loading: true,
              },
            ],
          },
        ],
      }),
    )
    const again = attempt('m', { protocol: upstream.name, maxOutputTokens: 1000, ...target })
    const turns = openTurns(next.turns, again.target, again.report)
    const { body } = codec?.encodeRequest({ ...next, turns }, again) ?? {}
    const sent = JSON.stringify(body)
    for (const id of ['c0', 'c1', 'c2', 'c3']) expect(sent.split(`"${id}"`).length - 1, id).toBe(2)
    for (const word of ['a.ts', 'Done!', 'sent', 'find_mail']) expect(sent).toContain(word)
    expect(JSON.stringify((body as JsonObject)['tools'])).toContain('find_mail')
  })
})

/** The items that a client of this wire gets for the calls, their arguments cut at every character. */
function answer(
  lowered: LoweredTools,
  tools: ReturnType<typeof decodeRequest>['tools'] & object,
): readonly JsonObject[] {
  const events: GatewayEvent[] = [{ type: 'start', id: 'x' }]
  calls.forEach(([name, text], index) => {
    events.push({
      type: 'part-start',
      index,
      part: { type: 'tool_call', kind: 'function', callId: `c${index}`, name, arguments: '' },
    })
    for (const piece of text) {
      events.push({ type: 'part-delta', index, delta: { type: 'arguments', text: piece } })
    }
    events.push({ type: 'part-end', index })
  })
  events.push({ type: 'finish', finish: { reason: 'tool_calls' } }, { type: 'end' })
  const restore = restoreTools(lowered)
  const seal = sealEvents({ name: 'openai-responses', carrier: 'encrypted' })
  const restored = events.flatMap((event) => restore(event) ?? []).flatMap((event) => seal(event) ?? [])
  return readStrictly(written(restored, contextOf(first, { tools })))['output'] as readonly JsonObject[]
}
