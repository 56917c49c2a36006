import { expect, it } from 'vitest'
import type { GivenTool } from './prompt.ts'
import { findTool, inputOf } from './tools.ts'

const schema = { type: 'object', properties: { text: { type: 'string' }, more: {} }, required: ['text'] }
const plain: GivenTool = { name: 'f', kind: 'function', schema }
const typed: GivenTool = { name: 'typed', kind: 'custom', schema: {} }
const grouped: GivenTool = { name: 'f', kind: 'function', schema, namespace: 'group' }
const other: GivenTool = { name: 'g', kind: 'function', schema, namespace: 'group' }

it.each<[string, GivenTool | undefined]>([
  ['f', plain],
  ['typed', typed],
  ['group.f', grouped],
  ['group__g', other],
  ['g', other],
  ['group', undefined],
  ['toString', undefined],
])('finds %s', (name, found) => {
  expect(findTool([grouped, plain, typed, other], name)).toBe(found)
})

it.each<[string, GivenTool, string, string]>([
  ['an object as it is written', plain, '{"text": 1.0}', '{"text": 1.0}'],
  ['text in the only field that is needed', plain, '"a\\nb"', '{"text":"a\\nb"}'],
  ['text as it is for a freeform tool', typed, '"a\\nb"', 'a\nb'],
  ['words as they are for a freeform tool', typed, 'a b', 'a b'],
  ['something that fits', plain, '', '{"text":"word"}'],
  ['a word for a freeform tool', typed, '', 'word'],
  ['text that is no JSON', typed, '"a', '"a'],
  ['text where no field is the only one', { ...plain, schema: {} }, '"a"', '"a"'],
  ['text in the only field there is', { ...plain, schema: { properties: { x: {} } } }, '"a"', '{"x":"a"}'],
])('calls with %s', (_name, tool, given, input) => {
  expect(inputOf(tool, given, 'word')).toBe(input)
})
