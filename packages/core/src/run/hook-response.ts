import { finished, Readable } from 'node:stream'
import type { GatewayErrorData, Usage } from '../model/index.ts'
import { GatewayError, toErrorData } from '../error.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { refuse } from './refuse.ts'

const noUsage: Usage = { tokens: {}, source: 'none', final: true }

/**
 * A hook's own answer: a cache, a replay. Its first bytes are waited for, so that one that fails before them is an
 * error like any other; how its stream ends is how the request ends.
 */
export async function answerWith(journey: Journey, response: Response): Promise<Answer> {
  const { runtime, context, active } = journey
  let body: Readable | undefined
  try {
    if (response.bodyUsed) throw new TypeError('The body of the Response was read before.')
    body = response.body
      ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
      : undefined
    if (body) await firstBytes(journey, body)
  } catch (cause) {
    body?.destroy()
    if (!GatewayError.is(cause) && !context.gone)
      runtime.logger.error('the answer of a hook failed', { id: context.id, cause })
    return refuse(journey, toErrorData(cause), GatewayError.is(cause) ? 'refused' : 'failed')
  }
  const status = response.status
  const headers = Object.fromEntries(response.headers)
  if (!body) {
    journey.finish({ outcome: 'completed', status, usage: noUsage })
    return { status, headers }
  }
  let ended: GatewayErrorData | undefined
  const offCut = active.onCut((error) => {
    ended = error
    body.destroy(new GatewayError(error))
  })
  finished(body, (error) => {
    offCut()
    // The shell destroys a body whose client has left; a web stream that is cancelled ends like one that is whole.
    if (context.gone || error?.code === 'ERR_STREAM_PREMATURE_CLOSE') {
      journey.finish({ outcome: 'aborted', status, usage: noUsage })
    } else if (!error) journey.finish({ outcome: 'completed', status, usage: noUsage })
    else {
      runtime.logger.error('the answer of a hook broke', { id: context.id, cause: error })
      journey.finish({ outcome: 'failed', status, usage: noUsage, error: ended ?? toErrorData(error) })
    }
  })
  return { status, headers, body }
}

/** Resolves when there is something to send, or the end. Heads are not sent before the first bytes anyway. */
function firstBytes({ active, context }: Journey, body: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => (): void => {
      body.off('readable', onReady).off('end', onReady).off('error', onError).off('close', onClose)
      context.signal.removeEventListener('abort', onGone)
      offCut()
      settle()
    }
    const onReady = done(resolve)
    const onClose = done(resolve)
    const onError = (error: unknown): void => done(() => reject(error))()
    const onGone = (): void => done(() => reject(clientGone()))()
    let offCut = (): void => {}
    body.on('readable', onReady).on('end', onReady).on('error', onError).on('close', onClose)
    context.signal.addEventListener('abort', onGone)
    offCut = active.onCut((error) => onError(new GatewayError(error)))
    if (context.signal.aborted) onGone()
  })
}

function clientGone(): GatewayError {
  return new GatewayError({ class: 'cancelled', message: 'The client closed the connection.' })
}
