import { digest, pick } from './hash.ts'
import type { GivenTool, Media, Prompt } from './prompt.ts'
import { sample } from './sample.ts'
import { plainWords, readScript, stepsOf } from './script.ts'
import type { Fault, Instruction } from './script.ts'
import { pieces } from './tokens.ts'
import { findTool, inputOf } from './tools.ts'

/** What the simulator answers, before it is put on a wire. */
export interface Answer {
  /** In the order they are said. */
  readonly parts: readonly AnswerPart[]
  readonly finish: 'stop' | 'stop_sequence' | 'length' | 'tool_calls' | 'refusal'
  readonly stopSequence?: string
  readonly fault?: Fault
  readonly outputTokens: number
  readonly reasoningTokens: number
}

/** A stretch of one kind; its pieces are its tokens. `arguments` of a call are exactly what the prompt wrote. */
export type AnswerPart =
  | { readonly type: 'reasoning' | 'text' | 'refusal'; readonly pieces: readonly string[] }
  | { readonly type: 'call'; readonly tool: GivenTool; readonly pieces: readonly string[] }

/** Answers a prompt: by its instructions, else by telling what was seen. The same prompt gives the same answer. */
export function answer(prompt: Prompt, seed: string): Answer {
  const steps = stepsOf(prompt.text)
  // After tool results the next step counts; without one the results are told, or calls would never end.
  const script = prompt.round < steps ? readScript(prompt.text, prompt.round) : []
  const parts = say(prompt, script, seed)
  const refused = script.some((one) => one.do === 'refuse')
  const called = parts.some((part) => part.type === 'call')
  const stopped = stopAt(parts, prompt.stop)
  const limit = limitOf(prompt, script, stopped.parts)
  const cut = limit === undefined ? stopped.parts : take(stopped.parts, limit)
  const isCut = count(cut) < count(stopped.parts) || script.some((one) => one.do === 'length')
  const fault = script.find((one) => one.do === 'fault')?.fault
  return {
    parts: cut,
    finish: isCut
      ? 'length'
      : stopped.by !== undefined
        ? 'stop_sequence'
        : refused
          ? 'refusal'
          : called
            ? 'tool_calls'
            : 'stop',
    ...(!isCut && stopped.by !== undefined && { stopSequence: stopped.by }),
    ...(fault && { fault }),
    outputTokens: count(cut),
    reasoningTokens: count(cut.filter((part) => part.type === 'reasoning')),
  }
}

function say(prompt: Prompt, script: readonly Instruction[], seed: string): readonly AnswerPart[] {
  const parts: AnswerPart[] = []
  const words: string[] = []
  const flush = (): void => {
    if (words.length > 0) parts.push({ type: 'text', pieces: pieces(words.splice(0).join('\n')) })
  }
  let calls = 0
  for (const one of script) {
    if (one.do === 'say') words.push(one.text)
    if (one.do === 'count') words.push(Array.from({ length: one.to }, (_, index) => index + 1).join(' '))
    if (one.do === 'reason' && prompt.reasoning !== 'off') {
      flush()
      parts.push({ type: 'reasoning', pieces: pieces(one.text) })
    }
    if (one.do === 'refuse')
      parts.push({ type: 'refusal', pieces: pieces("I'm sorry, but I can't help with that.") })
    if (one.do === 'call') {
      const tool = findTool(prompt.tools, one.tool)
      if (!tool || prompt.choice === 'none') words.push(noTool(prompt, one.tool))
      else if (prompt.parallel || calls === 0) {
        flush()
        calls++
        parts.push({ type: 'call', tool, pieces: pieces(inputOf(tool, one.input, wordOf(prompt))) })
      }
    }
  }
  flush()
  const said = script.some((one) => ['say', 'count', 'call', 'refuse', 'empty'].includes(one.do))
  if (said || parts.some((part) => part.type !== 'reasoning')) return parts
  const forced = forcedTool(prompt)
  if (forced) parts.push({ type: 'call', tool: forced, pieces: pieces(inputOf(forced, '', wordOf(prompt))) })
  else parts.push({ type: 'text', pieces: pieces(prompt.json ? asJson(prompt, seed) : tell(prompt, seed)) })
  return parts
}

