import { PassThrough } from 'node:stream'
import { encodeFrame } from '@gantry/wire'
import type { GatewayEvent, GenerateResponse } from '../model/index.ts'
import type { ServerCodec, ServerContext } from '../contract/index.ts'
import { eventsOf } from '../codec/index.ts'
import { GatewayError, toErrorData } from '../error.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { publicError } from './public-error.ts'

/**
 * Streams an answer that is made whole. Until `commitAfter` a failure is a status of its own, as everywhere; from then
 * on the head is out, silence is filled as the protocol fills it, and a failure is an error event.
 */
export async function streamLater(
  journey: Journey,
  work: Promise<GenerateResponse>,
  context: ServerContext<'generate'>,
  headers: () => { readonly [name: string]: string },
  done: (response: GenerateResponse) => void,
): Promise<Answer> {
  const { runtime, protocol } = journey
  const { commitAfter, keepAlive } = runtime.shared.timers
  const codec = protocol.server!.codecs.generate as ServerCodec<'generate'>
  const encoder = codec.streamEncoder!(context)
  const body = new PassThrough()
  const push = (event: GatewayEvent): void => {
    // The client may have left; then nobody reads, and writing would be an error.
    encoder.push(event, (frame) => void (body.destroyed || body.write(encodeFrame(frame))))
  }
  const finish = (response: GenerateResponse): void => {
    eventsOf(response, push)
    body.end()
    done(response)
  }
  const fail = (thrown: unknown): void => {
    // A client that has left ended it: nobody failed.
    const outcome = journey.context.gone ? 'aborted' : 'failed'
    const error = publicError(toErrorData(thrown), runtime.redact)
    if (!GatewayError.is(thrown))
      runtime.logger.error('an answer could not be streamed', { id: journey.context.id, cause: thrown })
    journey.finish({
      outcome,
      status: outcome === 'aborted' ? 499 : 200,
      usage: { tokens: {}, source: 'none', final: true },
      error,
    })
    try {
      push({ type: 'error', error })
      body.end()
    } catch {
      // Its words fail as well: a stream that breaks is the last way to say so.
      body.destroy()
    }
  }

  const patience = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => patience.resolve('late'), commitAfter || undefined)
  const first = commitAfter === 0 ? work : Promise.race([work, patience.promise])
  const made = await first.finally(() => clearTimeout(timer))
  if (made !== 'late') {
    finish(made)
    return { status: 200, headers: headers(), body }
  }
  const beat = setInterval(() => push({ type: 'keep-alive' }), keepAlive)
  push({ type: 'keep-alive' })
  const rest = (): void => clearInterval(beat)
  body.once('close', rest)
  // At rest before the end is written: a slow client still reads what comes before it.
  void work.finally(rest).then(finish).catch(fail)
  return { status: 200, headers: headers(), body }
}
