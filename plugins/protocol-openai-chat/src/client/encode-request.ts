import type { ClientContext, GenerateRequest, Report, UpstreamRequest } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { ownFields, type Draft } from '../own.ts'
import { encodeMessages } from './encode-messages.ts'
import { encodeOptions } from './encode-options.ts'
import { encodeTools } from './encode-tools.ts'
import { reportForeign } from './hints.ts'
import { namesOf } from './names.ts'
import { quirksOf } from './quirks.ts'

/** Writes a request for an upstream of this protocol; quirks come from the target. Losses are reported, each once. */
export function encodeRequest(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const quirks = quirksOf(context.target)
  const report = once(context.report)
  const names = namesOf(request, quirks)
  const { stream_options: streamOptions, ...rest } = ownFields(request)
  const tools = encodeTools(request, names, quirks, report)
  const body: Draft = {
    ...rest,
    model: context.target.model,
    messages: encodeMessages(request, names, quirks, report),
    ...tools,
    ...encodeOptions(request, quirks, report),
    stream: request.stream,
  }
  if (request.stream && quirks.includeUsage !== false) {
    body['stream_options'] = { ...(isObject(streamOptions) && streamOptions), include_usage: true }
  }
  reportForeign(request.extra, '', report)
  const lowered = names.lowered()
  return { path: '/chat/completions', body, ...(lowered && { lowered }) }
}

/** One report per what and pointer. */
function once(report: Report): Report {
  const seen = new Set<string>()
  return (loss) => {
    const key = `${loss.what} ${loss.pointer}`
    if (seen.has(key)) return
    seen.add(key)
    report(loss)
  }
}
