import { describe, expect, it, test } from 'vitest'
import { GatewayError, type GatewayErrorData, type JsonObject } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { wireOf } from '../recorded.test-support.ts'
import { decodeCompact, decodeCount, decodeRequest } from './decode-request.ts'

const decode = (body: JsonObject): ReturnType<typeof decodeRequest> => decodeRequest(wireOf(body))
const ask = (more: JsonObject): JsonObject => ({ model: 'm', input: 'hi', ...more })
const items = (...input: readonly JsonObject[]): JsonObject => ({ model: 'm', input })
const said = (...content: readonly JsonObject[]): JsonObject => items({ role: 'user', content })
const fn = { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false }

describe('wrong bodies name the field', () => {
  test.each<[string, JsonObject]>([
    ['/input', { model: 'm' }],
    ['/input', { input: null }],
    ['/input', { input: 5 }],
    ['/input', { input: {} }],
    ['/input', { input: [] }],
    ['/input/0', { input: ['hi'] }],
    ['/input/0/type', { input: [{ content: 'hi' }] }],
    ['/input/0/type', { input: [{ type: 7, role: 'user', content: 'hi' }] }],
    ['/input/0/role', items({ role: 'tool', content: 'hi' })],
    ['/input/0/role', items({ type: 'message', content: 'hi' })],
    ['/input/0/content', items({ role: 'user' })],
    ['/input/0/content', items({ role: 'user', content: null })],
    ['/input/0/content', items({ role: 'user', content: 3 })],
    ['/input/0/content/0', items({ role: 'user', content: ['hi'] })],
    ['/input/0/content/0/type', said({ text: 'hi' })],
    ['/input/0/content/1/type', said({ type: 'input_text', text: 'a' }, { type: 'input_video' })],
    ['/input/0/content/0/text', said({ type: 'input_text', text: 1 })],
    ['/input/0/content/0/refusal', said({ type: 'refusal' })],
    ['/input/0/content/0', said({ type: 'input_image', detail: 'low' })],
    ['/input/0/content/0/image_url', said({ type: 'input_image', image_url: { url: 'https://x' } })],
    ['/input/0/content/0', said({ type: 'input_file', filename: 'a.pdf' })],
    ['/input/0/content/0/input_audio', said({ type: 'input_audio' })],
    ['/input/0/content/0/input_audio/data', said({ type: 'input_audio', input_audio: { format: 'wav' } })],
    ['/input/0/phase', items({ role: 'assistant', content: 'a', phase: 1 })],
    ['/input/0/id', items({ role: 'assistant', content: 'a', id: 1 })],
    ['/input/0/call_id', items({ type: 'function_call', name: 'f', arguments: '{}' })],
    ['/input/0/name', items({ type: 'function_call', call_id: 'c', arguments: '{}' })],
    ['/input/0/arguments', items({ type: 'function_call', call_id: 'c', name: 'f', arguments: {} })],
    ['/input/0/input', items({ type: 'custom_tool_call', call_id: 'c', name: 'f' })],
    ['/input/0/call_id', items({ type: 'function_call_output', output: 'x' })],
    ['/input/0/output', items({ type: 'function_call_output', call_id: 'c' })],
    ['/input/0/output', items({ type: 'custom_tool_call_output', call_id: 'c', output: { a: 1 } })],
    [
      '/input/0/output/0/type',
      items({ type: 'function_call_output', call_id: 'c', output: [{ type: 'json' }] }),
    ],
    ['/input/0/summary', items({ type: 'reasoning', summary: 'x' })],
    ['/input/0/summary/0/text', items({ type: 'reasoning', summary: [{ type: 'summary_text' }] })],
    ['/input/0/encrypted_content', items({ type: 'reasoning', summary: [], encrypted_content: 1 })],
    ['/input/0/encrypted_content', items({ type: 'compaction' })],
    ['/input/0/tools', items({ type: 'tool_search_output', call_id: 'c' })],
    ['/input/0/tools/0/type', items({ type: 'additional_tools', tools: [{ type: 'teleport' }] })],
    ['/input/0', items({ type: 'compaction_trigger' }, { role: 'user', content: 'more' })],
    ['/model', { model: 5, input: 'hi' }],
    ['/stream', ask({ stream: 'yes' })],
    ['/instructions', ask({ instructions: ['be kind'] })],
    ['/temperature', ask({ temperature: '1' })],
    ['/max_output_tokens', ask({ max_output_tokens: 0 })],
    ['/max_output_tokens', ask({ max_output_tokens: 1.5 })],
    ['/top_logprobs', ask({ top_logprobs: 'many' })],
    ['/include', ask({ include: 'all' })],
    ['/include/0', ask({ include: [1] })],
    ['/metadata', ask({ metadata: [] })],
    ['/reasoning', ask({ reasoning: 'high' })],
    ['/reasoning/effort', ask({ reasoning: { effort: 3 } })],
    ['/text', ask({ text: 'json' })],
    ['/text/format/type', ask({ text: { format: { name: 'x' } } })],
    ['/text/format/name', ask({ text: { format: { type: 'json_schema', schema: {} } } })],
    ['/tools', ask({ tools: {} })],
    ['/tools/0/type', ask({ tools: [{ name: 'f' }] })],
    ['/tools/1/type', ask({ tools: [fn, { type: 'teleport' }] })],
    ['/tools/0/name', ask({ tools: [{ type: 'function' }] })],
    ['/tools/0/parameters', ask({ tools: [{ ...fn, parameters: 'none' }] })],
    ['/tools/0/tools', ask({ tools: [{ type: 'namespace', name: 'n' }] })],
    [
      '/tools/0/tools/0/name',
      ask({ tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'custom' }] }] }),
    ],
    [
      '/tools/0/tools/0/type',
      ask({
        tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'namespace', name: 'o', tools: [] }] }],
      }),
    ],
    ['/tool_choice', ask({ tools: [fn], tool_choice: 'always' })],
    ['/tool_choice', ask({ tools: [fn], tool_choice: 5 })],
    ['/tool_choice/type', ask({ tools: [fn], tool_choice: { type: 'teleport' } })],
    ['/tool_choice/name', ask({ tools: [fn], tool_choice: { type: 'function' } })],
    ['/tool_choice/mode', ask({ tools: [fn], tool_choice: { type: 'allowed_tools', tools: [] } })],
    ['/tool_choice/tools', ask({ tools: [fn], tool_choice: { type: 'allowed_tools', mode: 'auto' } })],
    ['/tool_choice', ask({ tool_choice: 'required' })],
    ['/tool_choice', ask({ tools: [], tool_choice: { type: 'function', name: 'f' } })],
    ['/tool_choice', ask({ tools: [fn], tool_choice: { type: 'function', name: 'g' } })],
    ['/parallel_tool_calls', ask({ parallel_tool_calls: 'no' })],
    ['/previous_response_id', ask({ previous_response_id: 'resp_1', conversation: 'conv_1' })],
    ['/conversation', ask({ conversation: 5 })],
    ['/conversation/id', ask({ conversation: {} })],
    ['/background', ask({ background: true, store: false })],
  ])('%s', (param, body) => {
    const error = refusalOf(body)
    expect(error).toMatchObject({ class: 'invalid_request', status: 400, param, source: 'gateway' })
    expect(error.code).toMatch(/^[a-z_]+$/)
  })

  it('in words that clients know', () => {
    expect(refusalOf(items({ role: 'user' })).message).toBe(
      "Missing required parameter: 'input[0].content'; it has to be a string or an array of parts.",
    )
    expect(refusalOf(ask({ temperature: 'hot' }))).toMatchObject({
      code: 'invalid_type',
      message: "Invalid 'temperature': it has to be a number, not a string.",
    })
    expect(refusalOf(said({ type: 'input_video' })).message).toMatch(
      /^Invalid value: 'input_video'\. Supported values are: 'input_text', /,
    )
  })

  it('says which two tools a flat wire could not tell apart', () => {
    const nested = { type: 'namespace', name: 'files', tools: [{ ...fn, name: 'read' }] }
    const flat = { ...fn, name: 'files__read' }
    expect(refusalOf(ask({ tools: [nested, flat] }))).toMatchObject({
      param: '/tools/1/name',
      message: expect.stringContaining("'files__read' stands for two tools"),
    })
    expect(refusalOf(ask({ tools: [fn, { type: 'custom', name: 'f' }] })).param).toBe('/tools/1/name')
    expect(
      refusalOf(
        ask({
          tools: [
            { type: 'tool_search', execution: 'client' },
            { ...fn, name: 'tool_search' },
          ],
        }),
      ).param,
    ).toBe('/tools/1/name')
    // The same tool twice is one tool.
    expect(decode(ask({ tools: [fn, fn] })).tools).toHaveLength(2)
  })
})

