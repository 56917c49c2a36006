import type { Finish, GatewayErrorData, GatewayEvent, JsonObject, ServerContext, Usage } from '@gantry/core'
import { mergeExtra } from '@gantry/core/codec'
import { encodeStatus } from '../finish.ts'
import { name } from '../name.ts'
import { ownFields } from '../own.ts'
import { isClientSearch } from '../tool-notes.ts'
import { outputWriter, type OutputWriter } from './output-writer.ts'
import { baseOf, echoOf, now, responseId, responseObject, type ResponseHead } from './response-shell.ts'
import { failureOf } from './stream-error.ts'
import { writeUsage } from './write-usage.ts'

/** Takes frames that are not numbered yet. */
export type Send = (type: string, fields: JsonObject) => void

/** One answer under construction, for streams and for whole answers alike. */
export interface AnswerWriter {
  push(event: GatewayEvent): void
  /** The response object as it is now. */
  response(status: string): JsonObject
  /** The response object at the end: completed, incomplete, or failed. */
  final(): JsonObject
  /** The response object of an answer that broke. */
  failed(error: GatewayErrorData): JsonObject
}

/** Starts an answer; `send` gets the frames about its output. */
export function answerWriter(
  start: Extract<GatewayEvent, { type: 'start' }> | undefined,
  context: ServerContext<'generate'>,
  send: Send,
): AnswerWriter {
  const own = start?.extra?.[name] !== undefined
  let extra = start?.extra
  let usage: Usage | undefined = start?.usage
  let finish: Finish | undefined
  const echo = echoOf(context)
  const head: Omit<ResponseHead, 'fields'> = {
    id: responseId(start?.id, context.requestId, own),
    model: start?.model ?? context.request.model,
    createdAt: start?.createdAt ?? now(),
  }
  const output: OutputWriter = outputWriter({
    base: baseOf(context.requestId),
    own,
    clientSearch: context.request.tools?.some(isClientSearch) ?? false,
    report: context.report,
    frame: send,
  })
  const build = (
    status: string,
    error: JsonObject | null,
    incompleteDetails: JsonObject | null,
    counted: boolean,
  ): JsonObject =>
    responseObject(
      echo,
      { ...head, fields: ownFields(extra && { extra }) },
      {
        status,
        output: output.items(),
        usage: counted && usage ? writeUsage(usage) : null,
        error,
        incompleteDetails,
      },
    )
  /** Words of other wires mean nothing here. */
  const statusOf = (end: Finish): ReturnType<typeof encodeStatus> => {
    const { raw: _raw, ...plain } = end
    return encodeStatus(own ? end : plain)
  }

  return {
    push(event) {
      if ('choice' in event && (event.choice ?? 0) > 0) return
      switch (event.type) {
        case 'part-start':
          return output.start(event.index, event.part)
        case 'part-delta':
          return output.delta(event.index, event.delta)
        case 'part-end':
          return output.end(event.index, event.part)
        case 'usage':
          usage = event.usage
          return
        case 'finish':
          finish = event.finish
          extra = mergeExtra(extra, event.extra)
          return output.finish(statusOf(finish).status === 'incomplete')
        case 'end':
          extra = mergeExtra(extra, event.extra)
          return output.finish(false)
        case 'error':
          return output.settle()
        default:
      }
    },
    response: (status) => build(status, null, null, false),
    final() {
      if (!finish) return build('completed', null, null, true)
      const { status, incomplete_details: details } = statusOf(finish)
      const error =
        status === 'failed' ? { code: 'server_error', message: 'The model did not finish its answer.' } : null
      return build(status, error, details, true)
    },
    failed: (error) => build('failed', failureOf(error, context.requestId), null, true),
  }
}
