import { GatewayError, type Part, type Turn } from '@gantry/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt } from '../captures.test-support.ts'
import { call, encode, result, says, system, user } from '../encode.test-support.ts'
import { lostLeaves } from '../leaves.test-support.ts'
import { encodeRequest } from './encode-request.ts'

const protocol = 'anthropic-messages'
const signed: Part = {
  type: 'reasoning',
  segments: [{ kind: 'text', text: 'Hmm' }],
  custody: { protocol, format: 'signature', blob: ' sig== ' },
}

describe('system turns', () => {
  it('join the instructions when they lead', () => {
    const one = encode({ turns: [system('Be brief.'), user('Hi')] })
    expect(one.body['system']).toBe('Be brief.')
    const several = encode({
      instructions: [{ type: 'text', text: 'First.' }],
      turns: [{ ...system('Second.'), role: 'developer' }, user('Hi')],
    })
    expect(several.body['system']).toEqual([
      { type: 'text', text: 'First.' },
      { type: 'text', text: 'Second.' },
    ])
    expect(several.report).toEqual([])
  })

  it('stay in place for models that take them there, behind the user they interrupt', () => {
    const { at, report } = encode(
      { turns: [user('One'), says('Two'), { ...system('In French.'), at: '/messages/2' }, user('Three')] },
      'claude-opus-4-8',
    )
    expect(at('/messages/2/content/0/text')).toBe('Three')
    expect(at('/messages/3')).toEqual({ role: 'system', content: [{ type: 'text', text: 'In French.' }] })
    expect(report).toEqual(['approximated turn.system /messages/2'])
    const last = encode({ turns: [user('One'), system('A'), system('B')] }, 'claude-opus-4-8')
    expect(last.at('/messages/1/content/1/text')).toBe('B')
    expect(last.report).toEqual([])
  })

  it('become marked user text for older models, and where none may stand', () => {
    const older = encode({ turns: [user('One'), system('Be kind.'), says('Two'), user('Three')] })
    expect(older.at('/messages/0/content')).toEqual([
      { type: 'text', text: 'One' },
      { type: 'text', text: '<system>\nBe kind.\n</system>' },
    ])
    expect(older.report).toEqual(['lowered turn.system /turns/1'])
    const after = encode({ turns: [user('One'), says('Two'), system('Go on.')] }, 'claude-opus-5-5')
    expect(after.at('/messages/2')).toMatchObject({ role: 'user' })
  })

  it('follow the results of a tool loop, which stay first', () => {
    const { at } = encode(
      { turns: [user('One'), says(call('a')), system('Careful.'), result('a', 'done')] },
      'claude-opus-4-8',
    )
    expect(at('/messages/2/content/0/type')).toBe('tool_result')
    expect(at('/messages/3/role')).toBe('system')
  })

  it('become the question when there is no other', () => {
    const { body, at, report } = encode({ turns: [system('Rules.'), system('Say hi.')] })
    expect(body['system']).toBe('Rules.')
    expect(at('/messages/0')).toMatchObject({ role: 'user', content: [{ text: 'Say hi.' }] })
    expect(report).toEqual(['approximated turn.system /turns/1'])
  })
})

describe('messages', () => {
  it('refuses an empty conversation with the pointer', () => {
    const said: readonly (readonly Turn[])[] = [[], [{ ...user(' '), at: '/input' }], [says('')]]
    for (const turns of said) {
      try {
        encode({ turns })
        expect.unreachable()
      } catch (error) {
        expect(GatewayError.is(error) && error.data).toMatchObject({
          class: 'invalid_request',
          param: turns[0]?.at ?? '/messages',
        })
      }
    }
  })

  it('joins runs of one side, and begins with a user', () => {
    const { at } = encode({ turns: [says('A'), says('B'), user('C'), user('D')] })
    expect(at('/messages/0/role')).toBe('user')
    expect(at('/messages/1/content/1/text')).toBe('B')
    expect(at('/messages/2/content/1/text')).toBe('D')
  })

  it('drops empty text but not thinking, and moves its breakpoint', () => {
    const { at, report } = encode({
      turns: [
        user('Q'),
        says({ ...signed, segments: [] }, '', 'A'),
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'B' },
            { type: 'text', text: '', cache: { mode: 'ephemeral' } },
          ],
        },
      ],
    })
    expect(at('/messages/1/content')).toEqual([
      { type: 'thinking', thinking: '', signature: ' sig== ' },
      { type: 'text', text: 'A' },
    ])
    expect(at('/messages/2/content')).toEqual([
      { type: 'text', text: 'B', cache_control: { type: 'ephemeral' } },
    ])
    expect(report).toEqual([])
  })

  it('cuts blanks at the end of a prefill', () => {
    const { at, report } = encode({ turns: [user('Q'), says('The answer is ')] })
    expect(at('/messages/1/content/0/text')).toBe('The answer is')
    expect(report).toEqual(['approximated turn.prefill /turns'])
  })

  it('reports names, phases and foreign fields of turns', () => {
    const turn: Turn = {
      ...user('Q'),
      at: '/messages/0',
      name: 'ann',
      phase: 'x',
      extra: { other: { flag: true, $note: 1 } },
    }
    expect(encode({ turns: [turn] }).report).toEqual([
      'dropped turn.name /messages/0',
      'dropped turn.phase /messages/0',
      'dropped extra /messages/0/flag',
    ])
  })
})

