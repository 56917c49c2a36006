import type {
  CompactResponse,
  JsonObject,
  Part,
  ServerCodec,
  ServerContext,
  Turn,
  WireRequest,
} from '@gantry/core'
import { writeContent } from '../content.ts'
import { name } from '../name.ts'
import { defined, ownFields } from '../own.ts'
import { isContent, writeItem } from '../write-items.ts'
import { decodeCompact } from './decode-request.ts'
import { itemIds, type ItemIds } from './item-ids.ts'
import { baseOf, now, responseId } from './response-shell.ts'
import { writeUsage } from './write-usage.ts'

/** `POST /responses/compact`: the client sends a conversation and gets a shorter one to go on with. */
export const compactCodec: ServerCodec<'compact'> = {
  routes: [{ method: 'POST', path: '/responses/compact' }],
  decodeRequest: decodeCompact,
  encodeResponse: encodeCompact,
}

const trigger = Buffer.from('"compaction_trigger"')

/** Whether the last item asks for the conversation, shortened, instead of an answer. */
export function compacts(wire: WireRequest): boolean {
  // Looked for in the bytes first: nearly no request has it, and most are relayed unread.
  if (Buffer.from(wire.body.buffer, wire.body.byteOffset, wire.body.byteLength).indexOf(trigger) < 0)
    return false
  const { input } = wire.json()
  const last: unknown = Array.isArray(input) ? input.at(-1) : undefined
  return typeof last === 'object' && last !== null && 'type' in last && last.type === 'compaction_trigger'
}

/** A compacted conversation: messages that were kept as they are, and one item that stands for the rest. */
function encodeCompact(response: CompactResponse, context: ServerContext<'compact'>): JsonObject {
  const own = response.extra?.[name] !== undefined || response.id?.startsWith('resp_') === true
  const ids = itemIds(baseOf(context.requestId), own)
  const output: JsonObject[] = []
  response.turns.forEach((turn, index) => {
    const lose = (what: string): void =>
      context.report({ pointer: `/turns/${index}`, what, how: 'dropped', target: name })
    output.push(...encodeTurn(turn, ids, output.length, lose))
  })
  return defined({
    ...ownFields(response),
    id: responseId(response.id, context.requestId, own),
    object: 'response.compaction',
    created_at: response.createdAt ?? now(),
    output,
    // Readers want counts even where nothing was counted.
    usage: (response.usage && writeUsage(response.usage)) ?? writeUsage(nothing),
  })
}

/** A turn as items: its content is one message, everything else stands for itself, in order. */
function encodeTurn(
  turn: Turn,
  ids: ItemIds,
  from: number,
  lose: (what: string) => void,
): readonly JsonObject[] {
  const items: JsonObject[] = []
  const side = turn.role === 'assistant' ? 'output' : 'input'
  let content: JsonObject[] = []
  const closeMessage = (): void => {
    if (content.length === 0) return
    items.push({
      ...ownFields(turn),
      id: ids.of('message', from + items.length, items.length === 0 ? turn.id : undefined),
      type: 'message',
      role: turn.role,
      status: turn.status ?? 'completed',
      ...(turn.phase !== undefined && { phase: turn.phase }),
      content,
    })
    content = []
  }
  for (const part of turn.parts) {
    const written = isContent(part) ? writeContent(part, side) : undefined
    if (written) {
      content.push(side === 'output' ? withLists(written) : written)
      continue
    }
    const item = writeItem(part)
    if (!item) {
      lose(`part.${part.type}`)
      continue
    }
    closeMessage()
    items.push({ ...item, id: ids.of(String(item['type']), from + items.length, idOf(part)) })
  }
  closeMessage()
  return items
}

function withLists(content: JsonObject): JsonObject {
  return content['type'] === 'output_text' ? { annotations: [], logprobs: [], ...content } : content
}

function idOf(part: Part): string | undefined {
  const native = 'native' in part ? part.native?.value['id'] : undefined
  return typeof native === 'string' ? native : part.id
}

const nothing = { tokens: {}, source: 'observed', final: true } as const
