import type { FunctionTool, Tool, ToolChoice } from '@gantry/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { call, encode, result, says, user } from '../encode.test-support.ts'
import { createToolNames } from './tool-names.ts'

const look: FunctionTool = {
  type: 'function',
  name: 'look',
  description: 'Looks',
  schema: { type: 'object', properties: {} },
}
const go: FunctionTool = { type: 'function', name: 'go' }

describe('tools', () => {
  it('always have an object schema', () => {
    const { at } = encode({ tools: [go, { ...look, schema: { properties: { a: {} } } }] })
    expect(at('/tools/0')).toEqual({ name: 'go', input_schema: { type: 'object', properties: {} } })
    expect(at('/tools/1/input_schema')).toEqual({ type: 'object', properties: { a: {} } })
    expect(encode({ tools: [] }).body).not.toHaveProperty('tools')
  })

  it('wrap freeform tools and their calls, with the way back', () => {
    const patch: Tool = {
      type: 'custom',
      name: 'apply_patch',
      description: 'Patches',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
    }
    const turns = [
      user('Q'),
      says({ type: 'tool_call', kind: 'custom', callId: 'a', name: 'apply_patch', arguments: '*** x' }),
      result('a', 'ok'),
    ]
    const { at, lowered, report } = encode({ tools: [patch], turns })
    expect(at('/tools/0/input_schema/required')).toEqual(['input'])
    expect(at('/tools/0/description')).toContain('start: "x"')
    expect(at('/messages/1/content/0/input')).toEqual({ input: '*** x' })
    expect(lowered).toEqual({ apply_patch: { kind: 'custom', name: 'apply_patch' } })
    expect(report).toEqual(['lowered tool.custom /tools/0'])
  })

  it('flatten namespaces, with the way back', () => {
    const space: Tool = {
      type: 'namespace',
      name: 'gh',
      description: 'GitHub',
      tools: [look, { type: 'custom', name: 'raw' }],
    }
    const turns = [
      user('Q'),
      says({ ...call('a'), namespace: 'gh' } as ReturnType<typeof call>),
      result('a', 'ok'),
    ]
    const { at, lowered } = encode({ tools: [space, { ...go, name: 'gh__look' }], turns })
    expect(at('/tools/0')).toMatchObject({ name: 'gh__look', description: 'GitHub\n\nLooks' })
    expect(at('/messages/1/content/0/name')).toBe('gh__look')
    const other = String(at('/tools/2/name'))
    expect(other).toMatch(/^gh__look_/)
    expect(lowered).toEqual({
      gh__look: { kind: 'function', name: 'look', namespace: 'gh' },
      gh__raw: { kind: 'custom', name: 'raw', namespace: 'gh' },
      [other]: { kind: 'function', name: 'gh__look' },
    })
  })

  it('shorten long names the same way every time', () => {
    const name = `mcp.server/${'x'.repeat(150)}`
    const first = encode({ tools: [{ ...go, name }] })
    const wire = String(first.at('/tools/0/name'))
    expect(wire).toMatch(/^mcp_server_x+_[a-z0-9]+$/)
    expect(wire.length).toBeLessThanOrEqual(128)
    expect(first.lowered).toEqual({ [wire]: { kind: 'function', name } })
    expect(
      encode({
        tools: [{ ...go, name }],
        turns: [user('Q'), says(call('a', '{}', name)), result('a', '')],
      }).at('/messages/1/content/0/name'),
    ).toBe(wire)
    expect(
      String(encode({ tools: [{ ...go, name }] }, 'other').at('/tools/0/name')).length,
    ).toBeLessThanOrEqual(64)
  })

  it('never give two tools one name', () => {
    const tool = fc.record({
      name: fc.string({ maxLength: 40 }),
      namespace: fc.option(fc.constantFrom('a', 'a__b', 'ü'), { nil: undefined }),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(tool, { selector: ({ name, namespace }) => JSON.stringify([namespace, name]) }),
        (tools) => {
          const names = createToolNames(24)
          const wire = tools.map((each) => names.wireName({ kind: 'function', ...each }))
          expect(new Set(wire).size).toBe(tools.length)
          for (const each of wire) expect(each).toMatch(/^[a-zA-Z0-9_-]{1,24}$/)
          tools.forEach((each, index) => {
            expect(names.wireName({ kind: 'function', ...each })).toBe(wire[index])
            const back = names.lowered()?.[wire[index] ?? '']
            expect(back?.name ?? wire[index]).toBe(each.name)
          })
        },
      ),
    )
  })

  it('keep strict where the model enforces it, and describe what it cannot enforce', () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] }
    const strict = encode({ tools: [{ ...look, strict: true, schema }] })
    expect(strict.at('/tools/0')).toMatchObject({
      strict: true,
      input_schema: {
        additionalProperties: false,
        properties: { n: { type: 'integer', description: 'Limits: minimum 1.' } },
      },
    })
    expect(strict.report).toEqual(['approximated tool.schema /tools/0'])
    const old = encode({ tools: [{ ...look, strict: true, schema }] }, 'claude-opus-4-0')
    expect(old.at('/tools/0/input_schema')).toEqual(schema)
    expect(old.report).toEqual(['dropped tool.strict /tools/0'])
    const tree = { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#' } } } }
    expect(encode({ tools: [{ ...look, strict: true, schema: tree }] }).report).toEqual([
      'dropped tool.strict /tools/0',
    ])
  })

  it('send our own hosted tools as they are, and a web search of others as ours', () => {
    const own: Tool = {
      type: 'server',
      tool: 'web_fetch',
      native: { protocol: 'anthropic-messages', value: { type: 'web_fetch_20250910', name: 'web_fetch' } },
    }
    const search: Tool = {
      type: 'server',
      tool: 'web_search',
      native: {
        protocol: 'other',
        value: { user_location: { type: 'approximate', approximate: { city: 'Bern' } } },
      },
    }
    const shell: Tool = { type: 'server', tool: 'shell', native: { protocol: 'other', value: {} } }
    const { at, headers, report } = encode({ tools: [own, search, shell] })
    expect(at('/tools')).toEqual([
      { type: 'web_fetch_20250910', name: 'web_fetch' },
      {
        type: 'web_search_20250305',
        name: 'web_search',
        user_location: { type: 'approximate', city: 'Bern' },
      },
    ])
    expect(headers?.['anthropic-beta']).toBe('web-fetch-2025-09-10')
    expect(report).toEqual(['approximated tool.web_search /tools/1', 'dropped tool.shell /tools/2'])
  })

  it('say each name once, and hide deferred ones only where something finds them', () => {
    expect(encode({ tools: [go, go] }).report).toEqual(['dropped tool.duplicate /tools/1'])
    expect(encode({ tools: [go, { ...look, deferred: true }] }).at('/tools/1/defer_loading')).toBe(true)
    expect(encode({ tools: [{ ...look, deferred: true }] }).report).toEqual([
      'approximated tool.deferred /tools/0',
    ])
  })

  it('read the OpenAPI dialect', () => {
    const schema = {
      type: 'OBJECT',
      properties: { type: { type: 'STRING', nullable: true, minLength: '2' } },
    }
    expect(encode({ tools: [{ ...look, schema, dialect: 'openapi' }] }).at('/tools/0/input_schema')).toEqual({
      type: 'object',
      properties: { type: { type: ['string', 'null'], minLength: 2 } },
    })
  })
})