describe('input', () => {
  it('as a string is one message', () => {
    expect(decode(ask({})).turns).toEqual([
      {
        role: 'user',
        parts: [{ type: 'text', text: 'hi', at: '/input' }],
        extra: { 'openai-responses': { $string: true } },
        at: '/input',
      },
    ])
    expect(decode({ model: 'm', input: '' }).turns).toHaveLength(1)
  })

  it('keeps every item a turn of its own, whoever speaks', () => {
    const { turns } = decode(
      items(
        { role: 'developer', content: 'rules' },
        { role: 'system', content: [{ type: 'input_text', text: 'more rules' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_image', image_url: 'https://x/y.png' }] },
        { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'sealed' },
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'c1',
          name: 'f',
          arguments: 'not json',
          namespace: 'n',
        },
        { type: 'custom_tool_call', call_id: 'c2', name: 'apply_patch', input: '*** Begin Patch' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'done' }] },
        { type: 'custom_tool_call_output', call_id: 'c2', output: 'ok' },
        { role: 'assistant', phase: 'commentary', content: [{ type: 'output_text', text: 'so' }] },
        { type: 'item_reference', id: 'msg_1' },
        { id: 'msg_2' },
        { type: 'compaction', encrypted_content: 'blob' },
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
        { type: 'something_new', id: 'x_1' },
        { type: 'compaction_trigger' },
      ),
    )
    expect(turns.map(({ role, parts }) => [role, ...parts.map(({ type }) => type)])).toEqual([
      ['developer', 'text'],
      ['system', 'text'],
      ['user', 'image'],
      ['assistant', 'reasoning'],
      ['assistant', 'tool_call'],
      ['assistant', 'tool_call'],
      ['tool', 'tool_result'],
      ['tool', 'tool_result'],
      ['assistant', 'text'],
      ['assistant', 'native'],
      ['assistant', 'native'],
      ['assistant', 'compaction'],
      ['assistant', 'server_tool_call'],
      ['user', 'native'],
      ['user', 'native'],
    ])
    expect(turns[3]?.parts[0]?.custody).toEqual({
      protocol: 'openai-responses',
      format: 'encrypted',
      blob: 'sealed',
    })
    expect(turns[4]?.parts[0]).toMatchObject({
      kind: 'function',
      callId: 'c1',
      namespace: 'n',
      arguments: 'not json',
      id: 'fc_1',
    })
    expect(turns[5]?.parts[0]).toMatchObject({ kind: 'custom', arguments: '*** Begin Patch' })
    expect(turns[8]).toMatchObject({ phase: 'commentary' })
    expect(turns[10]?.parts[0]).toMatchObject({ native: { value: { type: 'item_reference', id: 'msg_2' } } })
  })

  it('may be missing where the server has the conversation', () => {
    expect(decode({ model: 'm', previous_response_id: 'resp_1' })).toMatchObject({
      turns: [],
      continuation: { previousResponseId: 'resp_1' },
    })
    expect(decode({ input: [], conversation: { id: 'conv_1' } })).toMatchObject({
      model: '',
      continuation: { conversation: 'conv_1' },
    })
    expect(decode({ prompt: { id: 'pmpt_1' } })).toMatchObject({
      extra: { 'openai-responses': { prompt: { id: 'pmpt_1' } } },
    })
    expect(decodeCount(wireOf({ model: 'm' })).turns).toEqual([])
    expect(() => decodeCompact(wireOf({ model: 'm' }))).toThrow("'input'")
  })

  it('keeps a result without a call and a call without a result: encoders know what to do', () => {
    expect(decode(items({ type: 'function_call_output', call_id: 'lost', output: '' })).turns).toHaveLength(1)
    expect(
      decode(items({ type: 'function_call', call_id: 'open', name: 'f', arguments: '' })).turns,
    ).toHaveLength(1)
  })
})

