import { GatewayError, type Frame, type GatewayEvent, type Json, type JsonObject } from '@gantry/core'
import { orderGuard } from '@gantry/core/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attempt, framesOf, recorded } from '../recorded.test-support.ts'
import { compactCodec } from './compact.ts'
import { countTokensCodec } from './count-tokens.ts'
import { decodeError, errorInside } from './decode-error.ts'
import { decodeResponse } from './decode-response.ts'
import { relay } from './relay.ts'
import { streamDecoder } from './stream-decoder.ts'
import { wireOf } from '../recorded.test-support.ts'

const types = [
  'message',
  'reasoning',
  'function_call',
  'custom_tool_call',
  'web_search_call',
  'shell_call',
  'tool_search_call',
  'code_interpreter_call',
  'mcp_call',
  'compaction',
  'program_output',
  'additional_tools',
  'hologram',
  '',
  '__proto__',
]
const events = [
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_text.delta',
  'response.output_text.done',
  'response.output_text.annotation.added',
  'response.refusal.delta',
  'response.refusal.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'response.custom_tool_call_input.delta',
  'response.reasoning_summary_text.delta',
  'response.reasoning_summary_text.done',
  'response.reasoning_text.delta',
  'response.code_interpreter_call_code.delta',
  'response.web_search_call.searching',
  'response.odd',
  'response.',
  'ping',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.done',
  'error',
]
/** Values of every type, where another is expected; made once, because making them is what takes the time. */
const odd: readonly Json[] = [
  null,
  true,
  -1,
  1e21,
  '',
  'text',
  '\ud800',
  [],
  [null, 1, 'x', [], {}],
  {},
  { type: 'program', id: 7, url: [], text: {}, code: 429, message: 'm' },
  JSON.parse('{"__proto__":{"type":"message"},"constructor":1}') as Json,
]
const any: fc.Arbitrary<Json> = fc.constantFrom(...odd)
const small = fc.oneof(fc.constantFrom(0, 1, 2, -1, 1e9, 0.5), any)
const content = fc.oneof(
  any,
  fc.array(
    fc.record(
      {
        type: fc.constantFrom('output_text', 'refusal', 'reasoning_text', 'odd'),
        text: fc.oneof(fc.string(), any),
        refusal: any,
        annotations: any,
        logprobs: any,
      },
      { requiredKeys: [] },
    ),
  ),
)
const item = fc.oneof(
  any,
  fc.record(
    {
      type: fc.constantFrom(...types),
      id: fc.oneof(fc.constantFrom('a', 'b', ''), any),
      call_id: fc.oneof(fc.constantFrom('a', 'c'), any),
      role: any,
      status: any,
      content,
      summary: content,
      name: any,
      arguments: fc.oneof(fc.string(), any),
      input: any,
      encrypted_content: any,
      output: any,
      tools: any,
      action: any,
      code: any,
      caller: any,
    },
    { requiredKeys: [] },
  ),
)
const response = fc.oneof(
  any,
  fc.record(
    {
      id: fc.oneof(fc.constantFrom('r', 's'), any),
      object: fc.constantFrom('response', 'odd'),
      status: fc.oneof(fc.constantFrom('completed', 'incomplete', 'failed', 'queued', 'cancelled'), any),
      model: any,
      created_at: any,
      output: fc.oneof(any, fc.array(item)),
      usage: fc.oneof(
        any,
        fc.record({ input_tokens: any, output_tokens: any, total_tokens: any, input_tokens_details: any }),
      ),
      tool_usage: any,
      error: any,
      incomplete_details: any,
    },
    { requiredKeys: [] },
  ),
)
const event = fc.record(
  {
    type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...events) }, { weight: 1, arbitrary: any }),
    output_index: small,
    content_index: small,
    summary_index: small,
    item_id: fc.oneof(fc.constantFrom('a', 'b'), any),
    item,
    response,
    part: fc.oneof(any, content),
    delta: fc.oneof(fc.string(), any),
    text: fc.oneof(fc.string(), any),
    arguments: any,
    refusal: any,
    annotation: any,
    error: any,
    message: any,
    code: any,
  },
  { requiredKeys: ['type'] },
)
const frame: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 20, arbitrary: event.map((value) => ({ data: JSON.stringify(value) })) },
  { weight: 1, arbitrary: fc.record({ data: fc.string(), event: fc.constantFrom(...events) }) },
)

describe('whatever an upstream sends', () => {
  it('the stream decoder says it in the order of the contract, and closes once', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 25 }), (frames) => {
        const decoder = streamDecoder(attempt())
        const guard = orderGuard()
        const emitted: GatewayEvent[] = []
        const emit = (one: GatewayEvent): void => {
          guard.push(one)
          emitted.push(one)
        }
        for (const one of frames) decoder.push(one, emit)
        decoder.end(emit)
        guard.end()
        const isClosed = emitted.some(({ type }) => type === 'error' || type === 'end')
        expect(isClosed).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('whole answers are read or refused with a typed error', () => {
    fc.assert(
      fc.property(response, (value) => {
        const body = (
          typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value }
        ) as JsonObject
        for (const decode of [decodeResponse, compactCodec.decodeResponse, countTokensCodec.decodeResponse]) {
          try {
            decode(body, attempt())
          } catch (thrown) {
            if (!GatewayError.is(thrown)) throw thrown
            expect(thrown.data.source).toBe('upstream')
          }
        }
        const tap = relay.tap(wireOf({}))
        tap.body(body)
        expect(tap.result().complete).toBe(true)
        expect(errorInside(body).message).not.toBe('')
      }),
      { numRuns: 1000 },
    )
  })

  it('error bodies are errors', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 599 }),
        fc.oneof(
          any.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        (status, body) => {
          const error = decodeError(status, new Headers(), new TextEncoder().encode(body))
          expect(error).toMatchObject({ source: 'upstream' })
          expect(error.message).not.toBe('')
          expect(error.status).toBeGreaterThanOrEqual(400)
        },
      ),
    )
  })

  it('the tap reads it without a word', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 25 }), (frames) => {
        const tap = relay.tap(wireOf({}))
        for (const one of frames) if (tap.wants(one.data)) tap.frame(one)
        expect(tap.result().outputBytes).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('recorded streams with a frame lost, doubled or moved', () => {
  const streams = recorded().filter(({ kind }) => kind === 'stream')

  it('still end once, in order', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...streams),
        fc.array(fc.tuple(fc.constantFrom('drop', 'double', 'swap'), fc.nat()), {
          minLength: 1,
          maxLength: 6,
        }),
        ({ response: { sse = '' } }, changes) => {
          const frames = [...framesOf(sse)]
          for (const [change, where] of changes) {
            const at = where % frames.length
            const one = frames[at]
            const next = frames[at + 1]
            if (change === 'drop') frames.splice(at, 1)
            else if (one && change === 'double') frames.splice(at, 0, one)
            else if (one && next) frames.splice(at, 2, next, one)
          }
          const guard = orderGuard()
          const decoder = streamDecoder(attempt())
          for (const one of frames) decoder.push(one, guard.push)
          decoder.end(guard.push)
          guard.end()
        },
      ),
      { numRuns: 200 },
    )
  })
})
