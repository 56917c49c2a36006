import type { Part } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { call, encode, encodeOwn, result, turn, user } from '../encode.test-support.ts'

const state = (blob: string, issuer?: string): Part => ({
  type: 'reasoning',
  segments: [{ kind: 'summary', text: 'Thought.' }],
  id: 'rs_1',
  custody: {
    protocol: 'openai-responses',
    format: 'encrypted',
    blob,
    ...(issuer !== undefined && { issuer }),
  },
})

describe('messages', () => {
  it('are strings where they are one plain text, lists otherwise', () => {
    const { input, report } = encode({
      turns: [
        turn('system', 'Be kind.'),
        user('Look:', {
          type: 'image',
          source: { kind: 'url', url: 'https://example.com/a.png' },
          detail: 'low',
        }),
        turn('assistant', 'A cat.', { type: 'refusal', text: 'No more.' }),
        user('Thanks.'),
      ],
    })
    expect(input).toEqual([
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look:' },
          { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'A cat.' },
          { type: 'refusal', refusal: 'No more.' },
        ],
      },
      { role: 'user', content: 'Thanks.' },
    ])
    expect(report).toEqual([])
  })

  it('put instructions where the wire has them, without the header that changes with every session', () => {
    const { body, report } = encode({
      instructions: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329.3c4;', at: '/system/0' },
        { type: 'text', text: 'One.', at: '/system/1' },
        { type: 'text', text: 'Two.', at: '/system/2', cache: { mode: 'ephemeral' } },
      ],
    })
    expect(body['instructions']).toBe('One.\n\nTwo.')
    expect(report).toEqual([
      'instructions.billing_header dropped /system/0',
      'cache.breakpoint dropped /system/2',
    ])
  })

  it('take the role of system texts that the host knows', () => {
    const { input } = encode(
      { turns: [turn('system', 'A.'), user('B.')] },
      { quirks: { systemRole: 'developer' } },
    )
    expect(input[0]).toEqual({ role: 'developer', content: 'A.' })
  })

  it('carry files of all sources, with the name that inline data needs', () => {
    const data = { kind: 'base64' as const, data: 'JVBERi0=', mediaType: 'application/pdf' }
    const { input, report } = encode({
      turns: [
        user(
          { type: 'file', source: data },
          { type: 'file', source: data, name: 'a.pdf' },
          { type: 'file', source: { kind: 'url', url: 'https://example.com/b.pdf' } },
          { type: 'file', source: { kind: 'file_id', id: 'file-1' } },
          { type: 'file', source: { kind: 'text', text: 'Words.' }, name: 'c.txt', at: '/c' },
          {
            type: 'audio',
            source: { kind: 'base64', data: 'AAA=', mediaType: 'audio/mpeg' },
            transcript: 'Hello.',
            at: '/d',
          },
        ),
      ],
    })
    expect(input[0]?.['content']).toEqual([
      { type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'file.pdf' },
      { type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' },
      { type: 'input_file', file_url: 'https://example.com/b.pdf' },
      { type: 'input_file', file_id: 'file-1' },
      { type: 'input_text', text: 'c.txt:\nWords.' },
      { type: 'input_text', text: 'Hello.' },
    ])
    expect(report).toEqual(['part.file lowered /c', 'part.audio lowered /d'])
  })

  it('carry sound to hosts that take it', () => {
    const sound: Part = { type: 'audio', source: { kind: 'base64', data: 'AAA=', mediaType: 'audio/mpeg' } }
    expect(encode({ turns: [user(sound)] }, { quirks: { accepts: ['input_audio'] } }).input[0]).toEqual({
      role: 'user',
      content: [{ type: 'input_audio', input_audio: { data: 'AAA=', format: 'mp3' } }],
    })
    expect(encode({ turns: [user('Hi.', sound)] }).report).toEqual(['part.audio dropped /turns/0/parts/1'])
  })

  it('say what has no form here, in words where it has some', () => {
    const foreign = { protocol: 'anthropic-messages', value: { type: 'x' } }
    const { input, report } = encode({
      turns: [
        turn(
          'assistant',
          {
            type: 'server_tool_call',
            tool: 'web_search',
            callId: 's',
            name: 'w',
            arguments: '{}',
            native: foreign,
          },
          {
            type: 'server_tool_result',
            tool: 'web_search',
            callId: 's',
            parts: [{ type: 'text', text: 'Found.' }],
            native: foreign,
          },
          { type: 'compaction', text: 'We met.' },
          { type: 'native', native: foreign, text: 'Odd.' },
          { type: 'native', native: foreign },
          { type: 'image', source: { kind: 'file_id', id: 'f' } },
        ),
        user('Go on.'),
      ],
    })
    expect(input[0]?.['content']).toEqual([
      { type: 'output_text', text: 'Found.' },
      { type: 'output_text', text: 'Summary of the earlier conversation:\nWe met.' },
      { type: 'output_text', text: 'Odd.' },
    ])
    expect(report).toEqual([
      'part.server_tool_call dropped /turns/0/parts/0',
      'part.server_tool_result lowered /turns/0/parts/1',
      'part.compaction approximated /turns/0/parts/2',
      'part.native lowered /turns/0/parts/3',
      'part.native dropped /turns/0/parts/4',
      'part.image dropped /turns/0/parts/5',
    ])
  })

  it('keep sources that have a URL and report the others', () => {
    const { input, report } = encode({
      turns: [
        turn('assistant', {
          type: 'text',
          text: 'So.',
          citations: [
            {
              kind: 'url',
              url: 'https://example.com',
              title: 'T',
              native: { protocol: 'openai-chat', value: {} },
            },
            { kind: 'document', native: { protocol: 'anthropic-messages', value: {} } },
          ],
        }),
        user('And?'),
      ],
    })
    expect(input[0]?.['content']).toEqual([
      {
        type: 'output_text',
        text: 'So.',
        annotations: [
          { type: 'url_citation', url: 'https://example.com', title: 'T', start_index: 0, end_index: 0 },
        ],
      },
    ])
    expect(report).toEqual(['part.text.citations dropped /turns/0/parts/0'])
  })

  it('refuse a conversation that comes to nothing, unless the server has one', () => {
    expect(() => encode({ turns: [] })).toThrow('no message')
    expect(() =>
      encode({ turns: [turn('assistant')], instructions: [{ type: 'text', text: 'Hi.' }] }),
    ).toThrow('instructions, but no message')
    expect(encode({ turns: [], continuation: { previousResponseId: 'resp_1' } }).body).toMatchObject({
      previous_response_id: 'resp_1',
    })
  })

  it('report fields of other wires where they stood, not notes and empties', () => {
    const { report } = encode({
      turns: [
        { ...user('Hi.'), at: '/messages/0', extra: { 'openai-chat': { weight: 1, $list: true, tags: [] } } },
      ],
      extra: { 'openai-chat': { 'odd/field': 1, none: null } },
    })
    expect(report).toEqual(['extra.odd/field dropped /odd~1field', 'extra.weight dropped /messages/0/weight'])
  })
})

