import type { GatewayEvent, OutputFrame, ServerContext, StreamEncoder } from '@gantry/core'
import { protocolName } from '../name.ts'
import { errorBody } from './encode-error.ts'
import { messageWriter, type MessageWriter } from './message-writer.ts'
import type { Send } from './place.ts'

/**
 * Writes the events of a message for the strictest readers: `event:` is always the type, blocks are numbered without
 * gaps and open one at a time, counts are there from the start. After an `error` nothing follows, no `message_stop`
 * either. `keep-alive` is a `ping`.
 */
export function streamEncoder(context: ServerContext<'generate'>): StreamEncoder<GatewayEvent> {
  let message: MessageWriter | undefined
  let closed = false
  let sink: (frame: OutputFrame) => void = () => {}
  const send: Send = (type, fields) => sink({ event: type, data: JSON.stringify({ type, ...fields }) })

  return {
    push(event, write) {
      if (closed) return
      sink = write
      switch (event.type) {
        case 'start':
          message = messageWriter(event, context, send)
          return
        case 'keep-alive':
          return write({ event: 'ping', data: '{"type":"ping"}' })
        case 'raw':
          if (event.protocol === protocolName) {
            write({ ...(event.event !== undefined && { event: event.event }), data: event.data })
          }
          return
        case 'restart':
          message = undefined
          return
        case 'error':
          closed = true
          if (message) return message.push(event)
          return write({ event: 'error', data: JSON.stringify(errorBody(event.error, context.requestId)) })
        default:
          closed = event.type === 'end'
          message ??= messageWriter({ type: 'start' }, context, send)
          message.push(event)
      }
    },
  }
}
