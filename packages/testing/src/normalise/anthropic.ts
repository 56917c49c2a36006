import type { Frame, Json, JsonObject } from '@gantry/core'
import {
  collapse,
  frameJson,
  isObject,
  listOf,
  nonZero,
  numberOf,
  objectOf,
  textOf,
  upTo,
  withoutEmpty,
  type WireRules,
} from './rules.ts'

/** What is known of Anthropic Messages without its codec. */
export const anthropicRules: WireRules = {
  captures: 'anthropic',
  operation({ request }) {
    const path = request?.path.split('?')[0] ?? '/messages'
    if (path.endsWith('/messages')) return 'generate'
    return path.endsWith('/messages/count_tokens') ? 'countTokens' : undefined
  },
  request(body) {
    const { messages, system, ...rest } = objectOf(body)
    return {
      ...withoutEmpty(rest, ['tools', 'stream']),
      ...(rest['stream'] === true && { stream: true }),
      ...(system !== undefined && { system: content(system) }),
      messages: listOf(messages).map((turn) => ({ ...turn, content: content(turn['content']) })),
    }
  },
  response(body) {
    const message = objectOf(body)
    return { ...message, content: listOf(message['content']).map(block) }
  },
  first: (frames) => upTo(frames, (frame) => frameJson(frame)?.['type'] === 'message_stop'),
  fold,
  kinds(frames) {
    const first = firstStream(frames)
    const types = new Map<number, string>()
    return collapse(
      first.flatMap((event) => {
        const index = numberOf(event['index'])
        if (event['type'] === 'content_block_start')
          types.set(index, textOf(objectOf(event['content_block'])['type']))
        if (event['type'] === 'ping') return []
        return [
          `${textOf(event['type'])} ${event['index'] === undefined ? '' : (types.get(index) ?? '')}`.trim(),
        ]
      }),
    )
  },
  usage(body) {
    const usage = objectOf(body)['usage']
    if (!isObject(usage)) return undefined
    const hour = numberOf(objectOf(usage['cache_creation'])['ephemeral_1h_input_tokens'])
    const thinking = numberOf(objectOf(usage['output_tokens_details'])['thinking_tokens'])
    return nonZero({
      input: numberOf(usage['input_tokens']),
      cache_read: numberOf(usage['cache_read_input_tokens']),
      cache_write: Math.max(0, numberOf(usage['cache_creation_input_tokens']) - hour),
      cache_write_1h: hour,
      output: Math.max(0, numberOf(usage['output_tokens']) - thinking),
      reasoning: thinking,
    })
  },
}

/** A string is one text block. */
function content(value: Json | undefined): Json {
  return typeof value === 'string' ? [{ type: 'text', text: value }] : listOf(value).map(block)
}

function block(value: JsonObject): JsonObject {
  const inner = value['content']
  const nested =
    value['type'] === 'tool_result' && inner !== undefined && inner !== null
      ? { content: content(inner) }
      : {}
  return withoutEmpty({ ...value, ...nested }, ['citations', 'signature'])
}

/** A recording may hold several streams: up to the first `message_stop`, from the last start before it. */
function firstStream(frames: readonly Frame[]): readonly JsonObject[] {
  const events: JsonObject[] = []
  for (const frame of frames) {
    const event = frameJson(frame)
    if (!event) continue
    if (event['type'] === 'message_start') events.length = 0
    events.push(event)
    if (event['type'] === 'message_stop') break
  }
  return events
}

interface OpenBlock {
  value: { [key: string]: Json | undefined }
  input: string
  readonly citations: Json[]
}

function fold(frames: readonly Frame[]): Json {
  let message: JsonObject = {}
  const blocks: OpenBlock[] = []
  for (const event of firstStream(frames)) {
    const open = blocks[numberOf(event['index'])]
    const delta = objectOf(event['delta'])
    switch (event['type']) {
      case 'message_start':
        message = objectOf(event['message'])
        break
      case 'content_block_start':
        blocks.push({ value: { ...objectOf(event['content_block']) }, input: '', citations: [] })
        break
      case 'content_block_delta':
        if (open) addDelta(open, delta)
        break
      case 'message_delta':
        message = {
          ...message,
          ...delta,
          usage: { ...objectOf(message['usage']), ...objectOf(event['usage']) },
        }
        break
      default:
    }
  }
  return { ...message, content: blocks.map(closed) }
}

function addDelta(open: OpenBlock, delta: JsonObject): void {
  switch (delta['type']) {
    case 'text_delta':
      open.value['text'] = textOf(open.value['text']) + textOf(delta['text'])
      break
    case 'thinking_delta':
      open.value['thinking'] = textOf(open.value['thinking']) + textOf(delta['thinking'])
      break
    case 'signature_delta':
      open.value['signature'] = textOf(delta['signature'])
      break
    case 'input_json_delta':
      open.input += textOf(delta['partial_json'])
      break
    case 'citations_delta':
      open.citations.push(delta['citation'] ?? null)
      break
    case 'compaction_delta':
      open.value = { ...open.value, ...withoutEmpty(delta, ['content']), type: open.value['type'] }
      break
    default:
  }
}

function closed({ value, input, citations }: OpenBlock): JsonObject {
  return {
    ...value,
    ...(input !== '' && { input: parsed(input) }),
    ...(citations.length > 0 && { citations }),
  }
}

/** A call that was cut in the middle stays text. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
