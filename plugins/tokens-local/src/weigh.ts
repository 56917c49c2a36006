import type { GenerateRequest, Part, ReasoningPart, Tool, Turn } from '@gantry/core'
import { imageTokens } from './image.ts'
import type { TokenRules } from './rules.ts'

/** Something the worker has to look at; each of its tokens or pages weighs so many tokens of the model. */
export interface Piece {
  readonly kind: 'text' | 'pdf'
  /** Text, or base64. */
  readonly text: string
  readonly weight: number
}

/** A request taken apart. */
export interface Weighed {
  readonly pieces: readonly Piece[]
  /** Tokens that are known without looking. */
  readonly fixed: number
}

/** Takes a request apart by the rules of a model. Counts nothing and copies no text: this is the event loop. */
export function weigh(request: GenerateRequest, rules: TokenRules): Weighed {
  const scale = createScale(rules)
  scale.add(rules.base)
  if (request.instructions?.length) {
    scale.add(rules.system)
    for (const part of request.instructions) scale.part(part, false)
  }
  const open = openFrom(request.turns)
  for (const [index, turn] of request.turns.entries()) {
    scale.add(rules.message)
    for (const part of turn.parts) scale.part(part, index > open)
  }
  const tools = (request.tools ?? []).filter((tool) => !tool.deferred)
  const { toolChoice, output, reasoning } = request
  if (tools.length > 0) scale.add(toolChoice?.mode === 'required' ? rules.forcedTools : rules.tools)
  for (const tool of tools) scale.tool(tool)
  if (output?.schema) {
    scale.add(rules.outputSchema)
    scale.structure(output.schema)
  }
  if (reasoning?.mode === 'enabled') scale.add(rules.thinking)
  return scale.result()
}

// ---

/** Of reasoning that only its vendor can read: fitted to the growth of recorded conversations that replay it. */
const sealedBytes = 800
const sealedBytesPerToken = 6.6

/** Sound: 10 tokens a second (OpenAI's documentation), of 16 bits 16,000 times a second. */
const soundBytesPerToken = 3200

/** Office documents are compressed text; fitted to two. */
const officeBytesPerToken = 60

interface Scale {
  add(tokens: number): void
  part(part: Part, isOpen: boolean): void
  tool(tool: Tool): void
  structure(value: object): void
  result(): Weighed
}

function createScale(rules: TokenRules): Scale {
  const pieces: Piece[] = []
  let fixed = 0
  const add = (tokens: number): void => void (fixed += tokens)
  const text = (value: string | undefined, weight: number = rules.factor): void => {
    if (value) pieces.push({ kind: 'text', text: value, weight })
  }
  const structure = (value: object): void => {
    const descriptions: string[] = []
    const bare = JSON.stringify(value, (key, inner: unknown) => {
      if (key !== 'description' || typeof inner !== 'string') return inner
      descriptions.push(inner)
      return undefined
    })
    text(bare, rules.structure)
    text(descriptions.join('\n'))
  }
  const tool = (one: Tool): void => {
    if (one.type === 'server') add(rules.serverTool)
    else if (one.type === 'namespace') {
      text(one.description)
      for (const inner of one.tools) if (!inner.deferred) tool(inner)
    } else {
      const { name, description } = one
      const form = one.type === 'function' ? { parameters: one.schema } : { format: one.format }
      structure({ name, description, ...form })
    }
  }
  const reasoning = ({ segments, custody }: ReasoningPart): void => {
    const isSealed = custody !== undefined && segments.every(({ kind }) => kind === 'summary')
    if (isSealed) add(Math.max(0, (custody.blob.length - sealedBytes) / sealedBytesPerToken))
    else for (const segment of segments) text(segment.text)
  }
  const part = (one: Part, isOpen: boolean): void => {
    switch (one.type) {
      case 'text':
      case 'refusal':
        return text(one.text)
      case 'image':
        return add(imageTokens(one, rules.image))
      case 'file':
        return file(one)
      case 'audio':
        if (one.source.kind === 'base64') add((one.source.data.length * 0.75) / soundBytesPerToken)
        return
      case 'json':
        return text(one.json)
      case 'reasoning':
        // What was thought about an earlier question is not read again.
        return isOpen ? reasoning(one) : undefined
      case 'tool_call':
        add(rules.call)
        text(one.name)
        return text(one.arguments)
      case 'tool_result':
        add(rules.call)
        return one.parts.forEach((inner) => part(inner, false))
      case 'server_tool_call':
        add(rules.call)
        text(one.name)
        return text(one.arguments)
      case 'server_tool_result':
        add(rules.call)
        return one.parts.forEach((inner) => part(inner, false))
      case 'compaction':
        if (one.text === undefined && one.custody)
          add(Math.max(0, (one.custody.blob.length - sealedBytes) / sealedBytesPerToken))
        return text(one.text)
      case 'tools_added':
        return structure(one.native.value)
      case 'native':
        return text(one.text)
      default:
        return undefined
    }
  }
  const file = ({ source, name }: Extract<Part, { type: 'file' }>): void => {
    if (source.kind === 'text') text(source.text)
    else if (source.kind === 'parts') source.parts.forEach((inner) => part(inner, false))
    // It is never fetched.
    else if (source.kind !== 'base64') add(rules.page)
    else if (/^(text|application\/json)/.test(source.mediaType ?? ''))
      text(Buffer.from(source.data, 'base64').toString())
    else if (/pdf/.test(source.mediaType ?? name ?? ''))
      pieces.push({ kind: 'pdf', text: source.data, weight: rules.page })
    else add((source.data.length * 0.75) / officeBytesPerToken)
  }
  return { add, part, tool, structure, result: () => ({ pieces, fixed }) }
}

/** The turn that holds the last question: what comes after it is the answer that is under way. */
function openFrom(turns: readonly Turn[]): number {
  return turns.findLastIndex(
    ({ role, parts }) => role === 'user' && parts.some(({ type }) => type !== 'tool_result'),
  )
}