describe('tool choice', () => {
  const chosen = (toolChoice: ToolChoice, model?: string): ReturnType<typeof encode> =>
    encode({ tools: [look, go], toolChoice }, model)

  it('says the same in the words of the wire', () => {
    expect(chosen({ mode: 'auto' }).body['tool_choice']).toEqual({ type: 'auto' })
    expect(chosen({ mode: 'none' }).body['tool_choice']).toEqual({ type: 'none' })
    expect(chosen({ mode: 'required' }).body['tool_choice']).toEqual({ type: 'any' })
    expect(chosen({ mode: 'required', names: ['go'] }).body['tool_choice']).toEqual({
      type: 'tool',
      name: 'go',
    })
    expect(chosen({ mode: 'auto', parallel: false }).body['tool_choice']).toEqual({
      type: 'auto',
      disable_parallel_tool_use: true,
    })
    expect(chosen({ mode: 'none' }).body['tools']).toHaveLength(2)
  })

  it('sends only allowed tools', () => {
    const { at, report } = chosen({ mode: 'auto', names: ['go'] })
    expect(at('/tools/0/name')).toBe('go')
    expect(at('/tools/1')).toBeUndefined()
    expect(report).toEqual(['lowered tool_choice.allowed /toolChoice', 'dropped tool.not_allowed /tools/0'])
  })

  it('goes without tools', () => {
    expect(encode({ toolChoice: { mode: 'auto' } })).toMatchObject({ report: [] })
    expect(encode({ toolChoice: { mode: 'required' } }).report).toEqual(['dropped tool_choice /toolChoice'])
  })

  it('asks where a model cannot be forced', () => {
    const { body, report } = chosen({ mode: 'required', names: ['go'], parallel: false }, 'claude-opus-5-5')
    expect(body['tool_choice']).toEqual({ type: 'auto', disable_parallel_tool_use: true })
    expect(body['system']).toContain('go')
    expect(report).toEqual(['approximated tool_choice.required /toolChoice'])
  })
})
