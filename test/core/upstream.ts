import type { Reply } from '@gantry/testing'

type Frame = { data: string }

/** One chunk of a chat stream. */
export function chunk(delta: object, finish: string | null = null): Frame {
  return {
    data: JSON.stringify({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'theirs',
      choices: [{ index: 0, delta, finish_reason: finish }],
    }),
  }
}

/** The chunk with the numbers, without choices. */
export function usageChunk(prompt: number, completion: number): Frame {
  return {
    data: JSON.stringify({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'theirs',
      choices: [],
      usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
    }),
  }
}

/** A whole chat stream of these words. */
export function chatFrames(words: readonly string[], usage: Frame = usageChunk(7, words.length)): Frame[] {
  return [
    chunk({ role: 'assistant', content: '' }),
    ...words.map((content) => chunk({ content })),
    chunk({}, 'stop'),
    usage,
    { data: '[DONE]' },
  ]
}

/** A whole chat answer. */
export function chatAnswer(content: string): Reply {
  return {
    json: {
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'theirs',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    },
  }
}

/** The same in the messages wire. */
export function messagesAnswer(text: string): Reply {
  return {
    json: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'theirs',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 7, output_tokens: 3 },
    },
  }
}

/** Frames as bytes of an event stream. */
export function sse(frames: readonly Frame[]): string {
  return frames.map(({ data }) => `data: ${data}\n\n`).join('')
}

/** Data of every frame in an event stream that a client got, parsed where it is JSON. */
export function framesIn(text: string): unknown[] {
  return text
    .split('\n\n')
    .flatMap((frame) => {
      const data = /^data: (.*)$/m.exec(frame)?.[1]
      return data === undefined ? [] : [data]
    })
    .map((data) => (data.startsWith('{') ? (JSON.parse(data) as unknown) : data))
}

/** Text of the first choice in what a client got. */
export function textIn(text: string): string {
  return framesIn(text)
    .map((frame) => (frame as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content)
    .filter((content) => content !== undefined)
    .join('')
}
