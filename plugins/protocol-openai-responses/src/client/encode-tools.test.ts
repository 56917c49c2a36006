import type { FunctionTool, GenerateRequest, JsonObject, ServerTool, Tool, ToolChoice } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { call, encode, encodeOwn, result, turn, user } from '../encode.test-support.ts'

const schema: JsonObject = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }
const look: FunctionTool = { type: 'function', name: 'look', description: 'Looks.', schema }
const patch: Tool = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Patches.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const crm: Tool = { type: 'namespace', name: 'crm', tools: [{ ...look, name: 'find' }] }
const server = (tool: ServerTool, protocol: string, value: JsonObject): Tool => ({
  type: 'server',
  tool,
  native: { protocol, value },
})
const toolsOf = (tools: readonly Tool[], quirks: JsonObject = {}): unknown =>
  encode({ tools }, { quirks }).body['tools']
const choiceOf = (toolChoice: ToolChoice, tools: readonly Tool[] = [look, patch]): unknown =>
  encode({ tools, toolChoice }).body['tool_choice']

describe('tools', () => {
  it('say that nothing is strict unless it is, because the wire would try to be', () => {
    expect(
      toolsOf([look, { type: 'function', name: 'now' }, { ...look, name: 'see', strict: true }]),
    ).toEqual([
      { type: 'function', name: 'look', description: 'Looks.', parameters: schema, strict: false },
      { type: 'function', name: 'now', parameters: { type: 'object', properties: {} }, strict: false },
      { type: 'function', name: 'see', description: 'Looks.', parameters: schema, strict: true },
    ])
    expect(encodeOwn({ tools: [look] }).body['tools']).toEqual([
      { type: 'function', name: 'look', description: 'Looks.', parameters: schema },
    ])
  })

  it('are not sent when there are none, unless the client wrote so', () => {
    expect(encode({ tools: [], toolChoice: { mode: 'auto' } }).body).not.toHaveProperty('tools')
    expect(encode({ tools: [], toolChoice: { mode: 'auto' } }).body).not.toHaveProperty('tool_choice')
    const { report } = encode({ toolChoice: { mode: 'required' } })
    expect(report).toEqual(['tool_choice dropped /tool_choice'])
    const own = encodeOwn({ extra: { 'openai-responses': { $tools: [] } } })
    expect(own.body['tools']).toEqual([])
  })

  it('keep freeform tools and namespaces, and what the client wrote on them', () => {
    const { body, lowered, report } = encodeOwn({
      tools: [
        { ...patch, extra: { 'openai-responses': { allowed_callers: ['direct'] } } },
        { ...crm, description: 'Customers.' },
      ],
    })
    expect(body['tools']).toEqual([
      {
        allowed_callers: ['direct'],
        type: 'custom',
        name: 'apply_patch',
        description: 'Patches.',
        format: patch.format,
      },
      {
        type: 'namespace',
        name: 'crm',
        description: 'Customers.',
        tools: [{ type: 'function', name: 'find', description: 'Looks.', parameters: schema }],
      },
    ])
    expect([lowered, report]).toEqual([undefined, []])
  })

  it('wrap freeform tools for hosts without them, and their calls and choices', () => {
    const { body, input, lowered, report } = encode(
      {
        tools: [patch],
        toolChoice: { mode: 'required', names: ['apply_patch'] },
        turns: [
          user('Q'),
          turn('assistant', {
            type: 'tool_call',
            kind: 'custom',
            callId: 'c',
            name: 'apply_patch',
            arguments: '*** "x"\n',
          }),
          user({ type: 'tool_result', kind: 'custom', callId: 'c', parts: [] }),
        ],
      },
      { quirks: { customTools: false } },
    )
    expect(body['tools']).toMatchObject([
      {
        type: 'function',
        name: 'apply_patch',
        description: expect.stringContaining('lark grammar:\nstart: "x"'),
        parameters: { required: ['input'] },
      },
    ])
    expect(body['tool_choice']).toEqual({ type: 'function', name: 'apply_patch' })
    expect(input.slice(1)).toEqual([
      { type: 'function_call', call_id: 'c', name: 'apply_patch', arguments: '{"input":"*** \\"x\\"\\n"}' },
      { type: 'function_call_output', call_id: 'c', output: '' },
    ])
    expect(lowered).toEqual({ apply_patch: { kind: 'custom', name: 'apply_patch' } })
    expect(report).toEqual(['tool.custom lowered /tools/0'])
  })

  it('flatten namespaces for hosts without them, and calls of their tools', () => {
    const namespaced = call('c', 'find', '{}', { namespace: 'crm' })
    const { body, input, lowered, report } = encode(
      {
        tools: [crm, { ...look, name: 'crm__find' }],
        turns: [user('Q'), turn('assistant', namespaced), user(result('c'))],
      },
      { quirks: { namespaces: false } },
    )
    const [inside, other] = body['tools'] as readonly JsonObject[]
    expect(inside?.['name']).toBe('crm__find')
    // The name is taken: the second one is told apart, and both come back as what they are.
    expect(other?.['name']).toMatch(/^crm__find_2_[a-z0-9]{20}$/)
    expect(input[1]).toEqual({ type: 'function_call', call_id: 'c', name: 'crm__find', arguments: '{}' })
    expect(lowered).toEqual({
      crm__find: { kind: 'function', name: 'find', namespace: 'crm' },
      [String(other?.['name'])]: { kind: 'function', name: 'crm__find' },
    })
    expect(report).toEqual(['tool.namespace lowered /tools/0/tools/0'])
  })

  it('put beside a namespace what cannot keep its name inside', () => {
    const odd: Tool = { type: 'namespace', name: 'mcp', tools: [look, { ...look, name: 'a.b' }] }
    const { body, lowered } = encode({ tools: [odd] })
    const [namespace, beside] = body['tools'] as readonly JsonObject[]
    expect(namespace).toMatchObject({ name: 'mcp', tools: [{ name: 'look' }] })
    expect(beside?.['name']).toMatch(/^mcp__a_b_[a-z0-9]{20}$/)
    expect(Object.values(lowered ?? {})).toEqual([{ kind: 'function', name: 'a.b', namespace: 'mcp' }])
  })

  it('clean and shorten names, and give them back', () => {
    const long = `mcp__${'server_'.repeat(20)}tool`
    const { body, lowered } = encode({
      tools: [
        { ...look, name: long },
        { ...look, name: 'notes.read' },
      ],
    })
    const names = (body['tools'] as readonly JsonObject[]).map(({ name }) => String(name))
    expect(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))).toBe(true)
    expect(names.map((name) => lowered?.[name]?.name)).toEqual([long, 'notes.read'])
  })

  it('declare a tool search of the client as one, or as a function', () => {
    const search: Tool = {
      type: 'function',
      name: 'tool_search',
      description: 'Finds.',
      schema,
      extra: { 'openai-responses': { execution: 'client', $type: 'tool_search' } },
    }
    const added: Tool = { ...look, extra: { 'openai-responses': { $added: true } } }
    expect(encodeOwn({ tools: [search, added] }).body['tools']).toEqual([
      { execution: 'client', type: 'tool_search', description: 'Finds.', parameters: schema },
    ])
    const item = (type: string, more: JsonObject): JsonObject => ({
      type,
      call_id: 'c',
      execution: 'client',
      ...more,
    })
    const searched = item('tool_search_call', { arguments: { query: 'x' } })
    const found = item('tool_search_output', { tools: [{ type: 'function', name: 'look' }] })
    const native = (value: JsonObject): { protocol: string; value: JsonObject } => ({
      protocol: 'openai-responses',
      value,
    })
    const turns: GenerateRequest['turns'] = [
      user('Q'),
      turn('assistant', {
        type: 'tool_call',
        kind: 'hosted',
        callId: 'c',
        name: 'tool_search',
        arguments: '{"query":"x"}',
        native: native(searched),
      }),
      turn('tool', {
        type: 'tool_result',
        kind: 'hosted',
        callId: 'c',
        parts: [{ type: 'text', text: 'look' }],
        native: native(found),
      }),
    ]
    expect(encodeOwn({ tools: [search, added], turns }).input.slice(1)).toEqual([searched, found])
    const without = encodeOwn({ tools: [search, added], turns }, { quirks: { toolSearch: false } })
    expect((without.body['tools'] as readonly JsonObject[]).map(({ type, name }) => [type, name])).toEqual([
      ['function', 'tool_search'],
      ['function', 'look'],
    ])
    expect(without.input.slice(1)).toEqual([
      { type: 'function_call', call_id: 'c', name: 'tool_search', arguments: '{"query":"x"}' },
      { type: 'function_call_output', call_id: 'c', output: 'look' },
    ])
    // So that the answer is read and not relayed.
    expect(without.lowered).toHaveProperty('tool_search')
  })

  it('run hosted tools of this wire as they stand, and others as this wire’s', () => {
    const own = { type: 'file_search', vector_store_ids: ['vs_1'] }
    expect(
      toolsOf([
        server('file_search', 'openai-responses', own),
        server('web_search', 'anthropic-messages', {
          type: 'web_search_20250305',
          name: 'web_search',
          allowed_domains: ['example.com'],
          user_location: { type: 'approximate', city: 'Oslo' },
        }),
        server('web_search', 'openai-chat', {
          search_context_size: 'low',
          user_location: { type: 'approximate', approximate: { country: 'NO' } },
        }),
        server('web_search', 'google-gemini', { googleSearch: {} }),
        server('code_execution', 'anthropic-messages', {
          type: 'code_execution_20250825',
          name: 'code_execution',
        }),
      ]),
    ).toEqual([
      own,
      {
        type: 'web_search',
        filters: { allowed_domains: ['example.com'] },
        user_location: { type: 'approximate', city: 'Oslo' },
      },
      {
        type: 'web_search',
        search_context_size: 'low',
        user_location: { type: 'approximate', country: 'NO' },
      },
      { type: 'web_search' },
      { type: 'code_interpreter', container: { type: 'auto' } },
    ])
    const limited = encode({
      tools: [
        server('web_search', 'anthropic-messages', {
          type: 'web_search_20250305',
          name: 'web_search',
          max_uses: 3,
        }),
        server('memory', 'anthropic-messages', { type: 'memory_20250818', name: 'memory' }),
      ],
    })
    expect(limited.losses).toMatchObject([
      { what: 'tool.web_search', how: 'approximated', note: 'without max_uses' },
      { what: 'tool.memory', how: 'dropped' },
    ])
    expect(
      encode({ tools: [server('file_search', 'openai-responses', own)] }, { quirks: { hostedTools: false } })
        .report,
    ).toEqual(['tool.file_search dropped /tools/0'])
  })

  it('load deferred tools at once, without the placeholder of Claude Code', () => {
    const { body, report } = encode({
      tools: [
        { ...look, deferred: true },
        { type: 'function', name: 'DeferredToolPlaceholder', deferred: true },
      ],
    })
    expect((body['tools'] as readonly JsonObject[]).map(({ name }) => name)).toEqual(['look'])
    expect(report).toEqual(['tool.deferred dropped /tools/0', 'tool.deferred dropped /tools/1'])
    expect(encodeOwn({ tools: [{ ...look, deferred: true }] }).body['tools']).toMatchObject([
      { defer_loading: true },
    ])
  })

  it('write Gemini’s schemas as JSON Schema', () => {
    const given: JsonObject = {
      type: 'OBJECT',
      propertyOrdering: ['a'],
      properties: {
        a: { type: 'STRING', nullable: true },
        type: { type: 'ARRAY', minItems: '2', items: { type: 'INTEGER', enum: ['type'] } },
      },
    }
    expect(toolsOf([{ ...look, schema: given, dialect: 'openapi' }])).toMatchObject([
      {
        parameters: {
          type: 'object',
          properties: {
            a: { type: ['string', 'null'] },
            type: { type: 'array', minItems: 2, items: { type: 'integer', enum: ['type'] } },
          },
        },
      },
    ])
  })
})

