import type { ServerCodec, StoredAnswer } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { findKept, forget } from './memory.ts'

/** Answers from what is kept for the key's account; what another account asked for is not found. */
export async function answerStored(journey: Journey): Promise<Answer> {
  const { context, protocol } = journey
  const codec = protocol.server!.codecs.stored as ServerCodec<'stored'>
  // There is no body to read; an empty one lets the codec read path and query through the same wire.
  journey.wire.open(new Uint8Array())
  const request = codec.decodeRequest(context.wire)
  const keeps = protocol.server?.memory?.keepMs !== undefined
  const kept = keeps ? await findKept(journey, request.id) : undefined
  if (!kept) {
    const shown = request.id.slice(0, 128)
    throw new GatewayError({
      class: 'not_found',
      code: 'response_not_found',
      message: keeps
        ? `The response "${shown}" was not found.`
        : `This gateway keeps no responses, so "${shown}" was not found.`,
    })
  }
  if (request.action === 'cancel') {
    throw new GatewayError({
      class: 'invalid_request',
      message: 'Only a response that runs in the background can be cancelled; this one is finished.',
    })
  }
  if (request.action === 'delete') await forget(journey, request.id)
  const answer: StoredAnswer = { id: request.id, body: kept.body, items: kept.sent }
  const body = codec.encodeResponse(answer, {
    wire: context.wire,
    request,
    requestId: context.id,
    report: (loss) => context.report(loss),
  })
  journey.finish({ outcome: 'completed', status: 200, usage: { tokens: {}, source: 'none', final: true } })
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  }
}