describe('tool results', () => {
  it('go into one user message, first, in the order they came', () => {
    const { at } = encode({
      turns: [
        user('Q'),
        says('Looking', call('a'), call('b')),
        result('b', '2'),
        user('And?'),
        result('a', '1', '!'),
      ],
    })
    expect(at('/messages/2/content')).toEqual([
      { type: 'tool_result', tool_use_id: 'b', content: '2' },
      {
        type: 'tool_result',
        tool_use_id: 'a',
        content: [
          { type: 'text', text: '1' },
          { type: 'text', text: '!' },
        ],
      },
      { type: 'text', text: 'And?' },
    ])
  })

  it('are made up as errors when they are missing', () => {
    const missing = { type: 'tool_result', tool_use_id: 'a', content: 'no result', is_error: true }
    const { at, report } = encode({
      turns: [user('Q'), says(call('a'), call('b')), result('b', '2'), says('Done')],
    })
    expect(at('/messages/2/content')).toEqual([
      { type: 'tool_result', tool_use_id: 'b', content: '2' },
      missing,
    ])
    expect(encode({ turns: [user('Q'), says(call('a'))] }).at('/messages/2/content')).toEqual([missing])
    expect(report).toEqual([])
  })

  it('become text when their call is gone, or was answered', () => {
    const { at, report } = encode({
      turns: [user('Q'), result('x', 'late'), says(call('a')), result('a', '1'), result('a', '2')],
    })
    expect(at('/messages/0/content/2/text')).toBe('late')
    expect(at('/messages/2/content')).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: '1' },
      { type: 'text', text: 'Result of tool call a:' },
      { type: 'text', text: '2' },
    ])
    expect(report).toEqual([
      'lowered part.tool_result /turns/1/parts/0',
      'lowered part.tool_result /turns/4/parts/0',
    ])
  })

  it('keep errors, images and documents', () => {
    const image: Part = { type: 'image', source: { kind: 'url', url: 'data:image/png;base64,iVBORw0K' } }
    const part: Part = {
      type: 'tool_result',
      callId: 'a',
      parts: [{ type: 'text', text: 'Bad' }, image],
      isError: true,
    }
    expect(
      encode({ turns: [user('Q'), says(call('a')), { role: 'tool', parts: [part] }] }).at(
        '/messages/2/content/0',
      ),
    ).toEqual({
      type: 'tool_result',
      tool_use_id: 'a',
      content: [
        { type: 'text', text: 'Bad' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
      ],
      is_error: true,
    })
  })
})