describe('calls and results', () => {
  it('are items, arguments as the model wrote them', () => {
    const args = '{ "b": 1.0,\n"a": 9007199254740993 }'
    const { input, report } = encode({
      turns: [
        user('Q'),
        turn('assistant', 'Wait.', call('c1', 'look', args)),
        turn('tool', result('c1', 'R')),
      ],
    })
    expect(input.slice(1)).toEqual([
      { role: 'assistant', content: 'Wait.' },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: args },
      { type: 'function_call_output', call_id: 'c1', output: 'R' },
    ])
    expect(report).toEqual([])
  })

  it('keep order and pairs of a hundred parallel calls, answered backwards', () => {
    const ids = Array.from({ length: 100 }, (_, index) => `functions.Bash:${index}`)
    const { input } = encode({
      turns: [
        user('Q'),
        turn('assistant', ...ids.map((id) => call(id))),
        user(...ids.toReversed().map((id) => result(id, `of ${id}`)), 'Go on.'),
      ],
    })
    const outputs = input.filter(({ type }) => type === 'function_call_output')
    expect(outputs.map(({ call_id, output }) => `${String(call_id)} ${String(output)}`)).toEqual(
      ids.toReversed().map((id) => `${id} of ${id}`),
    )
    expect(input.at(-1)).toEqual({ role: 'user', content: 'Go on.' })
  })

  it('shorten ids beyond 64 characters, the same way each time, and never two to one', () => {
    const long = (end: string): string => `${'x'.repeat(80)}${end}`
    const { input } = encode({
      turns: [
        user('Q'),
        turn('assistant', call(long('a')), call(long('b'))),
        user(result(long('b'), 'B'), result(long('a'), 'A')),
      ],
    })
    const [, first, second, later, earlier] = input
    expect(String(first?.['call_id'])).toHaveLength(64)
    expect(first?.['call_id']).not.toBe(second?.['call_id'])
    expect([later?.['call_id'], earlier?.['call_id']]).toEqual([second?.['call_id'], first?.['call_id']])
    expect([later?.['output'], earlier?.['output']]).toEqual(['B', 'A'])
  })

  it('tell calls apart whose host counts from zero in every turn', () => {
    const { input } = encode({
      turns: [
        user('Q'),
        turn('assistant', call('0')),
        user(result('0', 'first')),
        turn('assistant', call('0')),
        user(result('0', 'second')),
      ],
    })
    const ids = input.filter(({ call_id }) => call_id !== undefined).map(({ call_id }) => call_id)
    expect(ids[0]).toBe('0')
    expect(ids[1]).toBe('0')
    expect(ids[2]).not.toBe('0')
    expect(ids[3]).toBe(ids[2])
  })

  it('answer calls that nobody answered, and say results without a call as text', () => {
    const { input, report } = encode({
      turns: [
        user('Q'),
        turn('assistant', call('c1'), call('c2')),
        user(result('c2', 'Two'), result('gone', 'Lost'), 'Next.'),
      ],
    })
    expect(input.slice(1)).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'No result: the call was interrupted.' },
      { type: 'function_call', call_id: 'c2', name: 'look', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c2', output: 'Two' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Result of tool call gone:' },
          { type: 'input_text', text: 'Lost' },
        ],
      },
      { role: 'user', content: 'Next.' },
    ])
    expect(report).toEqual([
      'part.tool_result lowered /turns/2/parts/1',
      'tool_call.unanswered approximated /turns',
    ])
  })

  it('say that a call failed, once', () => {
    const failed = (text: string): Part => ({ ...result('c', text), isError: true }) as Part
    const outputOf = (part: Part): unknown =>
      encode({ turns: [user('Q'), turn('assistant', call('c')), user(part)] }).input.at(-1)?.['output']
    expect(outputOf(failed('no such file'))).toBe('Error: no such file')
    expect(outputOf(failed('Error: no such file'))).toBe('Error: no such file')
    expect(outputOf({ ...result('c'), isError: true } as Part)).toBe('Error: the tool call failed.')
  })

  it('keep pictures and documents inside results', () => {
    const { input } = encode({
      turns: [
        user('Q'),
        turn('assistant', call('c')),
        user(
          result('c', 'Here:', {
            type: 'image',
            source: { kind: 'base64', data: 'AA==', mediaType: 'image/png' },
          }),
        ),
      ],
    })
    expect(input.at(-1)?.['output']).toEqual([
      { type: 'input_text', text: 'Here:' },
      { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'auto' },
    ])
  })

  it('say which tools were loaded in the middle', () => {
    const loaded: Part = {
      type: 'tools_added',
      names: ['a', 'b'],
      native: { protocol: 'anthropic-messages', value: {} },
    }
    const { input } = encode({ turns: [user('Q'), turn('assistant', call('c')), user(result('c', loaded))] })
    expect(input.at(-1)?.['output']).toBe('Tool loaded: a, b')
  })
})

