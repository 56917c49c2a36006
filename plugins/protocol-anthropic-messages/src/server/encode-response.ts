import {
  GatewayError,
  type GenerateResponse,
  type JsonObject,
  type Part,
  type ServerContext,
} from '@gantry/core'
import { eventsOf } from '@gantry/core/codec'
import { ownAnswerNote, protocolName } from '../name.ts'
import { foldMessage } from './fold-message.ts'
import { messageWriter, type MessageWriter } from './message-writer.ts'

/**
 * A whole answer as a message. It is built as its stream would be, so that both say the same. Throws `GatewayError`
 * `upstream_failed` for an answer that the model did not finish: a whole message has no word for that.
 */
export function encodeResponse(response: GenerateResponse, context: ServerContext<'generate'>): JsonObject {
  if (response.error) throw new GatewayError(response.error)
  if (response.finish?.reason === 'error') {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The model did not finish its answer.',
      source: 'upstream',
    })
  }
  const fold = foldMessage(() =>
    context.report({
      pointer: '/parts',
      what: 'part.tool_call.arguments',
      how: 'approximated',
      target: protocolName,
      note: 'not a JSON object; wrapped as {"__raw"}',
    }),
  )
  let message: MessageWriter | undefined
  const parts = withoutAnswered(response.parts, context)
  eventsOf({ ...response, parts }, (event) => {
    if (event.type === 'start') message = messageWriter(event, context, fold.send)
    else message?.push(event)
  })
  return withoutAdded(fold.message(), response)
}

/** A stream begins with `stop_sequence: null`; a whole message of an upstream of this wire has it where that said so. */
function withoutAdded(message: JsonObject, { extra }: GenerateResponse): JsonObject {
  const own = extra?.[protocolName]
  if (own?.[ownAnswerNote] !== true || message['stop_sequence'] !== null || 'stop_sequence' in own)
    return message
  const { stop_sequence: _added, ...said } = message
  return said
}

/**
 * Without calls that another vendor's program made and that are answered in here already: a client would make them again.
 */
function withoutAnswered(parts: readonly Part[], { report }: ServerContext<'generate'>): readonly Part[] {
  const answered = new Set<string>()
  const kept: Part[] = []
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at]
    if (!part) continue
    if (part.type === 'server_tool_result' && part.native.protocol !== protocolName) answered.add(part.callId)
    if (part.type === 'tool_call' && part.caller?.id !== undefined && answered.has(part.caller.id)) {
      report({ pointer: `/parts/${at}`, what: 'tool_call.answered', how: 'dropped', target: protocolName })
      continue
    }
    kept.push(part)
  }
  return kept.length === parts.length ? parts : kept.toReversed()
}