function forcedTool({ choice, tools, results }: Prompt): GivenTool | undefined {
  if (results.length > 0 || typeof choice === 'string') {
    return choice === 'required' && results.length === 0 ? tools[0] : undefined
  }
  return tools.find((tool) => tool.name === choice.name)
}

/** What made-up arguments and JSON are made of. */
function wordOf(prompt: Prompt): string {
  return quoted(plainWords(prompt.text), 40) || 'text'
}

function noTool({ choice, tools }: Prompt, name: string): string {
  if (choice === 'none') return `I was told not to call tools, so I did not call ${name}.`
  const names = tools.slice(0, 20).map((tool) => tool.name)
  return `I have no tool called ${name}. ${names.length > 0 ? `I was given: ${names.join(', ')}.` : 'I was given none.'}`
}

function tell(prompt: Prompt, seed: string): string {
  const { results, media, tools, text, model } = prompt
  const lines: string[] = []
  const hello = ['Hello from the simulator', 'The simulator heard you', 'This is the simulator speaking']
  lines.push(`${hello[pick(digest(seed, text), hello.length)]} (model ${model}).`)
  if (results.length > 0) {
    for (const { name, text: told, isError } of results.slice(0, 20)) {
      lines.push(`The tool ${name} ${isError ? 'failed' : 'answered'}: ${quoted(told, 400) || '(nothing)'}`)
    }
  } else if (text.trim()) lines.push(`You wrote: “${quoted(text, 120)}”`)
  if (media.length > 0) lines.push(`I saw ${media.slice(0, 20).map(shown).join(', ')}.`)
  if (tools.length > 0 && results.length === 0) {
    lines.push(
      `I may call: ${tools
        .slice(0, 20)
        .map((tool) => tool.name)
        .join(', ')}.`,
    )
  }
  return lines.join('\n')
}

function asJson(prompt: Prompt, seed: string): string {
  const schema = prompt.json?.schema
  if (!schema) return JSON.stringify({ answer: tell(prompt, seed) })
  return JSON.stringify(sample(schema, wordOf(prompt)))
}

function shown({ kind, mediaType, bytes }: Media): string {
  return `1 ${kind} (${mediaType}${bytes === undefined ? '' : `, ${bytes} bytes`})`
}

/** The beginning of a text on one line, never half a character. */
function quoted(text: string, length: number): string {
  const line = text
    .slice(0, length * 4)
    .trim()
    .replace(/\s+/g, ' ')
  const points = Array.from(line)
  return points.length > length ? `${points.slice(0, length).join('')}…` : line
}

function count(parts: readonly AnswerPart[]): number {
  return parts.reduce((sum, part) => sum + part.pieces.length, 0)
}

function limitOf(
  prompt: Prompt,
  script: readonly Instruction[],
  parts: readonly AnswerPart[],
): number | undefined {
  const asked = script.find((one) => one.do === 'length')
  const own = asked && (asked.tokens ?? Math.ceil(count(parts) / 2))
  if (own === undefined) return prompt.maxTokens
  return Math.min(own, prompt.maxTokens ?? own)
}

function take(parts: readonly AnswerPart[], limit: number): readonly AnswerPart[] {
  const taken: AnswerPart[] = []
  let left = limit
  for (const part of parts) {
    if (left <= 0) break
    taken.push(part.pieces.length <= left ? part : { ...part, pieces: part.pieces.slice(0, left) })
    left -= part.pieces.length
  }
  return taken
}

function stopAt(
  parts: readonly AnswerPart[],
  stop: readonly string[],
): { parts: readonly AnswerPart[]; by?: string } {
  for (const [index, part] of parts.entries()) {
    if (part.type !== 'text') continue
    const whole = part.pieces.join('')
    let found: { at: number; by: string } | undefined
    for (const by of stop) {
      const at = by ? whole.indexOf(by) : -1
      if (at >= 0 && (!found || at < found.at)) found = { at, by }
    }
    if (!found) continue
    const kept = pieces(whole.slice(0, found.at))
    return {
      parts: [...parts.slice(0, index), ...(kept.length > 0 ? [{ ...part, pieces: kept }] : [])],
      by: found.by,
    }
  }
  return { parts }
}
