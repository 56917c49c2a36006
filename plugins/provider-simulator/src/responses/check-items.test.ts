import { describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { seal } from './seal.ts'
import { body, call, refusal, result, said, user } from './testing.ts'

const hash = 'a'.repeat(64)
const typed = { type: 'custom_tool_call', call_id: 'call_1', name: 'f', input: 'x' }
const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: seal('rs_1', hash) }

function asked(...content: JsonObject[]): JsonObject {
  return { role: 'user', content }
}

describe('of the input is refused', () => {
  it.each<[string, JsonObject, string, string | null]>([
    [
      'an item without a type',
      body({ foo: 1 }),
      "Missing required parameter: 'input[0].type'.",
      'input[0].type',
    ],
    [
      'an unknown item',
      body({ type: 'tool_use', id: 'x' }),
      "Invalid value: 'tool_use'. Supported values are: 'additional_tools'",
      'input[0]',
    ],
    [
      'a message of the chat wire',
      body({ role: 'tool', content: 'x' }),
      "Invalid value: 'tool'.",
      'input[0].role',
    ],
    [
      'a field of another item',
      body(user, { ...call, output: 'x' }),
      "Unknown parameter: 'input[1].output'.",
      'input[1].output',
    ],
    [
      'a field of a part',
      body(asked({ type: 'input_text', text: 'x', cache_control: {} })),
      "Unknown parameter: 'input[0].content[0].cache_control'.",
      'input[0].content[0].cache_control',
    ],
    [
      'text of the chat wire',
      body(asked({ type: 'text', text: 'x' })),
      "Invalid value: 'text'. Supported values are: 'input_text', 'input_image', and 'input_file'.",
      'input[0].content[0]',
    ],
    [
      'what a user says from the model',
      body(said({ type: 'input_text', text: 'x' })),
      "Supported values are: 'output_text', and 'refusal'.",
      'input[0].content[0]',
    ],
    [
      'text that is none',
      body(asked({ type: 'input_text', text: null })),
      "Invalid type for 'input[0].content[0].text'",
      'input[0].content[0].text',
    ],
    [
      'a picture of the chat wire',
      body(asked({ type: 'input_image', image_url: { url: 'x' } })),
      "Invalid type for 'input[0].content[0].image_url': expected an image URL, but got an object instead.",
      'input[0].content[0].image_url',
    ],
    [
      'no content',
      body({ role: 'user' }),
      "Missing required parameter: 'input[0].content'.",
      'input[0].content',
    ],
    [
      'arguments as an object',
      body(user, { ...call, arguments: {} }, result),
      "Invalid type for 'input[1].arguments'",
      'input[1].arguments',
    ],
    [
      'a name with a dot',
      body(user, { ...call, name: 'a.b' }, result),
      'string does not match pattern',
      'input[1].name',
    ],
    [
      'no output',
      body(user, call, { ...result, output: undefined as never }),
      "Missing required parameter: 'input[2].output'.",
      'input[2].output',
    ],
    [
      'an output of blocks of another wire',
      body(user, call, { ...result, output: [{ type: 'text', text: 'x' }] }),
      "Invalid value: 'text'.",
      'input[2].output[0]',
    ],
    [
      'an output of null',
      body(user, call, { ...result, output: null }),
      "Invalid type for 'input[2].output'",
      'input[2].output',
    ],
    [
      'a long call id',
      body(user, { ...call, call_id: 'x'.repeat(65) }),
      'maximum length 64',
      'input[1].call_id',
    ],
    ['an empty call id', body(user, { ...call, call_id: '' }), 'empty string', 'input[1].call_id'],
    [
      'an id of another item',
      body(user, { ...call, id: 'call_1' }, result),
      "Expected an ID that begins with 'fc'.",
      'input[1].id',
    ],
    [
      'a result without a call',
      body(user, result),
      'No tool call found for function call output with call_id call_1.',
      'input',
    ],
    [
      'a call without a result',
      body(user, call, user),
      'No tool output found for function call call_1.',
      'input',
    ],
    [
      'a result before its call',
      body(user, result, call),
      'No tool call found for function call output',
      'input',
    ],
    [
      'a result of another kind',
      body(user, typed, result),
      'No tool call found for function call output',
      'input',
    ],
    [
      'a typed call without a result',
      body(user, typed),
      'No tool output found for custom tool call call_1.',
      'input',
    ],
    [
      'an id twice',
      body(
        { ...said({ type: 'output_text', text: 'x' }), id: 'msg_1' },
        { ...said({ type: 'output_text', text: 'y' }), id: 'msg_1' },
      ),
      'Duplicate item found with id msg_1.',
      'input',
    ],
    [
      'reasoning without a summary',
      body({ type: 'reasoning', id: 'rs_1' }),
      "Missing required parameter: 'input[0].summary'.",
      'input[0].summary',
    ],
    [
      'reasoning in the open',
      body({ ...reasoning, content: [{ type: 'reasoning_text', text: 'x' }] }),
      'Expected an array with maximum length 0',
      'input[0].content',
    ],
    [
      'foreign reasoning',
      body({ ...reasoning, encrypted_content: 'gAAAAABo' }, call, result),
      'could not be decrypted or parsed',
      null,
    ],
    [
      'altered reasoning',
      body({ ...reasoning, encrypted_content: `${seal('rs_1', hash).slice(0, -4)}AAAA` }, call, result),
      'could not be decrypted or parsed',
      null,
    ],
    [
      'reasoning of another item',
      body({ ...reasoning, id: 'rs_2' }, call, result),
      'item_id did not match',
      null,
    ],
    [
      'reasoning that came to nothing',
      body(reasoning, user),
      "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
      'input',
    ],
    [
      'reasoning that is not kept',
      body({ type: 'reasoning', id: 'rs_1', summary: [] }, call, result),
      "Item with id 'rs_1' not found.",
      'input',
    ],
    [
      'a reference to nothing',
      body({ type: 'item_reference', id: 'msg_1' }),
      "Item with id 'msg_1' not found.",
      'input',
    ],
    [
      'a trigger in the middle',
      body({ type: 'compaction_trigger' }, user),
      'must be the last item',
      'input[0]',
    ],
    ['a call twice', body(user, call, call, result), "Duplicate 'call_id': call_1", 'input'],
  ])('%s', (_name, wrong, message, param) => {
    expect(refusal(wrong)).toMatchObject({ message: expect.stringContaining(message), param })
  })
})
