import type { GenerateRequest, Loss } from '../model/index.ts'
import type { ClientCodec } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { hasEnvelope, openRequest } from '../pump/encode.ts'
import type { RequestContext } from './context.ts'
import type { Runtime } from './runtime.ts'

/**
 * `loss: 'strict'`: before anything is held or sent, every target whose wire cannot carry the whole request is dropped;
 * when none is left the request is refused with the first pointer. A child is encoded for every wire, also its parent's.
 */
export function requireLossless(runtime: Runtime, context: RequestContext, isChild = false): void {
  if (context.operation === 'compact') return requireCompact(runtime, context)
  if (context.operation !== 'generate') return
  let first: Loss | undefined
  for (const target of context.targets.slice()) {
    // Bytes that pass lose nothing; what an envelope of ours holds may be another target's.
    const client = runtime.protocol(target.protocol)?.client
    const fits = client?.relay?.fits?.(context.wire, target) !== false
    if (target.protocol === context.protocol && fits && !isChild && !hasEnvelope(context.wire.body)) continue
    const codec = client?.codecs[context.operation] as ClientCodec<'generate'> | undefined
    if (!codec) continue
    const losses: Loss[] = []
    const report = (loss: Loss): void => void losses.push(loss)
    try {
      codec.encodeRequest(openRequest(context.decode() as GenerateRequest, target, report), {
        target,
        report,
      })
    } catch (thrown) {
      if (!GatewayError.is(thrown)) throw thrown
      losses.push({
        pointer: thrown.data.param ?? '',
        what: 'request',
        how: 'dropped',
        target: target.protocol,
        note: thrown.data.message,
      })
    }
    if (losses.length === 0) continue
    first ??= losses[0]
    context.drop(target, `cannot carry ${losses[0]!.what} at ${losses[0]!.pointer}`)
  }
  if (context.targets.length > 0 || !first) return
  throw lossy(first)
}

/** A summary of a model's own words stands in for a compaction elsewhere; here it does not. */
function requireCompact(runtime: Runtime, context: RequestContext): void {
  for (const target of context.targets.slice()) {
    if (!runtime.protocol(target.protocol)?.client?.codecs.compact)
      context.drop(target, 'cannot carry compaction')
  }
  if (context.targets.length === 0) throw lossy({ what: 'compaction', pointer: '/input' })
}

function lossy({ what, pointer }: Pick<Loss, 'what' | 'pointer'>): GatewayError {
  return new GatewayError({
    class: 'unsupported',
    code: 'conversion_loss',
    param: pointer,
    message: `No target of this model can carry ${what} (${pointer}), and its route allows no losses.`,
  })
}