describe('tool calls', () => {
  it('carry objects, numbers as they were written', () => {
    const text = '{"big":12345678901234567890,"exact":1.0,"deep":{"a":[]}}'
    const { body, at } = encode({ turns: [user('Q'), says(call('a', text)), result('a', 'ok')] })
    expect(JSON.stringify(at('/messages/1/content/0/input'))).toBe(text)
    expect(JSON.stringify(body)).toContain(text)
  })

  it('wrap what is no object, and say so', () => {
    const { at, report } = encode({
      turns: [user('Q'), says(call('a', '{"cut": "he'), call('b', '')), result('a', '1'), result('b', '2')],
    })
    expect(at('/messages/1/content/0/input')).toEqual({ __raw: '{"cut": "he' })
    expect(at('/messages/1/content/1/input')).toEqual({})
    expect(report).toEqual(['approximated part.tool_call.arguments /turns/1/parts/0'])
  })

  it('get ids that fit, each once, and results follow them', () => {
    const { at } = encode({
      turns: [
        user('Q'),
        says(call('functions.Bash:0'), call('functions_Bash_0')),
        result('functions_Bash_0', '2'),
        result('functions.Bash:0', '1'),
        says(call('functions.Bash:0')),
        result('functions.Bash:0', '3'),
      ],
    })
    expect(at('/messages/1/content/1/id')).toBe('functions_Bash_0')
    expect(at('/messages/2/content/1/tool_use_id')).toBe(at('/messages/1/content/0/id'))
    expect(at('/messages/4/content/0/tool_use_id')).toBe(at('/messages/3/content/0/id'))
    expect(at('/messages/3/content/0/id')).not.toBe(at('/messages/1/content/0/id'))
  })

  it('send thinking back exactly, and drop what has no state of ours', () => {
    const redacted: Part = {
      type: 'reasoning',
      segments: [],
      custody: { protocol, format: 'redacted', blob: 'xyz' },
    }
    const foreign: Part = { type: 'reasoning', segments: [{ kind: 'summary', text: 'Because' }] }
    const { at, report } = encode({ turns: [user('Q'), says(signed, redacted, foreign, 'A'), user('R')] })
    expect(at('/messages/1/content')).toEqual([
      { type: 'thinking', thinking: 'Hmm', signature: ' sig== ' },
      { type: 'redacted_thinking', data: 'xyz' },
      { type: 'text', text: 'A' },
    ])
    expect(report).toEqual(['dropped part.reasoning /turns/1/parts/2'])
  })

  it('replay hosted calls of our own and lower those of others', () => {
    const block = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const own: Part = {
      type: 'server_tool_call',
      tool: 'web_search',
      callId: 'srvtoolu_1',
      name: 'web_search',
      arguments: '{"query":"x"}',
      native: { protocol, value: block },
    }
    const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
    const answer: Part = {
      type: 'server_tool_result',
      tool: 'web_search',
      callId: 'srvtoolu_1',
      parts: [],
      native: { protocol, value: found },
    }
    const foreign: Part = { ...own, native: { protocol: 'other', value: {} } }
    const read: Part = {
      ...answer,
      parts: [{ type: 'text', text: 'Page one' }],
      native: { protocol: 'other', value: {} },
    }
    const { at, report } = encode({ turns: [user('Q'), says(own, answer, foreign, read), user('R')] })
    expect(at('/messages/1/content')).toEqual([
      { ...block, input: { query: 'x' } },
      found,
      { type: 'text', text: 'Page one' },
    ])
    expect(report).toEqual([
      'dropped part.server_tool_call /turns/1/parts/2',
      'lowered part.server_tool_result /turns/1/parts/3',
    ])
  })
})

