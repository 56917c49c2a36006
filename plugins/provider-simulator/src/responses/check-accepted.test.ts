import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { seal } from './seal.ts'
import { body, call, refusal, result, said, tool, user } from './testing.ts'

const reasoning = {
  type: 'reasoning',
  id: 'rs_1',
  summary: [],
  encrypted_content: seal('rs_1', 'a'.repeat(64)),
}

describe('of the input is accepted', () => {
  it.each<[string, JsonObject]>([
    ['a call and its result with words between', body(user, call, user, result)],
    [
      'calls together, results in another order',
      body(user, call, { ...call, call_id: 'call_2' }, { ...result, call_id: 'call_2' }, result),
    ],
    [
      'its own reasoning, with its id and without',
      body(
        reasoning,
        call,
        result,
        { ...reasoning, id: undefined as never, content: null },
        said({ type: 'output_text', text: 'x' }),
      ),
    ],
    [
      'a picture in a result',
      body(user, call, {
        ...result,
        output: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }],
      }),
    ],
    [
      'items of the vendor’s own tools',
      body(user, { type: 'web_search_call', id: 'ws_1', status: 'completed', anything: 1 }, user),
    ],
    [
      'an instruction role anywhere',
      body({ role: 'developer', content: 'x' }, user, {
        role: 'system',
        content: [{ type: 'input_text', text: 'x' }],
      }),
    ],
  ])('%s', (_name, good) => {
    expect(refusal(JSON.parse(JSON.stringify(good)) as JsonObject)).toBeUndefined()
  })
})

it('answers any JSON with a refusal or a pass, never a crash', () => {
  const item = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        type: fc.constantFrom(
          'message',
          'reasoning',
          'function_call',
          'function_call_output',
          'compaction',
          'tool_search_output',
          'item_reference',
          '__proto__',
          'constructor',
        ),
        role: fc.constantFrom('user', 'assistant', 'x'),
        id: fc.oneof(fc.string(), fc.jsonValue()),
        call_id: fc.oneof(fc.constant('a'), fc.jsonValue()),
        name: fc.jsonValue(),
        arguments: fc.jsonValue(),
        content: fc.jsonValue(),
        output: fc.jsonValue(),
        summary: fc.jsonValue(),
        tools: fc.jsonValue(),
        encrypted_content: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  )
  const near = fc.record(
    {
      model: fc.constant('m'),
      input: fc.oneof(fc.jsonValue(), fc.array(item)),
      tools: fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.jsonValue(), fc.constant(tool)))),
      tool_choice: fc.jsonValue(),
      text: fc.jsonValue(),
      reasoning: fc.jsonValue(),
      include: fc.jsonValue(),
    },
    { requiredKeys: ['model', 'input'] },
  )
  fc.assert(
    fc.property(near, (wrong) => {
      refusal(wrong as JsonObject)
    }),
    { numRuns: 500 },
  )
})
