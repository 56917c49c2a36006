import { expect, it } from 'vitest'
import { shortened } from './shorten.ts'

const sandbox = { home: '/tmp/x/home', folder: '/tmp/x/project' }

it.each<[string, unknown, unknown]>([
  ['folders', { cmd: 'ls /tmp/x/project /tmp/x/home/y' }, { cmd: 'ls /home/user/project /home/user/y' }],
  [
    'ids, the same for the same',
    [
      'a 0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
      '0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
      '{"x":"0190aaaa-bbbb-7ccc-8ddd-ffffffffffff"}',
    ],
    [
      'a 00000000-0000-7000-8000-000000000001',
      '00000000-0000-7000-8000-000000000001',
      '{"x":"00000000-0000-7000-8000-000000000002"}',
    ],
  ],
  [
    'descriptions',
    { description: 'long', parameters: { properties: { description: { description: 'x' } } } },
    { description: 'Described.', parameters: { properties: { description: { description: 'Described.' } } } },
  ],
  [
    'instructions',
    { role: 'developer', content: [{ type: 'input_text', text: 'Be good.' }] },
    { role: 'developer', content: [{ type: 'input_text', text: 'Instructions.' }] },
  ],
  [
    'a system message',
    { messages: [{ role: 'system', content: 'Be good.' }] },
    { messages: [{ role: 'system', content: 'Instructions.' }] },
  ],
  [
    'system blocks but the first',
    { system: [{ text: 'x-anthropic-billing-header: a' }, { text: 'Be good.' }] },
    { system: [{ text: 'x-anthropic-billing-header: a' }, { text: 'Instructions.' }] },
  ],
  [
    'context',
    { role: 'user', content: [{ text: '<system-reminder>\nx\n</system-reminder>\n' }, { text: 'say a' }] },
    {
      role: 'user',
      content: [{ text: '<system-reminder>\nContext.\n</system-reminder>\n' }, { text: 'say a' }],
    },
  ],
  [
    'nothing else',
    { a: [1, null, true, 'b'], text: '<b>x</b> y' },
    { a: [1, null, true, 'b'], text: '<b>x</b> y' },
  ],
])('replaces %s', (_name, value, short) => {
  expect(shortened(value, sandbox)).toEqual(short)
})
