import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { startSimulator } from '@gantry/provider-simulator'
import { askIn } from './asking.ts'
import { type Wire, wires } from './reading.ts'
import { type Frame, framesIn } from './strict-frames.ts'
import { readStrictly } from './strict.ts'

/** A stream as a simulator writes it: two words and a call, with usage. */
async function streamOf(wire: Wire): Promise<readonly Frame[]> {
  const simulator = await startSimulator()
  const parameters = { type: 'object', properties: {} }
  const tools: { readonly [wire in Wire]: readonly JsonObject[] } = {
    'openai-chat': [{ type: 'function', function: { name: 'f', parameters } }],
    'openai-responses': [{ type: 'function', name: 'f', parameters, strict: false }],
    'anthropic-messages': [{ name: 'f', input_schema: parameters }],
  }
  const { path, headers, body } = askIn(wire, 'sim', true, 'say one two\ncall f {"x":1}\ncall f {"x":2}')
  const response = await fetch(`${simulator.url}${path.slice('/v1'.length)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ...body, tools: tools[wire] }),
  })
  const frames = framesIn(await response.text())
  await simulator.close()
  return frames
}

/** A stream that lacks one thing, and the rule that notices. Each is a defect that one of the clients did not survive. */
interface Defect {
  readonly what: string
  readonly of: (frames: readonly Frame[]) => readonly Frame[]
  readonly rule: RegExp
}

/** Changes what a frame says; nothing: leaves it out. */
const edit =
  (change: (data: JsonObject, index: number) => JsonObject | undefined): Defect['of'] =>
  (frames) =>
    frames.flatMap((frame, index) => {
      if (frame.data === '[DONE]') return [frame]
      const data = change(JSON.parse(frame.data) as JsonObject, index)
      return data ? [{ ...frame, data: JSON.stringify(data) }] : []
    })

/** Leaves out the frames of these types, and numbers the others again. */
const without = (...types: readonly string[]): Defect['of'] => {
  const rest = edit((data) => (types.includes(String(data['type'])) ? undefined : data))
  return (frames) =>
    edit((data, index) => ('sequence_number' in data ? { ...data, sequence_number: index } : data))(
      rest(frames),
    )
}

const { stringify, parse } = JSON
/** Replaces text in the JSON of each frame. */
const rewritten = (pattern: RegExp, by: string): Defect['of'] =>
  edit((data) => parse(stringify(data).replace(pattern, by)) as JsonObject)

const defects: { readonly [wire in Wire]: readonly Defect[] } = {
  'openai-chat': [
    { what: 'no [DONE]', of: (frames) => frames.slice(0, -1), rule: /ends with \[DONE\]/ },
    {
      what: 'no finish',
      of: rewritten(/"finish_reason":"\w+"/, '"finish_reason":null'),
      rule: /has a finish_reason/,
    },
    { what: 'no role', of: rewritten(/"role":"assistant",?/, ''), rule: /role comes with the first/ },
    {
      what: 'a role on each',
      of: rewritten(/"delta":\{"content"/, '"delta":{"role":"assistant","content"'),
      rule: /role comes once/,
    },
    {
      what: 'no choices',
      of: rewritten(/"choices":\[\]/, '"choices":null'),
      rule: /choices is on every chunk/,
    },
    { what: 'no index of a call', of: rewritten(/\{"index":0,"id"/, '{"id"'), rule: /calls are numbered/ },
    {
      what: 'one index for two calls',
      of: rewritten(/\{"index":1,"id"/, '{"index":0,"id"'),
      rule: /a call is whole|only the first/,
    },
    { what: 'no type of a call', of: rewritten(/"type":"function",/, ''), rule: /a call has a type/ },
    {
      what: 'stop after calls',
      of: rewritten(/"finish_reason":"tool_calls"/, '"finish_reason":"stop"'),
      rule: /finish with tool_calls/,
    },
    {
      what: 'an unknown finish',
      of: rewritten(/"finish_reason":"tool_calls"/, '"finish_reason":"odd"'),
      rule: /finish_reason is known/,
    },
    {
      what: 'an error in it',
      of: edit((data, index) => (index === 2 ? { error: { message: 'x' } } : data)),
      rule: /no error/,
    },
    { what: 'nothing but its end', of: (frames) => frames.slice(-1), rule: /has chunks/ },
    { what: 'nothing', of: () => [], rule: /ends with/ },
    {
      what: 'half a usage',
      of: rewritten(/"total_tokens":\d+/, '"total_tokens":null'),
      rule: /has the total/,
    },
  ],
  'openai-responses': [
    { what: 'no created', of: without('response.created'), rule: /created comes first/ },
    { what: 'no added', of: without('response.output_item.added'), rule: /an item that was added/ },
    { what: 'no part', of: without('response.content_part.added'), rule: /is of an open part/ },
    { what: 'no deltas', of: without('response.output_text.delta'), rule: /what its deltas were/ },
    { what: 'no done', of: without('response.output_item.done'), rule: /items that were done/ },
    { what: 'no end', of: without('response.completed'), rule: /ends completed/ },
    {
      what: 'an empty output',
      of: edit((data) =>
        data['type'] === 'response.completed'
          ? { ...data, response: { ...(data['response'] as JsonObject), output: [] } }
          : data,
      ),
      rule: /items that were done/,
    },
    { what: 'half a usage', of: rewritten(/,?"total_tokens":\d+/, ''), rule: /has the total/ },
    { what: 'data only', of: (frames) => frames.map(({ data }) => ({ data })), rule: /event line/ },
    { what: 'no numbers', of: rewritten(/,"sequence_number":\d+/, ''), rule: /numbered from 0/ },
    { what: 'no keys', of: rewritten(/"safety_identifier":null,/, ''), rule: /safety_identifier/ },
    {
      what: 'a gap in the items',
      of: rewritten(/"output_index":2/, '"output_index":3'),
      rule: /numbered from 0/,
    },
    {
      what: 'a failed end',
      of: rewritten(/"response\.completed"/, '"response.failed"'),
      rule: /event line|ends completed/,
    },
    { what: 'nothing', of: () => [], rule: /created comes first/ },
  ],
  'anthropic-messages': [
    { what: 'no start', of: without('message_start'), rule: /message_start comes first/ },
    { what: 'no message_delta', of: without('message_delta'), rule: /message_delta comes before/ },
    { what: 'no stop', of: without('message_stop'), rule: /ends with message_stop/ },
    { what: 'no start of a block', of: without('content_block_start'), rule: /an open block is meant/ },
    {
      what: 'no stop of a block',
      of: without('content_block_stop'),
      rule: /one block is open|every block is closed/,
    },
    { what: 'data only', of: (frames) => frames.map(({ data }) => ({ data })), rule: /event line/ },
    {
      what: 'a wrong event line',
      of: (frames) => frames.map((frame) => ({ ...frame, event: 'ping' })),
      rule: /event line/,
    },
    {
      what: 'no usage at the start',
      of: edit((data) =>
        data['type'] === 'message_start'
          ? { ...data, message: { ...(data['message'] as JsonObject), usage: undefined } }
          : data,
      ),
      rule: /has input_tokens/,
    },
    {
      what: 'no usage at the end',
      of: edit((data) => (data['type'] === 'message_delta' ? { ...data, usage: undefined } : data)),
      rule: /message_delta has output_tokens/,
    },
    { what: 'no input tokens', of: rewritten(/"input_tokens":\d+,/, ''), rule: /has input_tokens/ },
    { what: 'a gap in the indexes', of: rewritten(/"index":1/, '"index":7'), rule: /no gaps/ },
    {
      what: 'an unknown block',
      of: rewritten(/"content_block":\{"type":"text"/, '"content_block":{"type":"odd"'),
      rule: /a block is known/,
    },
    {
      what: 'an unknown delta',
      of: rewritten(/"type":"text_delta"/, '"type":"odd_delta"'),
      rule: /suits text/,
    },
    {
      what: 'an unknown event',
      of: rewritten(/"type":"content_block_delta"/, '"type":"odd"'),
      rule: /event line|is an event/,
    },
    {
      what: 'an unknown stop',
      of: rewritten(/"stop_reason":"tool_use"/, '"stop_reason":"odd"'),
      rule: /stop_reason is known/,
    },
    {
      what: 'end_turn after calls',
      of: rewritten(/"stop_reason":"tool_use"/, '"stop_reason":"end_turn"'),
      rule: /calls stop with/,
    },
    {
      what: 'bad JSON of a call',
      of: rewritten(/"partial_json":"\{/, '"partial_json":"{{'),
      rule: /input is a JSON object/,
    },
    { what: '[DONE]', of: (frames) => [...frames, { data: '[DONE]' }], rule: /data is JSON/ },
    { what: 'nothing', of: () => [], rule: /message_start comes first/ },
  ],
}

describe.each(wires)('the strict reader of %s', (wire) => {
  const bytesOf = (frames: readonly Frame[]): string =>
    frames
      .map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`)
      .join('')

  it('takes a stream that is whole, with line ends of either kind and comments', async () => {
    const bytes = bytesOf(await streamOf(wire))
    for (const one of [bytes, bytes.replaceAll('\n', '\r\n'), `: hello\n\n${bytes}`])
      expect(() => readStrictly(wire, one)).not.toThrow()
  })

  it.each(defects[wire])('refuses $what', async ({ of, rule }) => {
    const frames = await streamOf(wire)
    expect(() => readStrictly(wire, bytesOf(of(frames)))).toThrow(rule)
  })
})
