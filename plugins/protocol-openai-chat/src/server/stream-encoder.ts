import type {
  GatewayEvent,
  Json,
  JsonObject,
  OutputFrame,
  ServerContext,
  StreamEncoder,
  Usage,
} from '@gantry/core'
import { encodeFinish } from '../finish.ts'
import { encodeUsage } from '../usage.ts'
import { name, ownFields } from '../own.ts'
import { choiceWriter, type ChoiceWriter } from './choice-writer.ts'
import { errorBody } from './encode-error.ts'
import { messageNotes } from './encode-response.ts'

/**
 * Writes `chat.completion.chunk` frames for the strictest readers: `choices` on every chunk, the role once, tool calls
 * numbered from 0 with `type` and empty arguments first, a finish reason, usage only when the client asked, `[DONE]`.
 * After an error nothing follows, so that a failed stream never looks finished.
 */
export function streamEncoder(context: ServerContext<'generate'>): StreamEncoder<GatewayEvent> {
  const choices = new Map<number, ChoiceWriter>()
  let head = ''
  let usage: Usage | undefined
  let closed = false
  let sink: (frame: OutputFrame) => void = () => {}

  const begin = (event?: Extract<GatewayEvent, { type: 'start' }>): void => {
    const { object, ...rest } = ownFields(event)
    const fields: JsonObject = {
      id: event?.id ?? `chatcmpl-${context.requestId}`,
      object: object ?? 'chat.completion.chunk',
      created: event?.createdAt ?? Math.floor(Date.now() / 1000),
      model: event?.model ?? context.request.model,
      ...rest,
    }
    head = JSON.stringify(fields).slice(0, -1)
    usage = event?.usage ?? usage
  }
  const chunk = (choicesJson: string, more = ''): OutputFrame => {
    if (head === '') begin()
    return { data: `${head},"choices":[${choicesJson}]${more}}` }
  }
  const writerOf = (number = 0): ChoiceWriter => {
    let writer = choices.get(number)
    if (!writer) {
      writer = choiceWriter(number, context.report, (delta, fields) =>
        sink(chunk(choiceJson(number, delta, fields))),
      )
      choices.set(number, writer)
    }
    return writer
  }

  return {
    push(event, write) {
      if (closed) return
      sink = write
      switch (event.type) {
        case 'start':
          return begin(event)
        case 'part-start':
          return writerOf(event.choice).start(event.index, event.part)
        case 'part-delta':
          return writerOf(event.choice).delta(event.index, event.delta)
        case 'part-end':
          return writerOf(event.choice).end(event.index, event.part)
        case 'usage':
          usage = event.usage
          return
        case 'finish':
          return writerOf(event.choice).finish(
            encodeFinish(event.finish),
            messageNotes(event.extra),
            ownFields(event),
          )
        case 'end': {
          closed = true
          const fields = ownFields(event)
          if (Object.keys(fields).length > 0) write(chunk('', `,${JSON.stringify(fields).slice(1, -1)}`))
          if (context.request.includeUsage && usage && usage.source !== 'none') {
            write(chunk('', `,"usage":${JSON.stringify(encodeUsage(usage))}`))
          }
          write({ data: '[DONE]' })
          return
        }
        case 'error':
          closed = true
          write({ data: JSON.stringify(errorBody(event.error, context.requestId)) })
          return
        case 'raw':
          if (event.protocol === name) write({ data: event.data })
          return
        case 'keep-alive':
          write({ comment: event.raw ?? 'keep-alive' })
          return
        case 'restart':
      }
    },
  }
}

function choiceJson(
  index: number,
  delta: JsonObject,
  fields: { readonly [key: string]: Json | undefined },
): string {
  return JSON.stringify({ index, delta, finish_reason: null, ...fields })
}
