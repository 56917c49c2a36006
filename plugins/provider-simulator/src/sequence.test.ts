import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { frames, messages, object, withSimulator } from './testing.ts'

interface Block {
  readonly type: string
  text: string
  signatures: number
}

/** Reads a stream by the rules of the wire: what a client would have put together, and each rule that was broken. */
function assemble(text: string): { blocks: Block[]; stop: unknown; usage: JsonObject; broken: string[] } {
  const seen = frames(text)
  const blocks: Block[] = []
  const broken: string[] = []
  const rule = (kept: boolean, name: string): void => {
    if (!kept) broken.push(name)
  }
  let open: Block | undefined
  let ended: JsonObject | undefined
  for (const [place, { event, data }] of seen.entries()) {
    const body = object(data)
    rule(event === body.type, 'the name of an event is its type')
    rule((body.type === 'message_start') === (place === 0), 'message_start comes first and once')
    rule((body.type === 'message_stop') === (place === seen.length - 1), 'message_stop comes last and once')
    if (body.type === 'content_block_start') {
      rule(!open && !ended, 'one block is open at a time, before the end')
      rule(body.index === blocks.length, 'indexes have no gaps')
      open = { type: String((body.content_block as JsonObject).type), text: '', signatures: 0 }
      blocks.push(open)
    }
    if (body.type === 'content_block_delta') {
      const delta = body.delta as JsonObject
      rule(open !== undefined && body.index === blocks.length - 1, 'a delta belongs to the open block')
      rule(kinds[open?.type ?? '']?.includes(String(delta.type)) === true, 'a delta is of its block’s kind')
      rule(open?.signatures === 0, 'nothing follows a signature')
      if (open && delta.type === 'signature_delta') open.signatures++
      else if (open) open.text += String(delta.text ?? delta.thinking ?? delta.partial_json)
    }
    if (body.type === 'content_block_stop') {
      rule(open !== undefined && body.index === blocks.length - 1, 'the open block is closed')
      rule(open?.signatures === (open?.type === 'thinking' ? 1 : 0), 'thinking has one signature')
      open = undefined
    }
    if (body.type === 'message_delta') {
      rule(!open && !ended, 'message_delta comes once, after all blocks')
      ended = body
    }
  }
  const start = object(seen[0]?.data ?? '{}').message as JsonObject
  const usage = start.usage as JsonObject
  rule(start.role === 'assistant' && start.stop_reason === null, 'the message begins open')
  rule(Array.isArray(start.content) && start.content.length === 0, 'the message begins empty')
  rule(typeof usage.input_tokens === 'number' && typeof usage.output_tokens === 'number', 'usage comes first')
  const end = ended ?? { delta: {}, usage: {} }
  return { blocks, stop: (end.delta as JsonObject).stop_reason, usage: end.usage as JsonObject, broken }
}

const kinds: Record<string, string[]> = {
  text: ['text_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
}

/** What a streamed block became, as the whole answer shows it. */
function asBlock({ type, text }: Block, cut: boolean): unknown {
  // Arguments that a limit cut short are no JSON, and the whole answer can only show an object.
  if (type === 'tool_use') return cut ? 'input' : JSON.parse(text)
  return text
}

it('keeps the rules of a messages stream for every mix of instructions, and says what the whole answer says', async () => {
  const line = fc.constantFrom(
    'say hello to you',
    'reason one two three',
    'call f {"a":"b c d"}',
    'call f',
    'call g {}',
    'count 12',
    'refuse',
    'empty',
    'length',
    'length 4',
    'just words',
  )
  const tools = [{ name: 'f', input_schema: { type: 'object' } }]
  await withSimulator({}, async (simulator) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(undefined, { type: 'adaptive', display: 'omitted' }, { type: 'disabled' }),
        async (lines, limit, thinking) => {
          const more = { tools, max_tokens: limit, ...(thinking && { thinking }) }
          const answer = await messages(simulator, lines.join('\n'), more)
          const whole = (await answer.json()) as {
            content: JsonObject[]
            stop_reason: string
            usage: JsonObject
          }
          const stream = await messages(simulator, lines.join('\n'), { ...more, stream: true })
          const { blocks, stop, usage, broken } = assemble(await stream.text())
          expect(broken).toEqual([])
          expect(stop).toBe(whole.stop_reason)
          expect(usage.output_tokens).toBe(whole.usage.output_tokens)
          const cut = stop === 'max_tokens'
          expect(blocks.map((block) => [block.type, asBlock(block, cut)])).toEqual(
            whole.content.map(({ type, text, thinking, input }) => [
              type,
              type === 'tool_use' ? (cut ? 'input' : input) : (text ?? thinking),
            ]),
          )
        },
      ),
      { numRuns: 60 },
    )
  })
})

it('accepts its own answers back, thinking and calls included, until the conversation ends', async () => {
  await withSimulator({}, async (simulator) => {
    const tools = [{ name: 'f', input_schema: { type: 'object' } }]
    const prompt = 'reason let me see\ncall f {"a":1}\ncall f {"a":2}\nthen\nreason more\ncall f\nthen'
    const history: JsonObject[] = [{ role: 'user', content: prompt }]
    const stops: unknown[] = []
    for (let round = 0; round < 4 && stops.at(-1) !== 'end_turn'; round++) {
      const answer = await messages(simulator, '', { tools, messages: history })
      const message = (await answer.json()) as { content: JsonObject[]; stop_reason: string }
      expect([answer.status, message]).toEqual([200, message])
      stops.push(message.stop_reason)
      history.push({ role: 'assistant', content: message.content })
      const calls = message.content.filter(({ type }) => type === 'tool_use')
      if (calls.length === 0) break
      history.push({
        role: 'user',
        content: calls.map(({ id }) => ({
          type: 'tool_result',
          tool_use_id: id,
          content: `done ${String(id)}`,
        })),
      })
    }
    expect(stops).toEqual(['tool_use', 'tool_use', 'end_turn'])
    expect(JSON.stringify(history.at(-1))).toContain('The tool f answered: done toolu_')
  })
})
