import type { EventTransform, LoweredTools } from '../contract/index.ts'
import type { GatewayEvent, Part, PartDelta, ToolCallPart } from '../model/index.ts'
import { ownValue } from './json.ts'
import { unwrapInput, type Unwrapper } from './unwrap.ts'

type Declared = LoweredTools[string]

interface OpenCall {
  readonly declared: Declared
  /** Only for freeform tools. */
  readonly unwrapper?: Unwrapper
}

/**
 * Gives lowered tools their declared name, namespace and kind back, in a stream and, over `eventsOf` and `accumulate`,
 * in a whole response. Arguments of freeform tools are unwrapped while they arrive, however the deltas are cut.
 * Calls of other tools pass untouched. Stateful: one transform a stream.
 */
export function restoreTools(lowered: LoweredTools): EventTransform {
  const open = new Map<string, OpenCall>()
  return (event) => {
    switch (event.type) {
      case 'part-start':
        return startOf(event, lowered, open)
      case 'part-delta': {
        const call = open.get(keyOf(event))
        if (!call?.unwrapper || event.delta.type !== 'arguments') return event
        const text = call.unwrapper.push(event.delta.text)
        if (text === '' && !event.delta.extra) return null
        return { ...event, delta: { ...event.delta, text } }
      }
      case 'part-end': {
        const call = open.get(keyOf(event))
        if (!call) return event
        open.delete(keyOf(event))
        const end: GatewayEvent =
          event.part?.type === 'tool_call' ? { ...event, part: restored(event.part, call.declared) } : event
        const rest = call.unwrapper?.end() ?? ''
        return rest === '' ? end : [deltaOf(event, { type: 'arguments', text: rest }), end]
      }
      case 'restart':
        open.clear()
        return event
      default:
        return event
    }
  }
}

function startOf(
  event: Extract<GatewayEvent, { type: 'part-start' }>,
  lowered: LoweredTools,
  open: Map<string, OpenCall>,
): ReturnType<EventTransform> {
  const { part } = event
  const declared = part.type === 'tool_call' ? ownValue(lowered, part.name) : undefined
  if (!declared || part.type !== 'tool_call') return event
  const unwrapper = declared.kind === 'custom' ? unwrapInput() : undefined
  open.set(keyOf(event), { declared, ...(unwrapper && { unwrapper }) })
  if (!unwrapper) return { ...event, part: renamed(part, declared) }
  const text = unwrapper.push(part.arguments)
  const start: GatewayEvent = { ...event, part: { ...renamed(part, declared), arguments: '' } }
  return text === '' ? start : [start, deltaOf(event, { type: 'arguments', text })]
}

/** A whole call as the upstream stated it. */
function restored(part: ToolCallPart, declared: Declared): Part {
  const call = renamed(part, declared)
  if (declared.kind !== 'custom') return call
  const unwrapper = unwrapInput()
  return { ...call, arguments: unwrapper.push(part.arguments) + unwrapper.end() }
}

function renamed(part: ToolCallPart, declared: Declared): ToolCallPart {
  const { kind, name, namespace } = declared
  return { ...part, kind, name, ...(namespace !== undefined && { namespace }) }
}

function deltaOf(event: { index: number; choice?: number }, delta: PartDelta): GatewayEvent {
  const { index, choice } = event
  return { type: 'part-delta', index, delta, ...(choice !== undefined && { choice }) }
}

function keyOf(event: { index: number; choice?: number }): string {
  return `${event.choice ?? 0}.${event.index}`
}
