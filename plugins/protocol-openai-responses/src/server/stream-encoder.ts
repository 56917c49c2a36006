import type { GatewayEvent, Json, JsonObject, OutputFrame, ServerContext, StreamEncoder } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name } from '../name.ts'
import { stringOf } from '../own.ts'
import { answerWriter, type AnswerWriter } from './answer-writer.ts'
import { errorFrame } from './stream-error.ts'

/**
 * Writes the frames of a response for the strictest readers: `created` and `in_progress` first, each item with `added`
 * and `done`, each content part likewise, everything numbered from 0, the whole response in the last frame. After an
 * error both `error` and `response.failed` follow: some clients read only the one, some only the other.
 */
export function streamEncoder(context: ServerContext<'generate'>): StreamEncoder<GatewayEvent> {
  let sequence = 0
  let answer: AnswerWriter | undefined
  let inProgress = false
  /** The response of the first frames: tools and schemas of an agent make it large, and it is sent twice. */
  let snapshot = ''
  let closed = false
  let sink: (frame: OutputFrame) => void = () => {}

  const send = (type: string, fields: JsonObject): void =>
    sink({ event: type, data: JSON.stringify({ type, sequence_number: sequence++, ...fields }) })
  const sendSnapshot = (type: string): void =>
    sink({
      event: type,
      data: `{"type":"${type}","sequence_number":${sequence++},"response":${snapshot}}`,
    })
  const begin = (event?: Extract<GatewayEvent, { type: 'start' }>): AnswerWriter => {
    answer = answerWriter(event, context, send)
    inProgress = false
    snapshot = JSON.stringify(answer.response('in_progress'))
    sendSnapshot('response.created')
    return answer
  }
  const progress = (): AnswerWriter => {
    const started = answer ?? begin()
    if (!inProgress) {
      inProgress = true
      sendSnapshot('response.in_progress')
      snapshot = ''
    }
    return started
  }
  const fail = (event: Extract<GatewayEvent, { type: 'error' }>): void => {
    const { error } = event
    const broken = progress()
    broken.push(event)
    send('error', errorFrame(error, context.requestId))
    send('response.failed', { response: broken.failed(error) })
  }
  const raw = (data: string, event: string | undefined): void => {
    const frame = parsed(data)
    const type = stringOf(frame?.['type']) ?? event
    if (!frame || type === undefined) return sink({ ...(event !== undefined && { event }), data })
    if (type === 'response.in_progress') return void progress()
    if (!answer) begin()
    const { type: _type, sequence_number: _number, ...fields } = frame
    send(type, fields)
  }

  return {
    push(event, write) {
      if (closed) return
      sink = write
      switch (event.type) {
        case 'start':
          return void begin(event)
        case 'raw':
          if (event.protocol === name) raw(event.data, event.event)
          return
        case 'keep-alive':
          return write({ comment: 'keep-alive' })
        case 'restart':
          answer = undefined
          return
        case 'error':
          closed = true
          return fail(event)
        case 'end': {
          closed = true
          const ending = progress()
          ending.push(event)
          const response = ending.final()
          return send(lastFrame(response), { response })
        }
        default:
          progress().push(event)
      }
    },
  }
}

function lastFrame(response: JsonObject): string {
  switch (response['status']) {
    case 'incomplete':
      return 'response.incomplete'
    case 'failed':
    case 'cancelled':
      return 'response.failed'
    default:
      return 'response.completed'
  }
}

function parsed(data: string): JsonObject | undefined {
  try {
    const value = JSON.parse(data) as Json
    return isObject(value) ? value : undefined
  } catch {
    // Not ours to judge: it goes on as it came.
    return undefined
  }
}
