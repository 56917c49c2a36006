import type { CompactResponse } from '../contract/index.ts'
import type { FinishReason, GenerateRequest, GenerateResponse, Part, Turn } from '../model/index.ts'
import { sealSummary } from '../codec/index.ts'
import { GatewayError } from '../error.ts'
import type { Journey } from './journey.ts'

/** A conversation that was shortened, as an answer in a stream or whole. */
export async function compaction(journey: Journey, request: GenerateRequest): Promise<GenerateResponse> {
  const { part, response } = await summarised(journey, request)
  return { ...response, parts: [part], finish: { reason: 'stop' } }
}

/** A conversation that was shortened: what the user said stays word for word. */
export async function compacted(journey: Journey, request: GenerateRequest): Promise<CompactResponse> {
  const { part, response } = await summarised(journey, request)
  const said = request.turns.filter(
    ({ role, parts }) => role === 'user' && parts.some(({ type }) => type !== 'tool_result'),
  )
  return {
    turns: [...said, { role: 'assistant', parts: [part] }],
    ...(response.usage && { usage: response.usage }),
  }
}

async function summarised(
  journey: Journey,
  request: GenerateRequest,
): Promise<{ readonly part: Part; readonly response: GenerateResponse }> {
  const asked = summaryRequest(request, journey.protocol.name)
  const response = await journey.context.subrequest('generate', asked)
  const isWhole = !brokenOff.includes(response.finish?.reason)
  const text = response.parts
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
    .trim()
  // Half a summary would be taken for the whole conversation.
  const part = isWhole && text && sealSummary(text, journey.protocol)
  if (part) return { part, response }
  throw new GatewayError({
    class: 'upstream_failed',
    code: 'compaction_failed',
    source: 'upstream',
    message: 'The model gave no whole summary that could be kept, so the conversation was not compacted.',
  })
}

const brokenOff: readonly (FinishReason | undefined)[] = ['length', 'content_filter', 'refusal', 'error']

/** The same conversation with a last word of ours; tools stay declared, because the calls in it refer to them. */
function summaryRequest(request: GenerateRequest, client: string): GenerateRequest {
  const { toolChoice: _choice, output: _output, stop: _stop, sampling, ...rest } = request
  const { count: _count, ...kept } = sampling ?? {}
  const asked: Turn = { role: 'user', parts: [{ type: 'text', text: instruction }] }
  // What the client's wire asks a compaction with says nothing to a model.
  const last = request.turns.at(-1)
  const isWish = last?.parts.every((part) => isSilent(part, client)) === true
  return {
    ...rest,
    stream: false,
    turns: [...(isWish ? request.turns.slice(0, -1) : request.turns), asked],
    ...(Object.keys(kept).length > 0 && { sampling: kept }),
    ...(request.tools?.length && { toolChoice: { mode: 'none' } }),
  }
}

const instruction = `Summarise this conversation for an assistant who will continue it and will see nothing of it but your summary. Keep what the user wants and has ruled out, what was decided and why, what was done and what came of it, what is still open, and every name, path, number, command and piece of code that will be needed again, exactly as written. Write only the summary, without calling tools.`

/** A part that only the client's own wire knows, and that has no words for another. */
function isSilent(part: Part, client: string): boolean {
  return part.type === 'native' && part.native.protocol === client && part.text === undefined
}
