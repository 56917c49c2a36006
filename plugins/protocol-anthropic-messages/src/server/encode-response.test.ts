import { describe, expect, it } from 'vitest'
import { GatewayError, type GenerateResponse, type Part } from '@gantry/core'
import { contextOf, wholeOf } from './answers.test-support.ts'

const said = (...parts: readonly Part[]): GenerateResponse => ({ parts, finish: { reason: 'stop' } })
const call: Part = {
  type: 'tool_call',
  kind: 'function',
  callId: 'call_1',
  name: 'look',
  arguments: '{"a":1}',
  caller: { type: 'program', id: 'prog_1' },
}
const ran = (protocol: string): Part => ({
  type: 'server_tool_result',
  tool: 'code_execution',
  callId: 'prog_1',
  parts: [],
  native: { protocol, value: { type: 'code_execution_tool_result', tool_use_id: 'prog_1', content: [] } },
})

describe('a whole answer', () => {
  it('that is an error is thrown as one', () => {
    const error = new GatewayError({ class: 'overloaded', message: 'Busy.' }).data
    expect(() => wholeOf({ parts: [], error })).toThrow('Busy.')
  })

  it('without a finish says that nothing has stopped it', () => {
    expect(wholeOf({ parts: [] })).toMatchObject({ stop_reason: null, stop_sequence: null, content: [] })
  })

  it('leaves out calls that a foreign program made and that are answered in it', () => {
    const context = contextOf()
    expect(wholeOf(said(call, ran('openai-responses')), context)['content']).toEqual([])
    expect(context.losses).toContainEqual({
      pointer: '/parts/0',
      what: 'tool_call.answered',
      how: 'dropped',
      target: 'anthropic-messages',
    })
    // Without the answer somebody still has to make the call.
    expect(wholeOf(said(call))['content']).toMatchObject([
      { type: 'tool_use', id: 'call_1', caller: { type: 'direct' } },
    ])
  })

  it('keeps calls that a program of Anthropic made', () => {
    const own: Part = { ...call, caller: { type: 'code_execution_20260120', id: 'prog_1' } } as Part
    expect(wholeOf(said(own, ran('anthropic-messages')))['content']).toMatchObject([
      { type: 'tool_use', caller: { type: 'code_execution_20260120', tool_id: 'prog_1' } },
      { type: 'code_execution_tool_result' },
    ])
  })

  it('names the model that was asked for where nobody says which one answered', () => {
    expect(wholeOf(said())['model']).toBe('asked')
  })

  it('of an upstream of this wire keeps id, nulls and what is unknown; nothing is added', () => {
    const extra = {
      'anthropic-messages': { $answer: true, stop_sequence: null, context_management: null, x: 1 },
    }
    const { usage: _usage, ...message } = wholeOf({ ...said(), id: 'gen-9', model: 'm', extra })
    expect(message).toEqual({
      id: 'gen-9',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: 'end_turn',
      stop_sequence: null,
      context_management: null,
      x: 1,
    })
  })
})