describe('media', () => {
  const of = (part: Part): ReturnType<typeof encode> =>
    encode({ turns: [{ role: 'user', parts: [part, { type: 'text', text: '?' }] }] })

  it('takes images and documents in every form the wire has', () => {
    const file = (mediaType: string, data: string): Part => ({
      type: 'file',
      source: { kind: 'base64', mediaType, data },
      name: 'a.b',
    })
    expect(
      of({ type: 'image', source: { kind: 'url', url: 'https://x/y.png' } }).at(
        '/messages/0/content/0/source',
      ),
    ).toEqual({ type: 'url', url: 'https://x/y.png' })
    expect(
      of({ type: 'image', source: { kind: 'base64', data: '/9j/4AAQ' } }).at(
        '/messages/0/content/0/source/media_type',
      ),
    ).toBe('image/jpeg')
    expect(of(file('application/pdf', 'JVBERi0x')).at('/messages/0/content/0')).toEqual({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' },
      title: 'a.b',
    })
    expect(of(file('text/plain; charset=utf-8', 'SGVsbG8=')).at('/messages/0/content/0/source')).toEqual({
      type: 'text',
      media_type: 'text/plain',
      data: 'Hello',
    })
    const csv = of(file('text/csv', 'YSxi'))
    expect(csv.at('/messages/0/content/0/source/data')).toBe('a,b')
    expect(csv.report).toEqual(['approximated part.file.media_type /turns/0/parts/0'])
    const uploaded = of({ type: 'file', source: { kind: 'file_id', id: 'file_1' } })
    expect(uploaded.at('/messages/0/content/0/source')).toEqual({ type: 'file', file_id: 'file_1' })
    expect(uploaded.headers).toMatchObject({ 'anthropic-beta': 'files-api-2025-04-14' })
  })

  it('reports what the wire has no form for', () => {
    expect(
      of({ type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklG' } }).report,
    ).toEqual(['dropped part.audio /turns/0/parts/0'])
    expect(
      of({ type: 'file', source: { kind: 'base64', mediaType: 'application/zip', data: 'UEsD' } }).report,
    ).toEqual(['dropped part.file /turns/0/parts/0'])
    expect(of({ type: 'image', source: { kind: 'url', url: 'https://x' }, detail: 'high' }).report).toEqual([
      'dropped part.image.detail /turns/0/parts/0',
    ])
    expect(
      encode({ turns: [user('Q'), says({ type: 'image', source: { kind: 'url', url: 'https://x' } }, 'A')] })
        .report,
    ).toEqual(['dropped part.image /turns/1/parts/0'])
  })
})

describe('cache breakpoints', () => {
  it('are at most four, and the last ones stay', () => {
    const parts = Array.from({ length: 6 }, (_, index): Part => ({
      type: 'text',
      text: `t${index}`,
      cache: { mode: 'ephemeral', ttl: '1h' },
    }))
    const { at, report } = encode({ turns: [{ role: 'user', parts }] })
    expect(at('/messages/0/content/2/cache_control')).toEqual({ type: 'ephemeral', ttl: '1h' })
    expect(report).toEqual([
      'dropped cache.breakpoint /turns/0/parts/0',
      'dropped cache.breakpoint /turns/0/parts/1',
    ])
    const automatic = encode({
      turns: [{ role: 'user', parts }],
      cache: { breakpoint: { mode: 'ephemeral' } },
    })
    expect(automatic.body['cache_control']).toEqual({ type: 'ephemeral' })
    expect(automatic.losses).toHaveLength(3)
  })
})

describe('any conversation', () => {
  const id = fc.constantFrom('a', 'b', 'c.1', 'c_1', 'ü')
  const text = fc.constantFrom('', ' ', 'one', 'two ', 'three')
  const part: fc.Arbitrary<Part> = fc.oneof(
    text.map((value): Part => ({ type: 'text', text: value })),
    fc
      .tuple(id, fc.constantFrom('{}', '', '{"x":1.50}', 'nonsense'))
      .map(([callId, args]) => call(callId, args)),
    fc.tuple(id, text).map(([callId, value]): Part => ({
      type: 'tool_result',
      callId,
      parts: [{ type: 'text', text: value }],
    })),
    fc.constant(signed),
  )
  const turn: fc.Arbitrary<Turn> = fc.record({
    role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'),
    parts: fc.array(part, { maxLength: 4 }),
  })

  it.each(['claude-sonnet-4-5', 'claude-opus-5-5', 'some-host'])(
    'is one that %s takes, and nothing is lost in silence',
    (model) => {
      fc.assert(
        fc.property(fc.array(turn, { maxLength: 8 }), (turns) => {
          const request = { turns: [...turns, user('Last question')] }
          const { body, losses } = encode(request, model)
          expect(lostLeaves({ model: 'm', stream: false, ...request }, body, losses)).toEqual([])
          expect(attempt(model).losses).toEqual([])
        }),
        { numRuns: 400, seed: 7 },
      )
    },
  )

  it('grows with its length and not faster', () => {
    const turns = (count: number): Turn[] =>
      Array.from({ length: count }, (_, index) => [
        user(`q${index}`),
        says(call(`call_${index % 3}`)),
        result(`call_${index % 3}`, 'ok'),
      ]).flat()
    // CPU time, because the machine may have other work; the best of five, because of the garbage collector; and as much
    // work in all on both sides, because what takes a millisecond once is measured badly.
    const cost = (count: number, times: number): number => {
      const request = { model: 'm', stream: false, turns: turns(count) }
      const runs = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage()
        for (let time = 0; time < times; time++) encodeRequest(request, attempt())
        return process.cpuUsage(before).user
      })
      return Math.min(...runs)
    }
    cost(1000, 10)
    // Ten times the length, once instead of ten times; quadratic work would cost ten times as much.
    expect(cost(10_000, 1) / cost(1000, 10)).toBeLessThan(4)
  })
})