describe('tools', () => {
  const { tools = [] } = decode(
    ask({
      tools: [
        { ...fn, description: 'd', defer_loading: true, output_schema: { type: 'string' } },
        { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 's' } },
        { type: 'namespace', name: 'mcp__x', description: 'n', tools: [{ ...fn, name: 'read' }] },
        { type: 'tool_search', execution: 'client', description: 'find', parameters: { type: 'object' } },
        { type: 'tool_search' },
        { type: 'web_search', external_web_access: false },
        { type: 'web_search_preview_2025_03_11' },
        { type: 'openrouter:web_search' },
        { type: 'local_shell' },
      ],
    }),
  )

  it('of every kind are read', () => {
    expect(tools.map((tool) => [tool.type, tool.type === 'server' ? tool.tool : tool.name])).toEqual([
      ['function', 'f'],
      ['custom', 'apply_patch'],
      ['namespace', 'mcp__x'],
      ['function', 'tool_search'],
      ['server', 'tool_search'],
      ['server', 'web_search'],
      ['server', 'web_search'],
      ['server', 'web_search'],
      ['server', 'shell'],
    ])
    expect(tools[0]).toMatchObject({ description: 'd', strict: false, deferred: true })
    expect(tools[0]?.extra).toEqual({ 'openai-responses': { output_schema: { type: 'string' } } })
    expect(tools[1]).toMatchObject({ format: { syntax: 'lark' }, at: '/tools/1' })
    expect(tools[2]).toMatchObject({ tools: [{ type: 'function', name: 'read', at: '/tools/2/tools/0' }] })
    expect(tools[3]).toMatchObject({
      description: 'find',
      schema: { type: 'object' },
      extra: { 'openai-responses': { execution: 'client', $type: 'tool_search' } },
    })
    expect(tools[5]).toMatchObject({ native: { value: { external_web_access: false } } })
  })

  it('that the conversation brings can be called on every wire', () => {
    const { tools: all } = decode({
      ...items(
        { role: 'user', content: 'hi' },
        { type: 'additional_tools', role: 'developer', tools: [{ ...fn, name: 'late' }] },
        { type: 'tool_search_call', call_id: 'c', execution: 'client', arguments: { query: 'x' } },
        {
          type: 'tool_search_output',
          call_id: 'c',
          execution: 'client',
          tools: [{ type: 'namespace', name: 'n', tools: [{ ...fn, name: 'found' }] }, fn],
        },
      ),
      tools: [fn],
      tool_choice: { type: 'function', name: 'found' },
    })
    expect(all?.map((tool) => [tool.type === 'server' ? '' : tool.name, tool.at])).toEqual([
      ['f', '/tools/0'],
      ['late', '/input/1/tools/0'],
      ['n', '/input/3/tools/0'],
    ])
    expect(all?.map((tool) => tool.extra?.['openai-responses']?.['$added'])).toEqual([undefined, true, true])
  })

  it.each<[JsonObject | string, object]>([
    ['none', { mode: 'none' }],
    ['required', { mode: 'required' }],
    [
      { type: 'function', name: 'f' },
      { mode: 'required', names: ['f'] },
    ],
    [
      { type: 'custom', name: 'p' },
      { mode: 'required', names: ['p'] },
    ],
    [
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
      { mode: 'auto', names: ['f'] },
    ],
    [
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }, { type: 'mcp' }] },
      { mode: 'native' },
    ],
    [{ type: 'web_search_preview' }, { mode: 'native' }],
    [
      { type: 'mcp', server_label: 's' },
      { mode: 'native', native: { value: { server_label: 's' } } },
    ],
  ])('are chosen by %j', (choice, meaning) => {
    const body = ask({ tools: [fn, { type: 'custom', name: 'p' }], tool_choice: choice })
    expect(decode({ ...body, parallel_tool_calls: false }).toolChoice).toMatchObject({
      ...meaning,
      parallel: false,
    })
  })

  it('may be left to the model without being named', () => {
    expect(decode(ask({ tool_choice: 'auto' })).toolChoice).toEqual({ mode: 'auto' })
    expect(decode(ask({ tools: [] })).tools).toBeUndefined()
    expect(decode(ask({ prompt: { id: 'p' }, tool_choice: 'required' })).toolChoice?.mode).toBe('required')
  })
})