describe('tool choice', () => {
  it('has the words of the wire', () => {
    expect(choiceOf({ mode: 'auto' })).toBe('auto')
    expect(choiceOf({ mode: 'none', names: ['look'] })).toBe('none')
    expect(choiceOf({ mode: 'required' })).toBe('required')
    expect(choiceOf({ mode: 'required', names: ['look'] })).toEqual({ type: 'function', name: 'look' })
    expect(choiceOf({ mode: 'required', names: ['apply_patch'] })).toEqual({
      type: 'custom',
      name: 'apply_patch',
    })
    expect(choiceOf({ mode: 'auto', names: ['look', 'apply_patch'] })).toEqual({
      type: 'allowed_tools',
      mode: 'auto',
      tools: [
        { type: 'function', name: 'look' },
        { type: 'custom', name: 'apply_patch' },
      ],
    })
    const searching = server('web_search', 'anthropic-messages', {
      type: 'web_search_20250305',
      name: 'web_search',
    })
    expect(choiceOf({ mode: 'required', names: ['web_search'] }, [searching])).toEqual({
      type: 'allowed_tools',
      mode: 'required',
      tools: [{ type: 'web_search' }],
    })
  })

  it('forbids parallel calls beside it, or alone', () => {
    const body = encode({ tools: [look], toolChoice: { mode: 'auto', parallel: false } }).body
    expect([body['tool_choice'], body['parallel_tool_calls']]).toEqual(['auto', false])
    const own = encodeOwn({
      tools: [look],
      toolChoice: { mode: 'auto', parallel: true, extra: { 'openai-responses': { $implied: true } } },
    }).body
    expect([own['tool_choice'], own['parallel_tool_calls']]).toEqual([undefined, true])
  })

  it('of another vendor’s own is dropped and reported', () => {
    const native = { protocol: 'anthropic-messages', value: { type: 'odd' } }
    expect(encode({ tools: [look], toolChoice: { mode: 'native', native } }).report).toEqual([
      'tool_choice dropped /tool_choice',
    ])
    const own = { protocol: 'openai-responses', value: { type: 'mcp', server_label: 's' } }
    expect(
      encodeOwn({ tools: [look], toolChoice: { mode: 'native', native: own } }).body['tool_choice'],
    ).toEqual(own.value)
  })

  it('may stand without tools where the conversation announces some', () => {
    const added = turn('user', {
      type: 'tools_added',
      names: ['look'],
      native: { protocol: 'anthropic-messages', value: {} },
    })
    expect(encode({ turns: [user('Q'), added], toolChoice: { mode: 'required' } }).body['tool_choice']).toBe(
      'required',
    )
  })
})
