import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chat, messages, object, responses, withSimulator } from './testing.ts'
import { isContext, promptAt, words } from './spoken.ts'
import type { Turn } from './spoken.ts'

const reminder = '<system-reminder>\nsay nothing\n</system-reminder>'

describe('what an agent adds is not what the user said', () => {
  it.each<[string, string, string]>([
    ['an element around all', reminder, ''],
    ['an element before', `${reminder}\nsay hello`, '\nsay hello'],
    ['an element behind', `say hello\n${reminder}\n`, 'say hello\n\n'],
    ['two of them', `${reminder}${'\n'}${reminder}`, '\n'],
    ['an element with attributes', '<file path="a b">\nsay x\n</file>\nsay y', '\nsay y'],
    ['an element that ends in mid-line', '<b>say</b> x', '<b>say</b> x'],
    ['an element that begins in mid-line', 'see <code>\nx\n</code>', 'see <code>\nx\n</code>'],
    ['an element that never ends', '<open>\nsay x', '<open>\nsay x'],
    ['a sign', '<3 you\n1 < 2', '<3 you\n1 < 2'],
  ])('%s', (_name, text, left) => {
    // Beside something that is said, so that there is more than context.
    expect(words([text, 'said'])).toBe(left.trim() === '' ? 'said' : `${left}\nsaid`)
    expect(isContext([text])).toBe(left.trim() === '')
  })

  it('is the last of several texts with instructions, and all words', () => {
    expect(words(['say a', 'some words', 'say b\nthen', 'more words'])).toBe(
      'some words\nsay b\nthen\nmore words',
    )
    expect(words(['some words', 'more words'])).toBe('some words\nmore words')
  })

  it('is all there is where there is nothing else', () => {
    expect(words([reminder])).toBe(reminder)
  })

  it('never adds anything, and takes time in proportion', () => {
    const piece = fc.constantFrom('<a>', '</a>', '<b>', '</b>', '\n', ' ', 'x')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        const left = words([text, '!'])
        expect(left.length).toBeLessThanOrEqual(text.length + 2)
      }),
    )
    const hostile = Array.from({ length: 200_000 }, (_, at) => `<t${at}>`).join('\n')
    expect(words([hostile, 'said'])).toContain('<t0>')
  }, 5_000)
})

describe('what comes with results is no prompt of its own', () => {
  const asked: Turn = { kind: 'user', texts: ['call f'] }
  const called: Turn = { kind: 'assistant', texts: [] }
  const plain: Turn = { kind: 'results', texts: [] }
  const loaded: Turn = { kind: 'user', texts: ['Tool loaded.'] }

  it.each<[string, readonly Turn[], number]>([
    ['nothing but results', [asked, called, plain], 0],
    ['words with results', [asked, called, { kind: 'results', texts: ['Tool loaded.'] }], 0],
    ['words after results', [asked, called, plain, loaded], 0],
    ['words after results and an order', [asked, called, plain, { kind: 'other', texts: ['x'] }, loaded], 0],
    ['instructions with results', [asked, called, { kind: 'results', texts: ['say x'] }], 2],
    ['instructions after results', [asked, called, plain, { kind: 'user', texts: ['say x'] }], 3],
    ['words after an answer', [asked, called, plain, called, loaded], 4],
    ['context', [asked, { kind: 'user', texts: [reminder] }], 0],
    ['context alone', [{ kind: 'user', texts: [reminder] }, called], 0],
    ['remarks alone', [called, plain, loaded], 2],
    ['nothing', [{ kind: 'other', texts: ['x'] }], -1],
  ])('%s', (_name, turns, at) => {
    expect(promptAt(turns)).toBe(at)
  })
})

describe('instructions are found among what agents send', () => {
  const said = 'Please do this.\nsay first\nthen\nsay second'

  it('on the messages wire, with reminders before, behind and with each result', async () => {
    await withSimulator({}, async (simulator) => {
      const tools = [{ name: 'f', input_schema: { type: 'object' } }]
      const block = (text: string): object => ({ type: 'text', text })
      const history = [
        { role: 'user', content: [block(reminder), block('call f\nthen\nsay second'), block(reminder)] },
        { role: 'system', content: 'say nothing' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }, block(`${reminder}\n`)],
        },
        { role: 'system', content: 'say nothing' },
      ]
      const answer = object(await (await messages(simulator, '', { tools, messages: history })).text())
      expect(answer.content).toEqual([{ type: 'text', text: 'second' }])
    })
  })

  it('on the responses wire, between context in messages of its own', async () => {
    await withSimulator({}, async (simulator) => {
      const message = (role: string, text: string): object => ({
        type: 'message',
        role,
        content: [{ type: 'input_text', text }],
      })
      const input = [
        message('developer', 'say nothing'),
        message('user', '<environment_context>\n  <cwd>/</cwd>\n</environment_context>'),
        message('user', said),
        message('user', '<turn_context>\nsay nothing\n</turn_context>'),
      ]
      const answer = await responses(simulator, input)
      expect(object(await answer.text())).toMatchObject({ output: [{ content: [{ text: 'first' }] }] })
    })
  })

  it('on the chat wire, in one text with them', async () => {
    await withSimulator({}, async (simulator) => {
      const answer = await chat(simulator, `${reminder}\n\n${said}\n\n${reminder}`)
      expect(object(await answer.text())).toMatchObject({ choices: [{ message: { content: 'first' } }] })
    })
  })
})