describe('options', () => {
  it('become what other protocols call them', () => {
    expect(
      decode(
        ask({
          instructions: 'be kind',
          stream: true,
          max_output_tokens: 100,
          temperature: 0.5,
          top_p: 0.9,
          top_logprobs: 3,
          reasoning: { effort: 'high', summary: 'auto', context: 'all_turns' },
          text: { verbosity: 'low', format: { type: 'json_schema', name: 'n', schema: {}, strict: true } },
          include: [
            'reasoning.encrypted_content',
            'message.output_text.logprobs',
            'file_search_call.results',
          ],
          prompt_cache_key: 'k',
          prompt_cache_retention: '24h',
          store: false,
          service_tier: 'flex',
          safety_identifier: 'u',
          metadata: { a: 'b' },
          truncation: 'auto',
          max_tool_calls: 3,
          client_metadata: { x: 'y' },
        }),
      ),
    ).toMatchObject({
      model: 'm',
      stream: true,
      instructions: [{ type: 'text', text: 'be kind', at: '/instructions' }],
      maxOutputTokens: 100,
      sampling: { temperature: 0.5, topP: 0.9, logprobs: 3 },
      reasoning: {
        effort: 'high',
        display: 'auto',
        opaque: true,
        extra: { 'openai-responses': { context: 'all_turns' } },
      },
      output: { type: 'json_schema', name: 'n', schema: {}, strict: true, verbosity: 'low' },
      cache: { key: 'k', retention: '24h' },
      continuation: { store: false },
      serviceTier: 'flex',
      endUser: 'u',
      metadata: { a: 'b' },
      extra: {
        'openai-responses': {
          $responses: true,
          include: ['file_search_call.results'],
          truncation: 'auto',
          max_tool_calls: 3,
          client_metadata: { x: 'y' },
        },
      },
    })
  })

  it('that ask for nothing stay too', () => {
    expect(decode(ask({ top_logprobs: 4 }))).toMatchObject({
      extra: { 'openai-responses': { top_logprobs: 4 } },
    })
    expect(decode(ask({ top_logprobs: 4 })).sampling).toBeUndefined()
  })

  it('that nobody knows stay, also inside others', () => {
    const { extra, output, reasoning } = decode(
      ask({
        text: { format: { type: 'text' }, hue: 1 },
        reasoning: { generate_summary: 'auto' },
        later: [1],
      }),
    )
    expect(extra?.['openai-responses']).toMatchObject({ later: [1] })
    expect(output?.extra?.['openai-responses']).toEqual({ hue: 1 })
    expect(reasoning).toMatchObject({ display: 'auto' })
    expect(
      decode(ask({ text: { format: { type: 'grammar', x: 1 } } })).extra?.['openai-responses'],
    ).toMatchObject({
      text: { format: { type: 'grammar', x: 1 } },
    })
  })

  it('keep names that prototypes have, and long numbers', () => {
    const body = parseJsonLossless(
      '{"model":"m","input":"hi","__proto__":{"a":1},"constructor":2,"id":12345678901234567890}',
    ) as JsonObject
    const own = decode(body).extra?.['openai-responses'] ?? {}
    expect(Object.keys(own)).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'id']))
    expect(JSON.stringify(own)).toContain('12345678901234567890')
    expect(({} as JsonObject)['a']).toBeUndefined()
  })
})

it('takes time in proportion to the number of items', () => {
  const long = (count: number): JsonObject =>
    items(
      ...Array.from({ length: count }, (_, at) => ({
        type: 'function_call',
        call_id: `c${at}`,
        name: 'f',
        arguments: '{}',
      })),
    )
  const time = (count: number): number => {
    const body = long(count)
    const started = performance.now()
    decode(body)
    return performance.now() - started
  }
  time(1_000)
  expect(time(20_000)).toBeLessThan(2_000)
})

function refusalOf(body: JsonObject): GatewayErrorData {
  try {
    decode(body)
  } catch (error) {
    if (GatewayError.is(error)) return error.data
    throw error
  }
  throw new Error('It was taken.')
}
