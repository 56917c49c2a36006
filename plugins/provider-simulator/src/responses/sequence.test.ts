import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { frames, object, responses, withSimulator } from '../testing.ts'

/** Reads a stream by the rules of the wire: what a client would have put together, and each rule that was broken. */
function assemble(text: string): { items: JsonObject[]; last: JsonObject; broken: string[] } {
  const items: JsonObject[] = []
  const broken = new Set<string>()
  const rule = (kept: boolean, name: string): void => {
    if (!kept) broken.add(name)
  }
  let last: JsonObject = {}
  let open: { item: JsonObject; parts: number; text: string } | undefined
  for (const [place, { event, data }] of frames(text).entries()) {
    const body = object(data)
    const type = String(body.type)
    last = body
    rule(event === type, 'the name of an event is its type')
    rule(body.sequence_number === place, 'events are numbered from 0')
    rule((type === 'response.created') === (place === 0), 'created comes first and once')
    rule((type === 'response.in_progress') === (place === 1), 'in_progress comes second and once')
    if ('output_index' in body)
      rule(body.output_index === items.length, 'one item is open at a time, in order')
    if ('item_id' in body) rule(body.item_id === open?.item.id, 'an event belongs to the open item')
    if (type === 'response.output_item.added') {
      rule(open === undefined, 'an item is closed before the next')
      open = { item: body.item as JsonObject, parts: 0, text: '' }
    } else if (type === 'response.output_item.done') {
      const item = body.item as JsonObject
      rule(item.id === open?.item.id && item.type === open?.item.type, 'an item ends as what it began')
      rule(open?.parts === 0, 'parts are closed before their item')
      rule(content(item) === (open?.text ?? ''), 'the deltas are what the item holds')
      items.push(item)
      open = undefined
    } else if (type.endsWith('_part.added')) open!.parts++
    else if (type.endsWith('_part.done')) open!.parts--
    else if (type.endsWith('.delta')) {
      const kinds = deltas[String(open?.item.type)] ?? []
      rule(kinds.includes(type), 'a delta is of its item’s kind')
      open!.text += String(body.delta)
    } else if (type.endsWith('.done')) {
      rule(
        (body.text ?? body.refusal ?? body.arguments ?? body.input) === open?.text,
        'done repeats the deltas',
      )
    }
  }
  rule(open === undefined, 'every item is closed')
  return { items, last, broken: [...broken] }
}

const deltas: { readonly [type: string]: readonly string[] } = {
  reasoning: ['response.reasoning_summary_text.delta'],
  message: ['response.output_text.delta', 'response.refusal.delta'],
  function_call: ['response.function_call_arguments.delta'],
  custom_tool_call: ['response.custom_tool_call_input.delta'],
}

function content(item: JsonObject): string {
  const parts = (item.content ?? item.summary ?? []) as JsonObject[]
  const said = parts.map(({ text, refusal }) => String(text ?? refusal)).join('')
  return said || String(item.arguments ?? item.input ?? '')
}

const unstable: ReadonlySet<string> = new Set(['id', 'call_id', 'encrypted_content'])

function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, one: unknown) => (unstable.has(name) ? undefined : one)))
}

it('keeps the rules of a responses stream for every mix of instructions, and says what the whole answer says', async () => {
  const line = fc.constantFrom(
    'say hello to you',
    'reason one two three',
    'call f {"a":"b c d"}',
    'call f',
    'call typed "some text"',
    'call n.g {}',
    'call nothing {}',
    'count 22',
    'refuse',
    'empty',
    'length',
    'length 4',
    'just words',
  )
  const parameters = { type: 'object', properties: {} }
  const tools = [
    { type: 'function', name: 'f', parameters },
    { type: 'custom', name: 'typed' },
    { type: 'namespace', name: 'n', description: '', tools: [{ type: 'function', name: 'g', parameters }] },
  ]
  await withSimulator({}, async (simulator) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.option(fc.integer({ min: 16, max: 40 }), { nil: undefined }),
        fc.constantFrom(undefined, { effort: 'none' }, { summary: 'auto' }),
        async (lines, limit, reasoning) => {
          const more = {
            tools,
            max_output_tokens: limit,
            reasoning,
            include: ['reasoning.encrypted_content'],
          }
          const whole = object(await (await responses(simulator, lines.join('\n'), more)).text())
          const stream = await responses(simulator, lines.join('\n'), { ...more, stream: true })
          const { items, last, broken } = assemble(await stream.text())
          expect(broken).toEqual([])
          expect(last.type).toBe(`response.${String(whole.status)}`)
          expect(bare(last.response)).toEqual(bare(whole))
          expect(bare(items)).toEqual(bare(whole.output))
        },
      ),
      { numRuns: 60 },
    )
  })
})

it('fails inside a stream with both events, numbered on', async () => {
  await withSimulator({}, async (simulator) => {
    const answer = await responses(simulator, 'count 9\nfail after 3 server_is_overloaded', { stream: true })
    const events = frames(await answer.text()).map(({ data }) => object(data))
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index))
    expect(events.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(3)
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', error: { type: 'server_is_overloaded', code: 'server_is_overloaded', param: null } },
      {
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'server_is_overloaded' }, output: [] },
      },
    ])
  })
})

it('gives the same bytes for the same request', async () => {
  const ask = (): Promise<string> => {
    let text = ''
    return withSimulator({}, async (simulator) => {
      text = await (await responses(simulator, 'reason a\nsay b', { stream: true })).text()
    }).then(() => text)
  }
  expect(await ask()).toBe(await ask())
})
