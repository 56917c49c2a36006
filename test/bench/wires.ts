/** The two wires of the bench, by the protocol a client or an upstream speaks. */
export type Wire = 'chat' | 'messages'

/** Where each is served. */
export const paths: { readonly [wire in Wire]: string } = {
  chat: '/v1/chat/completions',
  messages: '/v1/messages',
}

/** What the upstream is told to do; it travels in the prompt, so every server passes it on unread. */
export interface Answer {
  /** `hold`: a stream that sends its pieces at once and then nothing until the upstream is told to end it. */
  readonly kind: 'answer' | 'hold'
  /** Characters of text in a whole answer, or pieces of a stream. */
  readonly size: number
  /** Milliseconds between two pieces of a stream. */
  readonly paceMs: number
}

/** What a client asks for. */
export interface Ask {
  readonly wire: Wire
  readonly model: string
  readonly stream: boolean
  /** Characters of prompt beside the instruction. */
  readonly promptCharacters: number
  readonly answer: Answer
}

const system = 'You are a helpful assistant.'

/** The request, as a client of the wire writes it. */
export function requestBody({ wire, model, stream, promptCharacters, answer }: Ask): string {
  const prompt = `${filler(promptCharacters)} ${answer.kind} ${answer.size} ${answer.paceMs}`
  const user = { role: 'user', content: prompt }
  return wire === 'chat'
    ? JSON.stringify({
        model,
        messages: [{ role: 'system', content: system }, user],
        temperature: 0.7,
        max_tokens: 512,
        stream,
      })
    : JSON.stringify({ model, max_tokens: 512, system, messages: [user], temperature: 0.7, stream })
}

/** What an answer has to be. */
export type Expected = Pick<Ask, 'wire' | 'stream'> & { readonly size: number }

const texts = { chat: '"content":', messages: '"text":' }
const ends = { chat: 'data: [DONE]', messages: 'event: message_stop' }

/** What is wrong with an answer, if anything: all of the text has to be in it, and of a stream every piece and the end. */
export function answerProblem(expected: Expected, status: number, bytes: Buffer): string | undefined {
  const { wire, stream, size } = expected
  const shown = (): string => `${status} ${bytes.toString('utf8', 0, 300)}`
  if (status !== 200) return shown()
  if (!stream) {
    const text = `${texts[wire]}"${'x'.repeat(size)}"`
    return bytes.includes(text) ? undefined : `without its text: ${shown()}`
  }
  const pieces = piecesIn(wire, bytes)
  if (pieces !== size) return `${pieces} pieces instead of ${size}: ${shown()}`
  return bytes.includes(ends[wire]) ? undefined : `without its end: ${shown()}`
}

/** How many pieces of a stream are in these bytes. */
export function piecesIn(wire: Wire, bytes: Buffer): number {
  const mark = `${texts[wire]}" token"`
  let count = 0
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) count++
  return count
}

function filler(characters: number): string {
  const sentence = 'The quick brown fox said "no" to the lazy dog.\n'
  return sentence.repeat(Math.ceil(characters / sentence.length)).slice(0, characters)
}