describe('thinking', () => {
  it('goes back to its issuer exactly, before its call', () => {
    const { input, report } = encode({
      turns: [user('Q'), turn('assistant', state('blob', 'openai'), call('c')), user(result('c', 'R'))],
    })
    expect(input[1]).toEqual({
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'Thought.' }],
      encrypted_content: 'blob',
    })
    expect(report).toEqual([])
  })

  it('is left out for anybody else, and reported', () => {
    const cases: readonly (readonly [Part, string])[] = [
      [state('blob', 'other'), 'custody.encrypted dropped /turns/0/parts/0'],
      [state('gantry1.sealed'), 'custody.encrypted dropped /turns/0/parts/0'],
      [
        {
          type: 'reasoning',
          segments: [{ kind: 'text', text: 'Hm.' }],
          custody: { protocol: 'anthropic-messages', format: 'signature', blob: 'sig' },
        },
        'custody.signature dropped /turns/0/parts/0',
      ],
      [
        { type: 'reasoning', segments: [{ kind: 'text', text: 'Hm.' }] },
        'part.reasoning dropped /turns/0/parts/0',
      ],
    ]
    for (const [part, expected] of cases) {
      const { input, report } = encode({ turns: [turn('assistant', part, 'So.'), user('Go.')] })
      expect(input.map(({ type, role }) => type ?? role)).toEqual(['assistant', 'user'])
      expect(report).toEqual([expected])
    }
    // Without state it is the client's own affair, towards its own wire: some hosts want the text back.
    const own = encodeOwn({
      turns: [
        turn('assistant', { type: 'reasoning', segments: [{ kind: 'text', text: 'Hm.' }] }),
        user('Go.'),
      ],
    })
    expect(own.input[0]).toEqual({
      type: 'reasoning',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'Hm.' }],
    })
    expect(encodeOwn({ turns: [turn('assistant', state('blob', 'other')), user('Go.')] }).report).toEqual([
      'custody.encrypted dropped /turns/0/parts/0',
    ])
  })

  it('is sent as text to hosts that take it so', () => {
    const { input } = encode(
      {
        turns: [
          turn('assistant', { type: 'reasoning', segments: [{ kind: 'text', text: 'Hm.' }] }),
          user('Go.'),
        ],
      },
      { quirks: { reasoningText: true } },
    )
    expect(input[0]).toEqual({
      type: 'reasoning',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'Hm.' }],
    })
  })

  it('has compactions go back to their issuer only', () => {
    const compaction = (issuer: string): Part => ({
      type: 'compaction',
      id: 'cmp_1',
      custody: { protocol: 'openai-responses', format: 'encrypted', blob: 'sealed', issuer },
    })
    expect(encode({ turns: [turn('assistant', compaction('openai')), user('Go.')] }).input[0]).toEqual({
      type: 'compaction',
      id: 'cmp_1',
      encrypted_content: 'sealed',
    })
    const other = encode({ turns: [turn('assistant', compaction('azure')), user('Go.')] })
    expect(other.input).toEqual([{ role: 'user', content: 'Go.' }])
    expect(other.report).toEqual(['part.compaction dropped /turns/0/parts/0'])
  })
})
